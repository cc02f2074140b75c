/* SPDX-License-Identifier: Apache-2.0 */
/* build.h - from a guest's folder, or a linked program, to an image file. */
#pragma once

#include <stddef.h>

struct build_result {
    char *name, *image, *debug; /* owned; debug: the unstripped program, for gdb */
    size_t image_bytes;
};

/* Names the file of a key (seal.h) that new images are signed with. */
#define BUILD_KEY_VARIABLE "MAYFLY_KEY"

/**
 * Builds the guest in `dir` (its mayfly.yaml). Writes the image to `out`, or to NAME.img in the
 * current folder when `out` is NULL, and the unstripped program to that name + ".debug". Errors are
 * reported, -1 then; a file that stood there before is not touched.
 */
int build_folder(const char *dir, const char *out, struct build_result *result);

/** Packages a linked program as it is, with a manifest that has nothing but a name. */
int build_program(const char *elf, const char *name, const char *out, struct build_result *result);

void build_result_free(struct build_result *result);
