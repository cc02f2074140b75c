// SPDX-License-Identifier: Apache-2.0
// sources: dom0/store/catalogue.c dom0/store/body.c dom0/store/crc32c.c tests/unit/dom0/fake_disk.c
// cflags: -Idom0
// timeout: 120
// The format of saved templates: a power cut after each write, each altered block, a full disk.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_disk.h"
#include "mayfly/abi.h"
#include "store/body.h"
#include "store/crc32c.h"

#define BLOCKS 2048u
#define BASE_VA HV_HEAP_BASE
#define RW (HV_PROT_READ | HV_PROT_WRITE)

static struct fake_disk disk;
static struct catalogue catalogue;

/* ---- bodies whose content follows from their name ------------------------------------------ */

static uint8_t byte_of(const char *name, uint64_t va, uint32_t i)
{
    uint32_t seed = crc32c((uint32_t)(va >> HV_PAGE_SHIFT), name, strlen(name)) + i / 64;
    return (uint8_t)fake_random(&seed);
}

static void make_page(uint8_t *page, const char *name, uint64_t va)
{
    for (uint32_t i = 0; i < DISK_BLOCK_BYTES; i += 64) {
        memset(page + i, byte_of(name, va, i), 64);
    }
}

/* Pages of a body: every 5th one is zero, every 7th unmapped. */
static uint32_t kind_of(uint64_t page)
{
    return page % 7 == 6 ? HV_EXTENT_NONE : (page % 5 == 4 ? HV_EXTENT_ZERO : HV_EXTENT_DATA);
}

static const char *write_body(struct body_writer *w, const char *name, uint32_t pages)
{
    const char *problem = NULL;
    uint8_t *page;

    for (uint32_t i = 0; i < pages && problem == NULL; i++) {
        const uint64_t va = BASE_VA + (uint64_t)i * HV_PAGE_BYTES;
        if (kind_of(i) != HV_EXTENT_DATA) {
            problem = body_write_extent(w, va, 1, kind_of(i), kind_of(i) == 0 ? 0 : RW);
            continue;
        }
        problem = body_page(w, &page);
        if (problem == NULL) {
            make_page(page, name, va);
            problem = body_write_page(w, va, RW);
        }
    }
    if (problem == NULL) {
        problem = body_write_end(w);
    }
    return problem;
}

static const char *save(const char *name, uint32_t pages, const char *parent)
{
    struct body_writer w;
    struct store_entry e = {0};
    enum store_disk what;
    struct hv_vcpu_state state = {.fpu_bytes = pages};

    const char *problem = catalogue_open(&catalogue, &disk.disk, &what);
    if (problem != NULL) {
        return problem;
    }
    e.id = e.body_id = catalogue.super.next_id;
    problem = body_write_begin(&w, &catalogue, &e, &state, sizeof(state));
    if (problem == NULL) {
        problem = write_body(&w, name, pages);
    }
    if (problem != NULL) {
        return problem;
    }
    struct store_entry *const added = catalogue_add(&catalogue);
    if (added == NULL) {
        return "no entry left";
    }
    w.entry.id = added->id;
    *added = w.entry;
    strcpy(added->name, name);
    strcpy(added->image, name); /* what its content was made from */
    added->memory_pages = pages;
    added->parent = parent == NULL ? 0 : catalogue_find(&catalogue, parent)->id;
    return catalogue_commit(&catalogue);
}

static const char *copy(const char *from, const char *to)
{
    enum store_disk what;
    const char *const problem = catalogue_open(&catalogue, &disk.disk, &what);
    if (problem != NULL) {
        return problem;
    }
    struct store_entry *const e = catalogue_add(&catalogue);
    const uint64_t id = e->id;
    *e = *catalogue_find(&catalogue, from);
    e->id = id;
    strcpy(e->name, to);
    return catalogue_commit(&catalogue);
}

static const char *forget(const char *name)
{
    enum store_disk what;
    const char *const problem = catalogue_open(&catalogue, &disk.disk, &what);
    if (problem != NULL) {
        return problem;
    }
    catalogue_find(&catalogue, name)->name[0] = 0;
    return catalogue_commit(&catalogue);
}

/* One chunk of a body against what was written; *at: the next page. Returns false: it differs. */
static bool chunk_is_right(const struct store_chunk *c, const uint8_t *pages, const char *name,
                           uint64_t *at)
{
    uint8_t expected[DISK_BLOCK_BYTES];

    for (uint32_t i = 0; i < c->extent_count; i++) {
        for (uint32_t k = 0; k < c->extents[i].pages; k++, ++*at) {
            const uint64_t va = BASE_VA + *at * HV_PAGE_BYTES;
            if (c->extents[i].va + (uint64_t)k * HV_PAGE_BYTES != va ||
                c->extents[i].kind != kind_of(*at)) {
                return false;
            }
            if (c->extents[i].kind == HV_EXTENT_DATA) {
                make_page(expected, name, va);
                if (memcmp(expected, pages, DISK_BLOCK_BYTES) != 0) {
                    return false;
                }
                pages += DISK_BLOCK_BYTES;
            }
        }
    }
    return true;
}

/* NULL: read and right; else the error. Ends the test when it reads something that is not right. */
static const char *check_body(const struct store_entry *e)
{
    struct body_reader r;
    struct hv_vcpu_state state;
    const struct store_chunk *c;
    const uint8_t *pages;
    uint64_t at = 0;

    const char *problem = body_read_begin(&r, &disk.disk, e, &state, sizeof(state));
    if (problem != NULL) {
        return problem;
    }
    assert_int_equal(state.fpu_bytes, e->memory_pages);
    for (;;) {
        problem = body_read_chunk(&r, &c, &pages);
        if (problem != NULL || c == NULL) {
            break;
        }
        assert_true(chunk_is_right(c, pages, e->image, &at));
    }
    if (problem == NULL) {
        assert_int_equal(at, e->memory_pages);
    }
    return problem;
}

static void begin_store(uint64_t blocks)
{
    enum store_disk what;
    fake_disk_open(&disk, blocks);
    assert_non_null(catalogue_open(&catalogue, &disk.disk, &what));
    assert_true(what == STORE_DISK_BLANK);
    assert_null(catalogue_format(&catalogue, &disk.disk));
}

/* ---- tests --------------------------------------------------------------------------------- */

static void checksums_are_the_published_ones(void **state)
{
    (void)state;
    static const uint8_t zeros[32];

    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c(0, zeros, sizeof(zeros)), 0x8a9136aau); /* RFC 3720, B.4 */
    assert_int_equal(crc32c(crc32c(0, "12345", 5), "6789", 4), 0xe3069283u);
    assert_int_equal(crc32c_by_tables(0, "123456789", 9), 0xe3069283u);
}

/* Whatever CPU a disk was written with, it is read by any other. */
static void checksums_do_not_depend_on_the_cpu(void **state)
{
    (void)state;
    uint8_t data[300];

    for (uint32_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * i * 31 + 7);
    }
    for (uint32_t from = 0; from < 16; from++) {
        for (uint32_t bytes = 0; bytes < 200; bytes++) {
            assert_int_equal(crc32c(bytes, data + from, bytes),
                             crc32c_by_tables(bytes, data + from, bytes));
        }
    }
}

static void what_is_saved_is_read_back(void **state)
{
    (void)state;
    begin_store(BLOCKS);
    assert_null(save("empty", 0, NULL));
    assert_null(save("small", 1, NULL));
    assert_null(save("large", 500, "small"));
    assert_null(copy("large", "other"));
    assert_int_equal(catalogue.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_null(check_body(&catalogue.entries[i]));
    }
    assert_int_equal(catalogue_body_blocks(catalogue_find(&catalogue, "large")),
                     catalogue_body_blocks(catalogue_find(&catalogue, "other")));
    fake_disk_close(&disk);
}

static void a_copy_takes_no_space_and_the_last_one_frees_it(void **state)
{
    (void)state;
    begin_store(BLOCKS);
    const uint64_t before = catalogue_free_blocks(&catalogue);
    assert_null(save("one", 300, NULL));
    const uint64_t after = catalogue_free_blocks(&catalogue);
    assert_true(after < before - 200);
    assert_null(copy("one", "two"));
    assert_int_equal(catalogue_free_blocks(&catalogue), after);
    assert_null(forget("one"));
    assert_int_equal(catalogue_free_blocks(&catalogue), after);
    assert_null(check_body(catalogue_find(&catalogue, "two")));
    assert_null(forget("two"));
    assert_int_equal(catalogue_free_blocks(&catalogue), before);
    fake_disk_close(&disk);
}

static void a_forgotten_parent_stays_as_long_as_its_children(void **state)
{
    (void)state;
    begin_store(BLOCKS);
    assert_null(save("parent", 50, NULL));
    assert_null(save("middle", 50, "parent"));
    assert_null(save("child", 50, "middle"));
    assert_null(forget("parent"));
    assert_null(forget("middle"));
    assert_int_equal(catalogue.count, 3);
    assert_null(catalogue_find(&catalogue, "parent"));
    assert_null(catalogue_find(&catalogue, ""));
    assert_null(forget("child"));
    assert_int_equal(catalogue.count, 0);
    fake_disk_close(&disk);
}

/* The steps of the power-cut test, and what is there after each. */
static const char *run_step(uint32_t step)
{
    switch (step) {
    case 0:
        return save("a", 150, NULL);
    case 1:
        return save("b", 90, "a");
    case 2:
        return copy("b", "c");
    case 3:
        return forget("b");
    case 4:
        return forget("c");
    default:
        return save("d", 200, "a");
    }
}

#define STEPS 6
static const char *const names_after[STEPS + 1] = {"", "a", "ab", "abc", "ac", "a", "ad"};

/* Whether the catalogue holds exactly these names, with sound bodies. */
static bool holds(const char *names)
{
    if (catalogue.count != strlen(names)) {
        return false;
    }
    for (uint32_t i = 0; i < catalogue.count; i++) {
        if (catalogue.entries[i].name[0] != names[i]) {
            return false;
        }
        assert_null(check_body(&catalogue.entries[i]));
    }
    return true;
}

/* Runs all steps with the power going after `cut` writes. Returns false: it never went. */
static bool survive_cut(uint32_t cut, uint32_t seed)
{
    enum store_disk what;
    uint32_t done = 0;

    fake_disk_open(&disk, BLOCKS);
    disk.cut_after = cut;
    (void)catalogue_open(&catalogue, &disk.disk, &what);
    const bool is_formatted = catalogue_format(&catalogue, &disk.disk) == NULL;
    while (is_formatted && done < STEPS && run_step(done) == NULL) {
        done++;
    }
    const bool was_cut = disk.is_off;
    fake_disk_power_cycle(&disk, &seed);
    const char *const problem = catalogue_open(&catalogue, &disk.disk, &what);
    if (problem != NULL) {
        assert_true(what == STORE_DISK_BLANK && !is_formatted);
    } else {
        assert_true(holds(names_after[done]) || (done < STEPS && holds(names_after[done + 1])));
        assert_null(save("e", 40, NULL)); /* and it goes on */
        assert_null(check_body(catalogue_find(&catalogue, "e")));
        assert_true(catalogue.count == 1 || check_body(&catalogue.entries[0]) == NULL);
    }
    fake_disk_close(&disk);
    return was_cut;
}

static void a_power_cut_after_any_write_leaves_what_was_done(void **state)
{
    (void)state;
    uint32_t cut = 0;
    while (survive_cut(cut, 3 * cut) && survive_cut(cut, 3 * cut + 1)) {
        cut++;
    }
    assert_true(cut > 300); /* blocks and flushes of all steps */
}

static void an_altered_block_is_found(void **state)
{
    (void)state;
    enum store_disk what;
    uint32_t seed = 1, found = 0, bodies_found = 0;

    begin_store(BLOCKS);
    assert_null(save("a", 150, NULL));
    assert_null(save("b", 90, "a"));
    uint8_t *const good = malloc((size_t)BLOCKS * DISK_BLOCK_BYTES);
    assert_non_null(good);
    memcpy(good, disk.content, (size_t)BLOCKS * DISK_BLOCK_BYTES);
    for (uint32_t block = 0; block < STORE_BODIES + 260; block++) {
        const uint32_t at = fake_random(&seed) % DISK_BLOCK_BYTES;
        disk.content[(size_t)block * DISK_BLOCK_BYTES + at] ^=
            (uint8_t)(1u << fake_random(&seed) % 8);
        const char *problem = catalogue_open(&catalogue, &disk.disk, &what);
        if (problem == NULL) {
            assert_int_equal(catalogue.count, 2);
            for (uint32_t i = 0; i < 2; i++) {
                const char *const body = check_body(&catalogue.entries[i]);
                bodies_found += body != NULL;
                problem = problem == NULL ? body : problem;
            }
        }
        found += problem != NULL;
        assert_false(what == STORE_DISK_BLANK);
        memcpy(disk.content, good, (size_t)BLOCKS * DISK_BLOCK_BYTES);
    }
    /* each block of both bodies (103 + 3 + 1, 62 + 1 + 1) */
    assert_int_equal(bodies_found, 103 + 2 + 1 + 62 + 1 + 1);
    assert_true(found >= bodies_found);
    free(good);
    fake_disk_close(&disk);
}

static void each_byte_of_a_superblock_counts(void **state)
{
    (void)state;
    enum store_disk what;

    begin_store(BLOCKS);
    assert_null(save("a", 10, NULL));
    for (uint32_t i = 0; i < sizeof(struct store_super); i++) {
        disk.content[i] ^= 0x10; /* one copy is enough */
        assert_null(catalogue_open(&catalogue, &disk.disk, &what));
        assert_int_equal(catalogue.count, 1);
        disk.content[STORE_SECOND_COPY * DISK_BLOCK_BYTES + i] ^= 0x10;
        assert_non_null(catalogue_open(&catalogue, &disk.disk, &what));
        assert_false(what == STORE_DISK_BLANK);
        disk.content[i] ^= 0x10;
        disk.content[STORE_SECOND_COPY * DISK_BLOCK_BYTES + i] ^= 0x10;
    }
    /* each byte of the catalogue's entry */
    const size_t entries = (STORE_CATALOGUE + STORE_CATALOGUE_BLOCKS * 0) * DISK_BLOCK_BYTES;
    for (size_t i = 0; i < sizeof(struct store_entry); i++) {
        disk.content[entries + i] ^= 1;
        assert_non_null(catalogue_open(&catalogue, &disk.disk, &what));
        disk.content[entries + i] ^= 1;
    }
    assert_null(catalogue_open(&catalogue, &disk.disk, &what));
    fake_disk_close(&disk);
}

/* Whoever writes the disk can make the checksums right. */
static void a_forged_entry_is_refused(void **state)
{
    (void)state;
    enum store_disk what;

    for (int i = 0; i < 4; i++) {
        begin_store(BLOCKS);
        assert_null(save("a", 10, NULL));
        struct store_entry *const e = &catalogue.entries[0];
        if (i == 0) {
            e->name[0] = '\033'; /* would be the terminal's */
        } else if (i == 1) {
            e->image[1] = '\n';
        } else if (i == 2) {
            e->data_pages = UINT64_MAX - 1; /* a sum of such is small */
        } else {
            e->data_pages--;
        }
        assert_null(catalogue_commit(&catalogue));
        const char *const problem = catalogue_open(&catalogue, &disk.disk, &what);
        assert_true(problem != NULL || check_body(&catalogue.entries[0]) != NULL);
        assert_true(i == 3 || problem != NULL);
        fake_disk_close(&disk);
    }
}

static void a_shorter_disk_is_refused(void **state)
{
    (void)state;
    enum store_disk what;

    begin_store(BLOCKS);
    assert_null(save("a", 10, NULL));
    for (uint64_t blocks = BLOCKS - 1; blocks > 0; blocks -= blocks / 7 + 1) {
        disk.disk.blocks = blocks;
        assert_non_null(catalogue_open(&catalogue, &disk.disk, &what));
        assert_false(what == STORE_DISK_BLANK);
    }
    disk.disk.blocks = BLOCKS;
    assert_null(catalogue_open(&catalogue, &disk.disk, &what));
    fake_disk_close(&disk);
}

static void another_disk_is_never_overwritten(void **state)
{
    (void)state;
    enum store_disk what;

    for (uint64_t block = 0; block < STORE_BLOCKS_MIN; block += 61) {
        fake_disk_open(&disk, BLOCKS);
        disk.content[block * DISK_BLOCK_BYTES + 510] = 0x55;
        const char *const problem = catalogue_open(&catalogue, &disk.disk, &what);
        assert_non_null(strstr(problem, "something else"));
        assert_false(what == STORE_DISK_BLANK);
        assert_int_equal(disk.writes, 0);
        fake_disk_close(&disk);
    }
    fake_disk_open(&disk, BLOCKS);
    disk.disk.is_read_only = true;
    assert_non_null(catalogue_format(&catalogue, &disk.disk));
    fake_disk_close(&disk);
}

static void a_full_disk_keeps_what_it_has(void **state)
{
    (void)state;
    char name[16];
    uint32_t count = 0;
    const char *problem;

    begin_store(STORE_BLOCKS_MIN);
    for (;; count++) {
        snprintf(name, sizeof(name), "n%u", count);
        problem = save(name, 100, NULL);
        if (problem != NULL) {
            break;
        }
    }
    assert_non_null(strstr(problem, "full"));
    assert_true(count == (STORE_BLOCKS_MIN - STORE_BODIES) / (69 + 3));
    enum store_disk what;
    assert_null(catalogue_open(&catalogue, &disk.disk, &what));
    assert_int_equal(catalogue.count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_null(check_body(&catalogue.entries[i]));
    }
    assert_null(forget("n3")); /* two holes make room for something larger in pieces */
    assert_null(forget("n5"));
    assert_null(save("pieces", 190, NULL));
    assert_true(catalogue_find(&catalogue, "pieces")->run_count > 1);
    for (uint32_t i = 0; i < catalogue.count; i++) {
        assert_null(check_body(&catalogue.entries[i]));
    }
    fake_disk_close(&disk);
}

static void the_catalogue_has_room_for_1024(void **state)
{
    (void)state;
    char name[16];
    enum store_disk what;

    begin_store(FAKE_BLOCKS_MAX);
    for (uint32_t i = 0; i < STORE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        assert_null(save(name, 1, NULL));
    }
    assert_string_equal(save("more", 1, NULL), "no entry left");
    assert_null(catalogue_open(&catalogue, &disk.disk, &what));
    assert_int_equal(catalogue.count, STORE_ENTRIES_MAX);
    assert_null(check_body(catalogue_find(&catalogue, "n1023")));
    assert_null(check_body(catalogue_find(&catalogue, "n511")));
    fake_disk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_the_published_ones),
        cmocka_unit_test(checksums_do_not_depend_on_the_cpu),
        cmocka_unit_test(what_is_saved_is_read_back),
        cmocka_unit_test(a_copy_takes_no_space_and_the_last_one_frees_it),
        cmocka_unit_test(a_forgotten_parent_stays_as_long_as_its_children),
        cmocka_unit_test(a_power_cut_after_any_write_leaves_what_was_done),
        cmocka_unit_test(an_altered_block_is_found),
        cmocka_unit_test(each_byte_of_a_superblock_counts),
        cmocka_unit_test(a_forged_entry_is_refused),
        cmocka_unit_test(a_shorter_disk_is_refused),
        cmocka_unit_test(another_disk_is_never_overwritten),
        cmocka_unit_test(a_full_disk_keeps_what_it_has),
        cmocka_unit_test(the_catalogue_has_room_for_1024),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
