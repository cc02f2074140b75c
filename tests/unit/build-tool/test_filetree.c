// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/filetree.c build-tool/guest_path.c build-tool/strlist.c
// sources: build-tool/buffer.c build-tool/alloc.c
// sources: tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -D_GNU_SOURCE
/* test_filetree.c - the file tree of an image holds what the host had, and nothing else of the
 * host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <mayfly/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filetree.h"
#include "guest_path.h"

static char folder[256];

static void in_folder(char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", folder, name);
}

static void make_file(const char *name, const char *text, mode_t mode, time_t mtime)
{
    char path[512];
    in_folder(path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    const struct timespec times[] = {{mtime, 0}, {mtime, 0}};
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void make_folder(const char *name)
{
    char path[512];
    in_folder(path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static struct buffer build(const char *name, const char *guest)
{
    struct filetree tree = {0};
    struct buffer out = {0};
    char path[512];
    in_folder(path, name);
    assert_null(filetree_add(&tree, path, guest));
    assert_null(filetree_build(&tree, &out));
    filetree_free(&tree);
    return out;
}

static const struct mf_file *file_at(const struct buffer *out, uint32_t index)
{
    const struct mf_files *files = (const struct mf_files *)(const void *)out->data;
    assert_true(index < files->count);
    return (const struct mf_file *)(files + 1) + index;
}

static void check_file(const struct buffer *out, uint32_t index, const char *path, uint32_t mode,
                       const char *data)
{
    const struct mf_file *file = file_at(out, index);
    assert_string_equal((const char *)out->data + file->path, path);
    assert_int_equal(file->mode, mode);
    assert_int_equal(file->bytes, strlen(data));
    assert_int_equal(file->data % 16, 0);
    assert_memory_equal(out->data + file->data, data, strlen(data));
}

static void tree_is_sorted_and_has_all_parents(void **state)
{
    (void)state;
    char link[512];
    make_folder("a");
    make_folder("a/sub");
    make_file("a/sub/z", "zz", 0600, 5);
    make_file("a/run", "#!", 0711, 5);
    in_folder(link, "a/link");
    assert_int_equal(symlink("sub/z", link), 0);
    struct buffer out = build("a", "/srv/www");
    const struct mf_files *files = (const struct mf_files *)(const void *)out.data;
    assert_int_equal(files->magic, MF_FILES_MAGIC);
    assert_int_equal(files->count, 6);
    assert_int_equal(files->bytes, out.bytes);
    check_file(&out, 0, "/srv", 040755, "");
    check_file(&out, 1, "/srv/www", 040755, "");
    check_file(&out, 2, "/srv/www/link", 0120777, "sub/z");
    check_file(&out, 3, "/srv/www/run", 0100755, "#!");
    check_file(&out, 4, "/srv/www/sub", 040755, "");
    check_file(&out, 5, "/srv/www/sub/z", 0100644, "zz");
    buffer_free(&out);
}

static void modes_and_times_of_the_host_do_not_matter(void **state)
{
    (void)state;
    make_folder("b");
    make_folder("c");
    make_file("b/one", "1", 0600, 1000);
    make_file("b/two", "2", 0644, 2000);
    make_file("c/two", "2", 0640, 9);
    make_file("c/one", "1", 0666, 7);
    struct buffer b = build("b", ""), c = build("c", "");
    assert_int_equal(b.bytes, c.bytes);
    assert_memory_equal(b.data, c.data, b.bytes);
    assert_int_equal(file_at(&b, 0)->mtime, 0);
    buffer_free(&b);
    buffer_free(&c);
}

static void times_are_at_most_the_epoch_given(void **state)
{
    (void)state;
    make_folder("d");
    make_file("d/new", "", 0644, 5000);
    make_file("d/old", "", 0644, 10);
    setenv("SOURCE_DATE_EPOCH", "1000", 1);
    struct buffer out = build("d", "");
    unsetenv("SOURCE_DATE_EPOCH");
    assert_int_equal(file_at(&out, 0)->mtime, 1000);
    assert_int_equal(file_at(&out, 1)->mtime, 10);
    buffer_free(&out);
}

static void two_files_at_one_path_are_refused(void **state)
{
    (void)state;
    struct filetree tree = {0};
    struct buffer out = {0};
    char one[512], two[512];
    make_file("e", "1", 0644, 1);
    make_file("f", "2", 0644, 1);
    in_folder(one, "e");
    in_folder(two, "f");
    assert_null(filetree_add(&tree, one, "/x/y"));
    assert_null(filetree_add(&tree, two, "/x/y"));
    assert_null(filetree_add(&tree, two, "/z"));
    char *wrong = filetree_build(&tree, &out);
    assert_string_equal(wrong, "two files would be /x/y in the guest");
    free(wrong);
    filetree_free(&tree);
    buffer_free(&out);
}

static void a_file_cannot_be_the_root(void **state)
{
    (void)state;
    struct filetree tree = {0};
    char path[512];
    make_file("g", "1", 0644, 1);
    in_folder(path, "g");
    char *wrong = filetree_add(&tree, path, "");
    assert_non_null(wrong);
    free(wrong);
    filetree_free(&tree);
}

static void guest_paths_are_cleaned(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/", ""},   {"/a", "/a"}, {"//a///b/", "/a/b"}, {"/./a/.", "/a"}, {"/..a", "/..a"},
        {"a", NULL}, {"", NULL},   {"/a/..", NULL},      {"/../a", NULL},  {"/a../b", "/a../b"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *clean = guest_path_clean(rows[i][0]);
        if (rows[i][1] == NULL) {
            assert_null(clean);
        } else {
            assert_string_equal(clean, rows[i][1]);
        }
        free(clean);
    }
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/filetree-XXXXXX", base != NULL ? base : "/tmp");
    unsetenv("SOURCE_DATE_EPOCH");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_is_sorted_and_has_all_parents),
        cmocka_unit_test(modes_and_times_of_the_host_do_not_matter),
        cmocka_unit_test(times_are_at_most_the_epoch_given),
        cmocka_unit_test(two_files_at_one_path_are_refused),
        cmocka_unit_test(a_file_cannot_be_the_root),
        cmocka_unit_test(guest_paths_are_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
