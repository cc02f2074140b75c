/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h - what an address space is to a guest, kept as plainly as can be: a list of runs of
 * mapped pages with their protection, and a list of words that were written. Everything else reads
 * as 0.
 */
#pragma once

#include "hv/types.h"

#define MODEL_RUNS 128u
#define MODEL_PAGES 160u
#define MODEL_SLOTS 3u /* places where windows can be attached */

struct model_run {
    uint64_t first, end; /* page numbers */
    uint32_t prot;
    bool is_device;
};

/* A page holds two words that the test writes: its first and its last. */
struct model_page {
    uint64_t number;
    uint64_t word[2];
};

struct model {
    struct model_run run[MODEL_RUNS]; /* sorted, no two overlap */
    uint32_t run_count;
    struct model_page page[MODEL_PAGES];
    uint32_t page_count;
    uint32_t window[MODEL_SLOTS]; /* number of the window there, 0: none */
};

/** True when the operation's result might not fit: do not attempt it. */
bool model_is_full(const struct model *m);

/** The run that holds a page, or NULL. */
const struct model_run *model_find(const struct model *m, uint64_t page);

/** True when some, or every, page of [first, end) is mapped. */
bool model_has_some(const struct model *m, uint64_t first, uint64_t end);
bool model_has_all(const struct model *m, uint64_t first, uint64_t end);

void model_map(struct model *m, uint64_t first, uint64_t end, uint32_t prot, bool is_device);
void model_unmap(struct model *m, uint64_t first, uint64_t end);
void model_protect(struct model *m, uint64_t first, uint64_t end, uint32_t prot);

/** A page's words, for writing when `make`; NULL when the page was never written. */
struct model_page *model_page(struct model *m, uint64_t number, bool make);
