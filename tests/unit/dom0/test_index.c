// SPDX-License-Identifier: Apache-2.0
// sources: dom0/store/catalogue.c dom0/store/body.c dom0/store/index.c dom0/store/crc32c.c tests/unit/dom0/fake_disk.c
// cflags: -Idom0
// timeout: 120
// Where each page of a chain of saved templates is, from the descriptions of chunks alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_disk.h"
#include "mayfly/abi.h"
#include "store/body.h"
#include "store/crc32c.h"
#include "store/index.h"

#define BLOCKS 4096u
#define PAGES 2100u /* of the model: more than 4 regions, the first one not from its start */
#define FIRST_VA (HV_HEAP_BASE + 0x1f0000ull)
#define LAYERS 4u
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define NOTHING 0u /* what a page contains: the layer that wrote it, from 1, or nothing */

static struct fake_disk disk;
static struct catalogue catalogue;
static struct store_entry bodies[LAYERS];
static uint8_t content[PAGES];

static uint64_t va_of(uint32_t page)
{
    return FIRST_VA + (uint64_t)page * HV_PAGE_BYTES;
}

static void make_page(uint8_t *data, uint32_t page, uint32_t layer)
{
    memset(data, (int)(page * 7 + layer), DISK_BLOCK_BYTES);
    memcpy(data, &page, sizeof(page));
    memcpy(data + sizeof(page), &layer, sizeof(layer));
}

/* Some pages as a layer has them; `kind` 3: it says nothing of them. */
static void write_some(struct body_writer *w, uint32_t layer, uint32_t from, uint32_t count,
                       uint32_t kind)
{
    uint8_t *data;

    if (kind < HV_EXTENT_DATA) {
        assert_null(body_write_extent(w, va_of(from), count, kind, kind == 0 ? 0 : RW));
        memset(content + from, NOTHING, count);
    }
    for (uint32_t i = from; kind == HV_EXTENT_DATA && i < from + count; i++) {
        assert_null(body_page(w, &data));
        make_page(data, i, layer);
        assert_null(body_write_page(w, va_of(i), RW));
        content[i] = (uint8_t)layer;
    }
}

/* A store with a chain of bodies, and in content[] what comes of them. */
static void make_chain(uint32_t seed)
{
    static const uint8_t state[16];
    enum store_disk what;

    fake_disk_open(&disk, BLOCKS);
    (void)catalogue_open(&catalogue, &disk.disk, &what);
    assert_null(catalogue_format(&catalogue, &disk.disk));
    memset(content, NOTHING, sizeof(content));
    for (uint32_t layer = 1; layer <= LAYERS; layer++) {
        struct body_writer w;
        struct store_entry e = {.id = layer, .body_id = layer};
        assert_null(body_write_begin(&w, &catalogue, &e, state, sizeof(state)));
        for (uint32_t at = 0; at < PAGES;) {
            const uint32_t most = 1u << fake_random(&seed) % 9;
            const uint32_t count = 1 + fake_random(&seed) % most;
            const uint32_t now = count < PAGES - at ? count : PAGES - at;
            const uint32_t kind = fake_random(&seed) % 5;
            write_some(&w, layer, at, now, kind == 4 && layer == 1 ? HV_EXTENT_DATA : kind);
            at += now;
        }
        assert_null(body_write_end(&w));
        bodies[layer - 1] = w.entry;
        *catalogue_add(&catalogue) = w.entry; /* its blocks are taken */
    }
}

/* Reads one body's descriptions. */
static const char *scan(struct index *x, const struct store_entry *e)
{
    struct body_reader r;
    const struct store_chunk *c;
    const uint8_t *pages;
    uint8_t state[16];

    const char *problem = body_read_heads(&r, &disk.disk, e, state, sizeof(state));
    if (problem == NULL && !index_begin_layer(x)) {
        problem = "no memory";
    }
    while (problem == NULL) {
        problem = body_read_chunk(&r, &c, &pages);
        if (problem != NULL || c == NULL) {
            break;
        }
        assert_null(pages);
        assert_true(index_add(x, c, r.block));
    }
    return problem;
}

/* One region against the model. Returns how many pages it has. */
static uint32_t check_region(const struct index *x, uint32_t region)
{
    static struct index_page pages[INDEX_REGION_PAGES];
    uint8_t expected[DISK_BLOCK_BYTES];
    const uint32_t count = index_pages(x, region, pages);
    const uint64_t start = (uint64_t)region * INDEX_REGION_BYTES;
    uint32_t n = 0;

    for (uint32_t page = 0; page < PAGES; page++) {
        const uint64_t va = va_of(page);
        if (va < start || va - start >= INDEX_REGION_BYTES || content[page] == NOTHING) {
            continue;
        }
        assert_true(n < count);
        assert_int_equal(pages[n].va, va);
        make_page(expected, page, content[page]);
        assert_memory_equal(disk.content + pages[n].block * DISK_BLOCK_BYTES, expected,
                            DISK_BLOCK_BYTES);
        assert_int_equal(pages[n].crc, crc32c(0, expected, DISK_BLOCK_BYTES));
        n++;
    }
    assert_int_equal(n, count);
    return count;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void the_index_finds_the_latest_content_of_each_page(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct index x = {0};
        uint32_t *regions, count, found = 0, all = 0;

        make_chain(seed);
        assert_null(disk.disk.flush(&disk.disk));
        for (uint32_t i = 0; i < LAYERS; i++) {
            assert_null(scan(&x, &bodies[i]));
        }
        assert_true(index_regions(&x, &regions, &count));
        for (uint32_t i = 0; i < count; i++) {
            assert_true(i == 0 || regions[i - 1] < regions[i]);
            found += check_region(&x, regions[i]);
        }
        for (uint32_t page = 0; page < PAGES; page++) {
            all += content[page] != NOTHING;
        }
        assert_int_equal(found, all); /* no region with content is left out */
        assert_int_equal(check_region(&x, 0), 0);
        free(regions);
        index_free(&x);
        fake_disk_close(&disk);
    }
}

static void only_descriptions_are_read(void **state)
{
    (void)state;
    struct index x = {0};

    make_chain(3);
    const uint32_t before = disk.read_blocks;
    assert_null(scan(&x, &bodies[0]));
    assert_int_equal(disk.read_blocks - before, 1 + bodies[0].chunk_count);
    index_free(&x);
    fake_disk_close(&disk);
}

/* A page is verified when it is read; a description must be right before anything is promised. */
static void an_altered_description_is_found_at_once(void **state)
{
    (void)state;
    make_chain(5);
    assert_null(disk.disk.flush(&disk.disk));
    const uint64_t start = bodies[0].runs[0].start;
    uint32_t found = 0;

    for (uint64_t block = start; block < start + bodies[0].runs[0].count; block++) {
        struct index x = {0};
        disk.content[block * DISK_BLOCK_BYTES + 99] ^= 4;
        found += scan(&x, &bodies[0]) != NULL;
        disk.content[block * DISK_BLOCK_BYTES + 99] ^= 4;
        index_free(&x);
    }
    assert_int_equal(found, 1 + bodies[0].chunk_count);
    fake_disk_close(&disk);
}

/* What hv would be asked for comes from the disk: only protections that guests can have. */
static void a_forged_protection_is_refused(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {0, HV_PROT_WRITE, RW | HV_PROT_ABSENT, 0x83};

    make_chain(7);
    assert_null(disk.disk.flush(&disk.disk));
    struct store_chunk *const c =
        (struct store_chunk *)(void *)(disk.content +
                                       (bodies[0].runs[0].start + 1) * DISK_BLOCK_BYTES);
    uint32_t e = 0;
    while (c->extents[e].kind == HV_EXTENT_NONE) {
        e++;
    }
    for (uint32_t i = 0; i < sizeof(wrong); i++) {
        struct index x = {0};
        c->extents[e].prot = wrong[i];
        c->crc = 0;
        c->crc = crc32c(0, c, sizeof(*c));
        assert_non_null(scan(&x, &bodies[0]));
        index_free(&x);
    }
    fake_disk_close(&disk);
}

static void an_empty_index_has_no_regions(void **state)
{
    (void)state;
    struct index x = {0};
    uint32_t *regions, count;

    assert_true(index_regions(&x, &regions, &count));
    assert_int_equal(count, 0);
    free(regions);
    index_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_finds_the_latest_content_of_each_page),
        cmocka_unit_test(only_descriptions_are_read),
        cmocka_unit_test(an_altered_description_is_found_at_once),
        cmocka_unit_test(a_forged_protection_is_refused),
        cmocka_unit_test(an_empty_index_has_no_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
