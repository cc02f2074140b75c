/* SPDX-License-Identifier: Apache-2.0 */
/* hidden.c - see hidden.h. Guard pages are empty nearly always: only other contents are kept. */
#include "memory/hidden.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "mayfly/layout.h"

struct hidden {
    struct hidden *next;
    uint64_t va;
    char contents[HV_PAGE_BYTES];
};

static struct hidden *hidden;

static struct hidden **find(uint64_t va)
{
    struct hidden **link = &hidden;
    while (*link != NULL && (*link)->va != va) {
        link = &(*link)->next;
    }
    return link;
}

static bool is_zero(const char *page)
{
    const uint64_t *const words = (const uint64_t *)(const void *)page;
    for (size_t i = 0; i < HV_PAGE_BYTES / sizeof(*words); i++) {
        if (words[i] != 0) {
            return false;
        }
    }
    return true;
}

static int hide_page(uint64_t va)
{
    if (hv_mem_protect(va, 1, HV_PROT_READ) < 0) {
        return 0; /* not mapped */
    }
    const char *const page = (const char *)(uintptr_t)va;
    if (!is_zero(page)) {
        struct hidden *const h = malloc(sizeof(*h));
        if (h == NULL) {
            return -ENOMEM;
        }
        *h = (struct hidden){.next = hidden, .va = va};
        memcpy(h->contents, page, HV_PAGE_BYTES);
        hidden = h;
    }
    return hv_mem_unmap(va, 1) < 0 ? -ENOMEM : 0;
}

int mf_hidden_hide(uint64_t va, uint64_t pages)
{
    int err = 0;
    for (uint64_t i = 0; i < pages && err == 0; i++) {
        err = hide_page(va + i * HV_PAGE_BYTES);
    }
    return err;
}

static int show_page(uint64_t va, uint32_t prot)
{
    if (hv_mem_protect(va, 1, prot) >= 0) {
        return 0;
    }
    struct hidden **const link = find(va);
    struct hidden *const h = *link;
    if (h == NULL) {
        return hv_mem_map(va, 1, prot) < 0 ? -ENOMEM : 0;
    }
    if (hv_mem_map(va, 1, HV_PROT_READ | HV_PROT_WRITE) < 0) {
        return -ENOMEM;
    }
    memcpy((void *)(uintptr_t)va, h->contents, HV_PAGE_BYTES);
    *link = h->next;
    free(h);
    return hv_mem_protect(va, 1, prot) < 0 ? -ENOMEM : 0;
}

int mf_hidden_show(uint64_t va, uint64_t pages, uint32_t prot)
{
    int err = 0;
    if (hv_mem_protect(va, pages, prot) >= 0 ||
        (hidden == NULL && hv_mem_map(va, pages, prot) >= 0)) {
        return 0;
    }
    for (uint64_t i = 0; i < pages && err == 0; i++) {
        err = show_page(va + i * HV_PAGE_BYTES, prot);
    }
    return err;
}

void mf_hidden_drop(uint64_t va, uint64_t pages)
{
    for (struct hidden **link = &hidden; *link != NULL;) {
        struct hidden *const h = *link;
        if (h->va - va < pages * HV_PAGE_BYTES) {
            *link = h->next;
            free(h);
        } else {
            link = &h->next;
        }
    }
}
