/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_mapping.h - which ranges are mappings of files. A shared one is the file's own contents in
 * [MF_FLAT_BASE, MF_FLAT_END), which it keeps where they are; a private one is a copy.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mf_node;

/**
 * Maps [offset, offset + bytes) of `n` shared. Returns the address, or NULL: no memory. A second
 * mapping of the same part has the same address. writes: it may be written; then mf_file_touch() and the
 * end of the mapping set the file's times.
 */
char *mf_file_map_shared(struct mf_node *n, uint64_t offset, uint64_t bytes, bool writes);

/** The parts of files that are mapped shared in the range, to be written, may have changed. */
void mf_file_touch(uint64_t va, uint64_t bytes);

/** Remembers that [va, va + bytes) is a copy of `n` from offset on. Returns false: no memory. */
bool mf_file_map_private(struct mf_node *n, uint64_t va, uint64_t offset, uint64_t bytes);

/**
 * Forgets [va, va + bytes). Where several shared mappings have the same addresses, one of them goes
 * if it has the whole range, else all. Returns false: no memory for the rests of a split one.
 */
bool mf_file_unmap(uint64_t va, uint64_t bytes);

/** Fills the parts of [va, va + bytes) that are private mappings from their files again. */
void mf_file_refill(uint64_t va, uint64_t bytes);

/** Whether [va, va + bytes) lies in one shared mapping; *n and *offset are what is at va. */
bool mf_file_find_shared(uint64_t va, uint64_t bytes, struct mf_node **n, uint64_t *offset);

/** Calls `fn` for each part of a shared mapping until it returns false; returns what it returned last. */
bool mf_file_each_shared(bool (*fn)(struct mf_node *n, uint64_t start, uint64_t bytes, void *arg),
                         void *arg);

/** In a process whose files are another one's from now on: the shared mappings are not its own. */
void mf_file_forget_shared(void);
