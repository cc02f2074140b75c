// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/files/node.c unikernel-runtime/src/files/entry.c
// sources: unikernel-runtime/src/files/contents.c unikernel-runtime/src/files/packed.c
// cflags: -Iunikernel-runtime/src -D_GNU_SOURCE
// libs: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strndup

// The file tree: packed entries, names and nodes over them, contents against a plain model, and
// every allocation failing once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "files/device.h"
#include "files/node.h"
#include "mayfly/layout.h"
#include "memory/memory.h"
#include "start/image.h"
#include "system/identity.h"

const struct mf_device mf_devices[] = {{"null", NULL, NULL}, {NULL, NULL, NULL}};
struct mf_identity mf_identity;

bool mf_identity_has_group(gid_t group)
{
    return group == mf_identity.gid.effective;
}

/* There is no address space for flat contents here: tests/guest/posix/files.c has those. */
struct mf_va_area {
    char none;
} mf_va_flats;

uint64_t mf_va_alloc_in(struct mf_va_area *area, uint64_t bytes, uint64_t align)
{
    (void)area;
    (void)bytes;
    (void)align;
    return 0;
}

void mf_va_free_in(struct mf_va_area *area, uint64_t va, uint64_t bytes)
{
    (void)area;
    (void)va;
    (void)bytes;
}

/* ---- allocations that fail ------------------------------------------------------------------- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
char *__wrap_strndup(const char *s, size_t n);

static int fail_at = -1; /* counts down; the allocation at 0 fails */

static bool fails(void)
{
    return fail_at >= 0 && fail_at-- == 0;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
    return fails() ? NULL : __real_realloc(p, bytes);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

/* ---- a packed tree --------------------------------------------------------------------------- */

static const struct {
    const char *path;
    uint32_t mode;
    const char *data;
} packed[] = {
    /* sorted bytewise, as the build tool does */
    {"/a", S_IFDIR | 0755, ""},       {"/a!", S_IFREG | 0644, "bang"},
    {"/a-b", S_IFREG | 0644, "dash"}, {"/a/x", S_IFREG | 0644, "ax"},
    {"/a/y", S_IFDIR | 0755, ""},     {"/a/y/deep", S_IFREG | 0600, "deep"},
    {"/a/z", S_IFREG | 0644, "az"},   {"/a0", S_IFREG | 0644, "zero"},
    {"/empty", S_IFDIR | 0755, ""},   {"/link", S_IFLNK | 0777, "a/x"},
};
#define PACKED (sizeof(packed) / sizeof(packed[0]))

struct mf_image_header header_storage;
extern const struct mf_image_header mf_image_header __attribute__((alias("header_storage")));

static int make_tree(void **state)
{
    (void)state;
    char *const tree = calloc(1, 4096);
    struct mf_files *const h = (struct mf_files *)(void *)tree;
    struct mf_file *const f = (struct mf_file *)(void *)(h + 1);
    size_t at = sizeof(*h) + PACKED * sizeof(*f);
    *h = (struct mf_files){.magic = MF_FILES_MAGIC, .count = PACKED, .bytes = 4096};
    for (size_t i = 0; i < PACKED; i++) {
        f[i] = (struct mf_file){.path = (uint32_t)at, .mode = packed[i].mode, .mtime = 1000};
        at += (size_t)sprintf(tree + at, "%s", packed[i].path) + 1;
        at = (at + 15) & ~(size_t)15;
        f[i].data = at;
        f[i].bytes = strlen(packed[i].data);
        memcpy(tree + at, packed[i].data, f[i].bytes);
        at += f[i].bytes;
    }
    header_storage.files_va = (uint64_t)(uintptr_t)tree;
    header_storage.files_bytes = 4096;
    /* The clock reads the time page. */
    void *const page = mmap((void *)HV_TIME_PAGE, HV_PAGE_BYTES, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return page == MAP_FAILED;
}

static struct mf_entry *find_entry(const char *path)
{
    struct mf_node *directory = mf_node_root();
    struct mf_entry *e = NULL;
    while (*path != '\0') {
        path++;
        const size_t bytes = strcspn(path, "/");
        if (mf_entry_find(directory, path, bytes, &e) != 0) {
            return NULL;
        }
        directory = e->node;
        path += bytes;
    }
    return e;
}

static struct mf_node *find(const char *path)
{
    const struct mf_entry *const e = find_entry(path);
    return e != NULL ? e->node : NULL;
}

static void packed_names_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKED; i++) {
        const char *const path = packed[i].path;
        const char *const slash = strrchr(path, '/');
        char directory[16] = "";
        memcpy(directory, path, (size_t)(slash - path));
        mf_node_root();
        const struct mf_file *const f = mf_packed_find(directory, slash + 1, strlen(slash + 1));
        assert_non_null(f);
        assert_string_equal(mf_packed_path(f), path);
    }
    assert_null(mf_packed_find("", "b", 1));
    assert_null(mf_packed_find("/a", "xx", 2));
    assert_null(mf_packed_find("/a/x", "x", 1));
    assert_null(mf_packed_find("/a", "x", 0));
}

static void listings_have_direct_entries_only(void **state)
{
    (void)state;
    const char *const root[] = {"/a", "/a!", "/a-b", "/a0", "/empty", "/link"};
    const struct mf_file *f = NULL;
    for (size_t i = 0; i < sizeof(root) / sizeof(root[0]); i++) {
        f = mf_packed_next("", f);
        assert_non_null(f);
        assert_string_equal(mf_packed_path(f), root[i]);
    }
    assert_null(mf_packed_next("", f));
    assert_null(mf_packed_next("/empty", NULL));
    assert_string_equal(mf_packed_path(mf_packed_next("/a/y", NULL)), "/a/y/deep");
}

static void nodes_show_packed_files(void **state)
{
    (void)state;
    char text[16] = {0};
    struct mf_node *const n = find("/a/y/deep");
    assert_non_null(n);
    assert_ptr_equal(find("/a/y/deep"), n);
    assert_int_equal(mf_node_read(n, 0, text, sizeof(text)), 4);
    assert_string_equal(text, "deep");
    assert_int_equal(mf_node_write(n, 1, "EE", 2), 2);
    assert_int_equal(mf_node_read(n, 0, text, sizeof(text)), 4);
    assert_string_equal(text, "dEEp");
    assert_string_equal(find("/link")->target, "a/x");
    assert_null(find("/a/y/none"));
    assert_non_null(find("/dev/null"));
    assert_non_null(find("/tmp"));
}

static void removed_packed_files_stay_away(void **state)
{
    (void)state;
    struct mf_node *const a = find("/a");
    assert_int_equal(mf_entry_fill(a), 0);
    mf_entry_remove(find_entry("/a/x"));
    assert_null(find("/a/x"));
    assert_non_null(find("/a/z"));
    struct mf_node *again;
    assert_int_equal(mf_node_create(a, "x", 1, S_IFREG | 0600, &again), 0);
    assert_int_equal(again->file.bytes, 0);
    assert_ptr_equal(find("/a/x"), again);
}

static void a_node_lives_as_long_as_it_has_names_or_users(void **state)
{
    (void)state;
    struct mf_node *const tmp = find("/tmp"), *n;
    struct stat st;
    char text[4] = "";
    assert_int_equal(mf_node_create(tmp, "one", 3, S_IFREG | 0600, &n), 0);
    assert_int_equal(mf_entry_add(tmp, "two", 3, n), 0);
    assert_int_equal(mf_node_write(n, 0, "abc", 3), 3);
    mf_node_stat(n, &st);
    assert_int_equal(st.st_nlink, 2);
    mf_entry_remove(find_entry("/tmp/one"));
    assert_ptr_equal(find("/tmp/two"), n);
    mf_node_get(n); /* as an open file does */
    mf_entry_remove(find_entry("/tmp/two"));
    mf_node_stat(n, &st);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(mf_node_read(n, 0, text, 3), 3);
    assert_string_equal(text, "abc");
    mf_node_put(n);
}

static void nothing_is_made_in_a_removed_directory(void **state)
{
    (void)state;
    struct mf_node *d, *n;
    assert_int_equal(mf_node_create(find("/tmp"), "d", 1, S_IFDIR | 0700, &d), 0);
    assert_ptr_equal(mf_node_parent(d), find("/tmp"));
    mf_node_get(d);
    mf_entry_remove(find_entry("/tmp/d"));
    assert_true(mf_node_is_removed(d));
    assert_int_equal(mf_node_create(d, "f", 1, S_IFREG | 0600, &n), -ENOENT);
    mf_node_put(d);
}

/* Gives the node of `e` the same name in another directory. */
static void move(struct mf_entry *e, struct mf_node *to)
{
    assert_int_equal(mf_entry_add(to, e->name, e->name_bytes, e->node), 0);
    mf_entry_remove(e);
}

static struct mf_entry *entry_number(struct mf_node *directory, int i)
{
    struct mf_entry *e = NULL;
    char name[16];
    const size_t bytes = (size_t)sprintf(name, "n%d", i);
    return mf_entry_find(directory, name, bytes, &e) == 0 ? e : NULL;
}

static void many_entries_are_found_and_moved(void **state)
{
    (void)state;
    struct mf_node *const directory = find("/empty"), *const other = find("/tmp"), *n;
    char name[16];
    for (int i = 0; i < 3000; i++) {
        const size_t bytes = (size_t)sprintf(name, "n%d", i);
        assert_int_equal(mf_node_create(directory, name, bytes, S_IFREG | 0600, &n), 0);
    }
    for (int i = 0; i < 3000; i += 2) {
        move(entry_number(directory, i), other);
    }
    for (int i = 0; i < 3000; i++) {
        assert_non_null(entry_number(i % 2 == 0 ? other : directory, i));
        assert_null(entry_number(i % 2 == 0 ? directory : other, i));
    }
    assert_int_equal(mf_entry_fill(directory), 0);
    for (int i = 0; i < 3000; i++) {
        mf_entry_remove(entry_number(i % 2 == 0 ? other : directory, i));
    }
    assert_null(mf_entry_at(directory, 0));
    assert_null(directory->directory.first);
    assert_null(find_entry("/empty/n1"));
}

static void a_listing_goes_on_when_entries_go(void **state)
{
    (void)state;
    struct mf_node *d, *n;
    assert_int_equal(mf_node_create(find("/tmp"), "list", 4, S_IFDIR | 0700, &d), 0);
    for (const char *c = "abcde"; *c != '\0'; c++) {
        assert_int_equal(mf_node_create(d, c, 1, S_IFREG | 0600, &n), 0);
    }
    const char *const expected = "abde";
    struct mf_entry *e = mf_entry_at(d, 0);
    for (int i = 0; i < 4; i++) {
        assert_non_null(e);
        assert_int_equal(e->name[0], expected[i]);
        const uint64_t next = e->cookie + 1;
        if (i == 1) {
            mf_entry_remove(find_entry("/tmp/list/c")); /* what would be next */
        } else if (i == 2) {
            mf_entry_remove(find_entry("/tmp/list/a")); /* what has been */
        }
        e = mf_entry_at(d, next);
    }
    assert_null(e);
    while ((e = mf_entry_at(d, 0)) != NULL) {
        mf_entry_remove(e);
    }
    mf_entry_remove(find_entry("/tmp/list"));
}

/* ---- contents ------------------------------------------------------------------------------ */

#define MODEL_BYTES 40000u

static void contents_agree_with_a_plain_model(void **state)
{
    (void)state;
    static char model[MODEL_BYTES], start[MODEL_BYTES / 2], part[9000], got[MODEL_BYTES];
    struct mf_node *n;
    size_t size = sizeof(start);
    srand(4);
    for (size_t i = 0; i < sizeof(start); i++) {
        model[i] = start[i] = (char)rand();
    }
    assert_int_equal(mf_node_create(find("/tmp"), "m", 1, S_IFREG | 0600, &n), 0);
    n->file.packed = start; /* as if it came with the image */
    n->file.bytes = n->file.packed_bytes = size;
    for (int step = 0; step < 20000; step++) {
        const size_t at = (size_t)rand() % MODEL_BYTES;
        size_t bytes = (size_t)rand() % sizeof(part);
        bytes = bytes < MODEL_BYTES - at ? bytes : MODEL_BYTES - at;
        switch (rand() % 8) {
        case 0:
            assert_int_equal(mf_node_truncate(n, at), 0);
            if (at < size) {
                memset(model + at, 0, size - at);
            }
            size = at;
            break;
        case 1:
        case 2:
        case 3:
            memset(part, rand(), bytes);
            assert_int_equal(mf_node_write(n, at, part, bytes), bytes);
            memcpy(model + at, part, bytes);
            size = bytes != 0 && at + bytes > size ? at + bytes : size;
            break;
        default:
            memset(got, 1, sizeof(got));
            const size_t left = at < size ? size - at : 0;
            assert_int_equal(mf_node_read(n, at, got, bytes), bytes < left ? bytes : left);
            assert_memory_equal(got, model + at, bytes < left ? bytes : left);
            break;
        }
        assert_int_equal(n->file.bytes, size);
    }
    assert_int_equal(mf_node_write(n, (uint64_t)MF_FILE_MAX, "x", 1), -EFBIG);
    mf_entry_remove(find_entry("/tmp/m"));
}

static void far_pieces_have_holes_between_them(void **state)
{
    (void)state;
    const uint64_t offsets[] = {5, 3ull << 20, (7ull << 30) + 4094, MF_FILE_MAX - 4};
    struct mf_node *n;
    char text[5] = "";
    assert_int_equal(mf_node_create(find("/tmp"), "far", 3, S_IFREG | 0600, &n), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mf_node_write(n, offsets[i], "data", 4), 4);
    }
    assert_true(mf_node_stored_bytes(n) <= 8ull * MF_CHUNK_BYTES);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mf_node_read(n, offsets[i], text, 4), 4);
        assert_string_equal(text, "data");
        const off_t hole = mf_node_seek(n, offsets[i], false);
        const uint64_t stored = (offsets[i] + 4 + MF_CHUNK_BYTES - 1) & -(uint64_t)MF_CHUNK_BYTES;
        assert_int_equal(hole, stored);
        if (i < 3) {
            const uint64_t next = offsets[i + 1] & -(uint64_t)MF_CHUNK_BYTES;
            assert_int_equal(mf_node_seek(n, (uint64_t)hole, true), next);
            assert_int_equal(mf_node_read(n, (uint64_t)hole, text, 4), 4);
            assert_memory_equal(text, "\0\0\0\0", 4);
        }
    }
    assert_int_equal(mf_node_truncate(n, offsets[1]), 0);
    assert_int_equal(mf_node_stored_bytes(n), MF_CHUNK_BYTES);
    mf_entry_remove(find_entry("/tmp/far"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct mf_node *const tmp = find("/tmp");
    int failures = 0;
    for (int k = 0;; k++) {
        struct mf_node *n = NULL;
        char text[8];
        fail_at = k;
        int err = mf_node_create(tmp, "f", 1, S_IFREG | 0600, &n);
        if (err == 0) {
            const ssize_t written = mf_node_write(n, 3 * MF_CHUNK_BYTES - 2, "abcd", 4);
            assert_true(written == 4 || written == 2 || written == -ENOSPC);
            err = mf_entry_add(tmp, "g", 1, n);
            fail_at = fail_at < 0 ? -1 : fail_at;
            const size_t size = written < 0 ? 0 : 3 * MF_CHUNK_BYTES - 2 + (size_t)written;
            assert_int_equal(n->file.bytes, size);
            if (written > 0) {
                assert_int_equal(mf_node_read(n, size - (size_t)written, text, 8), written);
                assert_memory_equal(text, "abcd", (size_t)written);
            }
            assert_int_equal(n->links, err == 0 ? 2 : 1);
            assert_true((find("/tmp/g") == n) == (err == 0));
            mf_entry_remove(find_entry("/tmp/f"));
            if (err == 0) {
                mf_entry_remove(find_entry("/tmp/g"));
            }
        }
        assert_null(find("/tmp/f"));
        if (fail_at >= 0) {
            break; /* it took fewer allocations than that */
        }
        failures++;
    }
    fail_at = -1;
    assert_true(failures >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_names_are_found),
        cmocka_unit_test(listings_have_direct_entries_only),
        cmocka_unit_test(nodes_show_packed_files),
        cmocka_unit_test(removed_packed_files_stay_away),
        cmocka_unit_test(a_node_lives_as_long_as_it_has_names_or_users),
        cmocka_unit_test(nothing_is_made_in_a_removed_directory),
        cmocka_unit_test(many_entries_are_found_and_moved),
        cmocka_unit_test(a_listing_goes_on_when_entries_go),
        cmocka_unit_test(contents_agree_with_a_plain_model),
        cmocka_unit_test(far_pieces_have_holes_between_them),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_tree, NULL);
}
