// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/files/node.c unikernel-runtime/src/files/contents.c
// sources: unikernel-runtime/src/files/packed.c
// cflags: -Iunikernel-runtime/src -D_GNU_SOURCE
// libs: -Wl,--wrap=calloc,--wrap=realloc,--wrap=strndup

// The file tree: packed entries, RAM files over them, contents against a plain model, and every
// allocation failing once.
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
#include "start/image.h"

const struct mf_device mf_devices[] = {{"null", NULL, NULL}, {NULL, NULL, NULL}};

/* ---- allocations that fail ----------------------------------------------------------------------
 */

void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
char *__real_strndup(const char *s, size_t n);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
char *__wrap_strndup(const char *s, size_t n);

static int fail_at = -1; /* counts down; the allocation at 0 fails */

static bool fails(void)
{
    return fail_at >= 0 && fail_at-- == 0;
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

/* ---- a packed tree ------------------------------------------------------------------------------
 */

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

static struct mf_node *find(const char *path)
{
    struct mf_node *n = mf_node_root();
    while (*path != '\0') {
        path++;
        const size_t bytes = strcspn(path, "/");
        if (mf_node_find(n, path, bytes, &n) != 0) {
            return NULL;
        }
        path += bytes;
    }
    return n;
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
    assert_int_equal(mf_node_fill(a), 0);
    mf_node_remove(find("/a/x"));
    assert_null(find("/a/x"));
    assert_non_null(find("/a/z"));
    struct mf_node *again;
    assert_int_equal(mf_node_create(a, "x", 1, S_IFREG | 0600, &again), 0);
    assert_int_equal(again->file.bytes, 0);
    assert_ptr_equal(find("/a/x"), again);
}

static void many_entries_are_found_and_moved(void **state)
{
    (void)state;
    struct mf_node *const directory = find("/empty"), *const other = find("/tmp");
    struct mf_node *n;
    char name[16];
    for (int i = 0; i < 3000; i++) {
        const size_t bytes = (size_t)sprintf(name, "n%d", i);
        assert_int_equal(mf_node_create(directory, name, bytes, S_IFREG | 0600, &n), 0);
    }
    for (int i = 0; i < 3000; i += 2) {
        const size_t bytes = (size_t)sprintf(name, "n%d", i);
        assert_int_equal(mf_node_find(directory, name, bytes, &n), 0);
        assert_int_equal(mf_node_move(n, other, name, bytes), 0);
    }
    for (int i = 0; i < 3000; i++) {
        const size_t bytes = (size_t)sprintf(name, "n%d", i);
        assert_int_equal(mf_node_find(i % 2 == 0 ? other : directory, name, bytes, &n), 0);
        assert_int_equal(mf_node_find(i % 2 == 0 ? directory : other, name, bytes, &n), -ENOENT);
    }
    for (int i = 0; i < 3000; i++) {
        const size_t bytes = (size_t)sprintf(name, "n%d", i);
        assert_int_equal(mf_node_find(i % 2 == 0 ? other : directory, name, bytes, &n), 0);
        mf_node_remove(n);
    }
    assert_null(directory->directory.first);
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
    mf_node_remove(n);
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
            err = mf_node_move(n, tmp, "g", 1);
            fail_at = fail_at < 0 ? -1 : fail_at;
            const size_t size = written < 0 ? 0 : 3 * MF_CHUNK_BYTES - 2 + (size_t)written;
            assert_int_equal(n->file.bytes, size);
            if (written > 0) {
                assert_int_equal(mf_node_read(n, size - (size_t)written, text, 8), written);
                assert_memory_equal(text, "abcd", (size_t)written);
            }
            assert_memory_equal(n->name, err == 0 ? "g" : "f", 1);
            mf_node_remove(n);
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
        cmocka_unit_test(many_entries_are_found_and_moved),
        cmocka_unit_test(contents_agree_with_a_plain_model),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_tree, NULL);
}
