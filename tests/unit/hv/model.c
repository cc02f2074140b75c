/* SPDX-License-Identifier: Apache-2.0 */
/* model.c - see model.h. */
#include "model.h"

#include <string.h>

bool model_is_full(const struct model *m)
{
    return m->run_count + 4 > MODEL_RUNS || m->page_count + 1 > MODEL_PAGES;
}

const struct model_run *model_find(const struct model *m, uint64_t page)
{
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (page >= m->run[i].first && page < m->run[i].end) {
            return &m->run[i];
        }
    }
    return NULL;
}

static uint64_t model_count(const struct model *m, uint64_t first, uint64_t end)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < m->run_count; i++) {
        const uint64_t from = m->run[i].first > first ? m->run[i].first : first;
        const uint64_t to = m->run[i].end < end ? m->run[i].end : end;
        count += to > from ? to - from : 0;
    }
    return count;
}

bool model_has_some(const struct model *m, uint64_t first, uint64_t end)
{
    return model_count(m, first, end) != 0;
}

bool model_has_all(const struct model *m, uint64_t first, uint64_t end)
{
    return model_count(m, first, end) == end - first;
}

static void run_insert(struct model *m, uint32_t at, struct model_run run)
{
    memmove(&m->run[at + 1], &m->run[at], (m->run_count - at) * sizeof(run));
    m->run[at] = run;
    m->run_count++;
}

void model_map(struct model *m, uint64_t first, uint64_t end, uint32_t prot, bool is_device)
{
    uint32_t at = 0;

    while (at < m->run_count && m->run[at].first < first) {
        at++;
    }
    run_insert(m, at, (struct model_run){first, end, prot, is_device});
}

/* Makes `page` the first of a run, when it lies inside of one. */
static void run_split(struct model *m, uint64_t page)
{
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (page > m->run[i].first && page < m->run[i].end) {
            struct model_run upper = m->run[i];
            upper.first = page;
            m->run[i].end = page;
            run_insert(m, i + 1, upper);
            return;
        }
    }
}

void model_unmap(struct model *m, uint64_t first, uint64_t end)
{
    uint32_t runs = 0, pages = 0;

    run_split(m, first);
    run_split(m, end);
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->run[i].first < first || m->run[i].first >= end) {
            m->run[runs++] = m->run[i];
        }
    }
    for (uint32_t i = 0; i < m->page_count; i++) {
        if (m->page[i].number < first || m->page[i].number >= end) {
            m->page[pages++] = m->page[i];
        }
    }
    m->run_count = runs;
    m->page_count = pages;
}

void model_protect(struct model *m, uint64_t first, uint64_t end, uint32_t prot)
{
    run_split(m, first);
    run_split(m, end);
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->run[i].first >= first && m->run[i].first < end) {
            m->run[i].prot = prot;
        }
    }
}

struct model_page *model_page(struct model *m, uint64_t number, bool make)
{
    for (uint32_t i = 0; i < m->page_count; i++) {
        if (m->page[i].number == number) {
            return &m->page[i];
        }
    }
    if (!make) {
        return NULL;
    }
    struct model_page *p = &m->page[m->page_count++];
    *p = (struct model_page){number, {0, 0}};
    return p;
}
