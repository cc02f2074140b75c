/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - a linked program (static ELF64 for our layout) as the packager sees it: what is to be
 * in memory, where it starts, and the names of its functions and
 * variables. Read with libelf.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define PROGRAM_SEGMENTS_MAX 16

struct segment {
    uint64_t va, file_bytes, memory_bytes; /* va: multiple of 4096; memory_bytes >= file_bytes */
    uint32_t flags;                        /* PF_R, PF_W, PF_X */
    const uint8_t *data;                   /* borrowed: file_bytes of it */
};

struct program_symbol {
    uint64_t address;
    const char *name; /* borrowed */
    unsigned rank;    /* which of several names at one address is kept: the highest */
};

struct program {
    struct buffer file; /* owned; what the pointers of segments and symbols point into */
    uint64_t entry;
    struct segment segments[PROGRAM_SEGMENTS_MAX]; /* by address, not overlapping */
    size_t segments_count;
    struct program_symbol *symbols; /* owned; by address, one for each */
    size_t symbols_count;
};

/**
 * Reads the ELF file and checks that it can become an image: static, x86-64, segments page-aligned,
 * within the layout, never writable and executable. Errors are reported, -1 then and nothing to
 * free.
 */
int program_load(struct program *program, const char *path);

void program_free(struct program *program);
