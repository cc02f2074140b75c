/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_view.h - reads an image back: for `inspect`, and for what `run` has to know. Everything in
 * the file is checked against its size: an image may come from anywhere.
 */
#pragma once

#include <jansson.h>
#include <mayfly/image.h>
#include <stdbool.h>

#include "../dom0/images/signature.h"
#include "buffer.h"
#include "program.h"

struct image_view {
    struct program program; /* its segments; an image has no functions in ELF's sense */
    json_t *manifest;       /* owned; an object */
    struct mf_image_header header;
    struct signature signature;
    const char *unsealed;            /* what is wrong with its hashes; NULL: `signature` is set */
    const struct mf_symtab *symbols; /* NULL: none; borrowed, checked to be complete */
    const struct mf_files *files;    /* NULL: none; borrowed, checked to be complete */
};

/** Whether it is a linked program that was not packaged: it has no manifest. Says nothing. */
bool image_view_is_program(const char *path);

/** Reads and checks the image. Returns -1 (reported) when it is none; then nothing is to be
 * freed. */
int image_view_load(struct image_view *view, const char *path);

void image_view_free(struct image_view *view);
