/* SPDX-License-Identifier: Apache-2.0 */
/* guest_path.h - paths within a guest's file tree. */
#pragma once

/**
 * An absolute path without "//", "/./" and a "/" at its end ("/" itself becomes ""). NULL when the
 * path is not absolute or has a ".." in it. The caller owns the result.
 */
char *guest_path_clean(const char *path);
