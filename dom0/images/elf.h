/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.h - reads images (mayfly/image.h): the part of ELF64 (System V ABI, chapters 4 and 5) that
 * they use. The file may hold anything: every offset is checked by subtraction, nothing is trusted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 32

struct elf_segment {
    uint64_t va, pages;  /* where it is mapped; page-aligned */
    uint32_t prot;       /* HV_PROT_* */
    const uint8_t *data; /* borrows the file */
    uint64_t bytes;      /* of data; zeros follow */
};

struct elf_image {
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by address, no overlap */
    const char *manifest; /* not terminated; borrows the file; NULL: none */
    size_t manifest_bytes;
};

/** Reads `file`, which must stay. Returns NULL, or what is wrong with it (a constant). */
const char *elf_parse(struct elf_image *e, const void *file, size_t bytes);

/** The file's bytes for [va, va + bytes), or NULL when they are not all in one segment's data. */
const void *elf_at(const struct elf_image *e, uint64_t va, uint64_t bytes);
