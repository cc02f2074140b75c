/* SPDX-License-Identifier: Apache-2.0 */
/* glob.h - newlib's, under the names of POSIX too. No match is no error there: see gl_pathc. */
#pragma once

#include_next <glob.h>

#define GLOB_ABORTED GLOB_ABEND
