/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - packages a linked program as an image (mayfly/image.h): the same segments, stripped,
 * with the manifest as a note, and symbol table and file tree as read-only segments of their own.
 *
 * Addresses  The two added segments go between the program's last read-only page and the 2 MiB
 *            boundary where the writable part starts (a guard page before it stays free), so that
 *            they share page tables with text; when they do not fit, to the first 2 MiB boundary
 *            behind everything. The page table of the writable part is never shared with them.
 * File       ELF header, program headers and note first, then the segments, each at a multiple of
 *            4096, as dom0 maps them. The same input gives the same bytes. The note has the hash
 *            of each segment and room for a signature (seal.h).
 */
#pragma once

#include "program.h"

struct image_parts {
    const struct program *program;
    const char *manifest;         /* JSON text */
    const struct buffer *symbols; /* empty: none */
    const struct buffer *files;   /* empty: none */
};

/**
 * Appends the image to `out`. Returns NULL, or what is wrong with the program (a string constant
 * that goes on after the program's name); then `out` may hold a part.
 */
const char *image_pack(const struct image_parts *parts, struct buffer *out);
