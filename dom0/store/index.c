/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - see index.h. */
#include "store/index.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16u

/* Makes *array longer, by half. Returns false, and changes nothing: no memory. */
static bool grow(void **array, uint32_t *room, size_t bytes_each)
{
    const uint32_t more = *room + *room / 2 + FIRST_ROOM;
    void *const longer = realloc(*array, more * bytes_each);
    if (longer == NULL) {
        return false;
    }
    *array = longer;
    *room = more;
    return true;
}

bool index_begin_layer(struct index *x)
{
    if (x->count == x->room && !grow((void **)(void *)&x->layers, &x->room, sizeof(x->layers[0]))) {
        return false;
    }
    x->layers[x->count++] = (struct index_layer){0};
    return true;
}

static bool add_crcs(struct index_layer *l, const struct store_chunk *c)
{
    while (l->crc_room - l->crc_count < c->page_count) {
        if (!grow((void **)(void *)&l->crcs, &l->crc_room, sizeof(l->crcs[0]))) {
            return false;
        }
    }
    memcpy(l->crcs + l->crc_count, c->page_crc, c->page_count * sizeof(l->crcs[0]));
    l->crc_count += c->page_count;
    return true;
}

bool index_add(struct index *x, const struct store_chunk *c, uint64_t block)
{
    struct index_layer *const l = &x->layers[x->count - 1];
    uint32_t crc = l->crc_count;

    if (!add_crcs(l, c)) {
        return false;
    }
    for (uint32_t i = 0; i < c->extent_count; i++) {
        const struct store_extent *const e = &c->extents[i];
        const bool has_content = e->kind == HV_EXTENT_DATA;
        if (l->extent_count == l->extent_room &&
            !grow((void **)(void *)&l->extents, &l->extent_room, sizeof(l->extents[0]))) {
            return false;
        }
        l->extents[l->extent_count++] = (struct index_extent){.va = e->va,
                                                              .block = has_content ? block : 0,
                                                              .pages = e->pages,
                                                              .crc = crc,
                                                              .kind = e->kind,
                                                              .prot = e->prot};
        block += has_content ? e->pages : 0;
        crc += has_content ? e->pages : 0;
    }
    return true;
}

static uint64_t end_of(const struct index_extent *e)
{
    return e->va + ((uint64_t)e->pages << HV_PAGE_SHIFT);
}

/* The first extent that ends behind `va`, or extent_count. */
static uint32_t find(const struct index_layer *l, uint64_t va)
{
    uint32_t low = 0, high = l->extent_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (end_of(&l->extents[middle]) <= va) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What a layer says of the pages from `start` on replaces what earlier ones have said. */
static void lay(const struct index_layer *l, uint64_t start,
                struct index_page pages[INDEX_REGION_PAGES])
{
    const uint64_t end = start + INDEX_REGION_BYTES;

    for (uint32_t i = find(l, start); i < l->extent_count && l->extents[i].va < end; i++) {
        const struct index_extent *const e = &l->extents[i];
        const uint64_t from = e->va > start ? e->va : start;
        const uint64_t to = end_of(e) < end ? end_of(e) : end;
        for (uint64_t va = from; va < to; va += HV_PAGE_BYTES) {
            const uint32_t n = (uint32_t)((va - e->va) >> HV_PAGE_SHIFT);
            pages[(va - start) >> HV_PAGE_SHIFT] =
                e->block == 0 ? (struct index_page){0}
                              : (struct index_page){
                                    .va = va, .block = e->block + n, .crc = l->crcs[e->crc + n]};
        }
    }
}

uint32_t index_pages(const struct index *x, uint32_t region,
                     struct index_page pages[INDEX_REGION_PAGES])
{
    uint32_t count = 0;

    memset(pages, 0, INDEX_REGION_PAGES * sizeof(pages[0]));
    for (uint32_t i = 0; i < x->count; i++) {
        lay(&x->layers[i], (uint64_t)region * INDEX_REGION_BYTES, pages);
    }
    for (uint32_t i = 0; i < INDEX_REGION_PAGES; i++) {
        if (pages[i].block != 0) {
            pages[count++] = pages[i];
        }
    }
    return count;
}

/* Notes the regions that layers have content in, some more than once; to NULL: only counts them. */
static uint32_t collect(const struct index *x, uint32_t *regions)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < x->count; i++) {
        const struct index_layer *const l = &x->layers[i];
        uint64_t last = UINT64_MAX;
        for (uint32_t k = 0; k < l->extent_count; k++) {
            const struct index_extent *const e = &l->extents[k];
            const uint64_t to = (end_of(e) - 1) / INDEX_REGION_BYTES;
            for (uint64_t at = e->va / INDEX_REGION_BYTES; e->block != 0 && at <= to; at++) {
                if (at != last && regions != NULL) {
                    regions[count] = (uint32_t)at;
                }
                count += at != last;
                last = at;
            }
        }
    }
    return count;
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

bool index_regions(const struct index *x, uint32_t **regions, uint32_t *count)
{
    const uint32_t all = collect(x, NULL);
    uint32_t *const list = malloc((all + 1) * sizeof(*list));
    uint32_t kept = 0;

    if (list == NULL) {
        return false;
    }
    collect(x, list);
    qsort(list, all, sizeof(*list), compare);
    for (uint32_t i = 0; i < all; i++) {
        if (kept == 0 || list[kept - 1] != list[i]) {
            list[kept++] = list[i];
        }
    }
    *regions = list;
    *count = kept;
    return true;
}

void index_free(struct index *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        free(x->layers[i].extents);
        free(x->layers[i].crcs);
    }
    free(x->layers);
    *x = (struct index){0};
}
