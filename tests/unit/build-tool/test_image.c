// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/image.c build-tool/image_view.c build-tool/program.c
// sources: build-tool/symbols.c build-tool/buffer.c build-tool/alloc.c dom0/images/signature.c
// sources: tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -Idom0 -D_GNU_SOURCE
// libs: -lelf -ljansson -lsodium
/*
 * test_image.c - a packed image, read back with libelf, is what mayfly/image.h promises; damaged
 * images are refused, never followed out of the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gelf.h>
#include <mayfly/layout.h>
#include <mayfly/symtab.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captured_report.h"
#include "image.h"
#include "image_view.h"
#include "symbols.h"

#define DATA_VA 0x400000u
#define MANIFEST "{\"args\":[],\"env\":{},\"memory\":1048576,\"name\":\"t\",\"ports\":[]}"

static char path[300];
static uint8_t text[0x3000], data[0x4000];

/* Text of three pages, and data of four in the next 2 MiB: two zero pages, bytes, zeros. */
static struct program sample_program(void)
{
    static const struct mf_image_header header = {
        .magic = MF_IMAGE_MAGIC,
        .version = MF_IMAGE_VERSION,
        .runtime_version = "test",
    };
    struct program program = {.entry = HV_IMAGE_BASE + 0x1000, .segments_count = 2};
    memset(text, 0x90, sizeof(text));
    memcpy(text, &header, sizeof(header));
    memset(data, 0, sizeof(data));
    data[0x2001] = 7;
    program.segments[0] =
        (struct segment){HV_IMAGE_BASE, sizeof(text), sizeof(text), PF_R | PF_X, text};
    program.segments[1] = (struct segment){DATA_VA, sizeof(data), 0x10000, PF_R | PF_W, data};
    program.symbols_count = 3;
    program.symbols = calloc(3, sizeof(struct program_symbol));
    program.symbols[0] = (struct program_symbol){HV_IMAGE_BASE + 0x1000, "first", 3};
    program.symbols[1] = (struct program_symbol){HV_IMAGE_BASE + 0x1010, "second", 3};
    program.symbols[2] = (struct program_symbol){HV_IMAGE_BASE + 0x1100, "third", 3};
    return program;
}

static const char *pack(const struct program *program, size_t files_bytes, struct buffer *out)
{
    struct buffer symbols = {0}, files = {0};
    symbols_build(program, &symbols);
    if (files_bytes > 0) {
        const struct mf_files head = {MF_FILES_MAGIC, 0, files_bytes};
        buffer_append(&files, &head, sizeof(head));
        buffer_reserve(&files, files_bytes - sizeof(head));
    }
    const struct image_parts parts = {program, MANIFEST, &symbols, &files};
    const char *wrong = image_pack(&parts, out);
    buffer_free(&symbols);
    buffer_free(&files);
    return wrong;
}

static int view_bytes(struct image_view *view, const struct buffer *image)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite(image->data, 1, image->bytes, file);
    fclose(file);
    return image_view_load(view, path);
}

static struct buffer packed(size_t files_bytes)
{
    struct program program = sample_program();
    struct buffer image = {0};
    assert_null(pack(&program, files_bytes, &image));
    free(program.symbols);
    return image;
}

static void check_segment(const struct image_view *view, size_t index, uint64_t va,
                          uint64_t file_bytes, uint64_t memory_bytes, uint32_t flags)
{
    const struct segment *segment = &view->program.segments[index];
    assert_int_equal(segment->va, va);
    assert_int_equal(segment->file_bytes, file_bytes);
    assert_int_equal(segment->memory_bytes, memory_bytes);
    assert_int_equal(segment->flags, flags);
    assert_int_equal(((uintptr_t)segment->data - (uintptr_t)view->program.file.data) % 4096, 0);
}

static void segments_come_back(void **state)
{
    (void)state;
    struct buffer image = packed(0);
    struct image_view view;
    assert_int_equal(view_bytes(&view, &image), 0);
    assert_int_equal(view.program.entry, HV_IMAGE_BASE + 0x1000);
    assert_int_equal(view.program.segments_count, 4);
    check_segment(&view, 0, HV_IMAGE_BASE, sizeof(text), sizeof(text), PF_R | PF_X);
    /* Symbols beside the text; the two leading zero pages of data are not in the file. */
    check_segment(&view, 1, HV_IMAGE_BASE + 0x3000, view.header.symtab_bytes,
                  view.header.symtab_bytes, PF_R);
    check_segment(&view, 3, DATA_VA + 0x2000, 2, 0xe000, PF_R | PF_W);
    assert_int_equal(view.program.segments[2].file_bytes, 0);
    assert_int_equal(view.program.segments[2].memory_bytes, 0x2000);
    assert_int_equal(view.program.segments[3].data[1], 7);
    assert_string_equal(view.header.runtime_version, "test");
    image_view_free(&view);
    buffer_free(&image);
}

static void manifest_comes_back(void **state)
{
    (void)state;
    struct buffer image = packed(0);
    struct image_view view;
    assert_int_equal(view_bytes(&view, &image), 0);
    char *json = json_dumps(view.manifest, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(json, MANIFEST);
    free(json);
    image_view_free(&view);
    buffer_free(&image);
}

static void symbols_are_found_by_the_look_up_of_hv(void **state)
{
    (void)state;
    struct buffer image = packed(0);
    struct image_view view;
    uint64_t offset = 0;
    assert_int_equal(view_bytes(&view, &image), 0);
    const void *table = view.symbols;
    const uint64_t bytes = view.header.symtab_bytes;
    assert_null(mf_symtab_find(table, bytes, HV_IMAGE_BASE + 0xfff, &offset));
    assert_string_equal(mf_symtab_find(table, bytes, HV_IMAGE_BASE + 0x100f, &offset), "first");
    assert_int_equal(offset, 0xf);
    assert_string_equal(mf_symtab_find(table, bytes, HV_IMAGE_BASE + 0x1010, &offset), "second");
    assert_string_equal(mf_symtab_find(table, bytes, HV_IMAGE_BASE + 0x9999, &offset), "third");
    image_view_free(&view);
    buffer_free(&image);
}

/* The 2 MiB region of the writable part, its guard page included, is never used for anything
 * else. */
static void files_stay_out_of_the_writable_region(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, 0x1f9000, 0x1fa000, 0x1fb000, 0x400000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer image = packed(sizes[i]);
        struct image_view view;
        assert_int_equal(view_bytes(&view, &image), 0);
        const uint64_t start = view.header.files_va, end = start + sizes[i];
        assert_true(end <= DATA_VA - HV_PAGE_BYTES || start >= DATA_VA + 0x200000);
        assert_int_equal(start % HV_PAGE_BYTES, 0);
        assert_int_equal(view.header.files_bytes, sizes[i]);
        assert_int_equal(view.files->bytes, sizes[i]);
        image_view_free(&view);
        buffer_free(&image);
    }
}

static void same_input_gives_same_bytes(void **state)
{
    (void)state;
    struct buffer a = packed(5000), b = packed(5000);
    assert_int_equal(a.bytes, b.bytes);
    assert_memory_equal(a.data, b.data, a.bytes);
    buffer_free(&a);
    buffer_free(&b);
}

static void no_segment_is_writable_and_executable(void **state)
{
    (void)state;
    struct buffer image = packed(0);
    Elf64_Phdr *headers = (Elf64_Phdr *)(void *)(image.data + sizeof(Elf64_Ehdr));
    struct image_view view;
    headers[1].p_flags = PF_R | PF_W | PF_X;
    assert_int_equal(view_bytes(&view, &image), -1);
    assert_non_null(strstr(captured, "writable and executable"));
    buffer_free(&image);
}

static void a_program_without_header_is_refused(void **state)
{
    (void)state;
    struct program program = sample_program();
    struct buffer image = {0};
    text[0] = 0;
    assert_non_null(strstr(pack(&program, 0, &image), "no image header"));
    program.segments[0].va += HV_PAGE_BYTES;
    assert_non_null(strstr(pack(&program, 0, &image), "no image header"));
    free(program.symbols);
    buffer_free(&image);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Reads everything that inspect would read. The sanitizers say whether that stays in bounds. */
static size_t touch(const struct image_view *view)
{
    size_t sum = 0;
    for (size_t i = 0; i < view->program.segments_count; i++) {
        const struct segment *segment = &view->program.segments[i];
        sum += segment->file_bytes > 0 ? segment->data[segment->file_bytes - 1] : 0u;
    }
    const struct mf_file *files = (const struct mf_file *)(view->files + 1);
    for (uint32_t i = 0; view->files != NULL && i < view->files->count; i++) {
        sum += strlen((const char *)view->files + files[i].path);
    }
    uint64_t offset = 0;
    const char *name = mf_symtab_find(view->symbols, view->header.symtab_bytes, 0x203000, &offset);
    return sum + (name == NULL ? 0 : strlen(name));
}

static void damaged_images_are_never_followed_out_of_the_file(void **state)
{
    (void)state;
    struct buffer good = packed(8192);
    uint32_t seed = 1;
    size_t loaded = 0;
    for (int round = 0; round < 1000; round++) {
        struct buffer bad = {0};
        struct image_view view;
        buffer_append(&bad, good.data, good.bytes);
        for (uint32_t n = next_random(&seed) % 4 + 1; n > 0; n--) {
            /* Mostly in the headers: that is where offsets and sizes are. */
            const uint32_t where = next_random(&seed) % 4 == 0 ? (uint32_t)bad.bytes : 0x200;
            bad.data[next_random(&seed) % where] = (uint8_t)next_random(&seed);
        }
        if (next_random(&seed) % 8 == 0) {
            bad.bytes = next_random(&seed) % bad.bytes;
        }
        if (view_bytes(&view, &bad) == 0) {
            loaded += touch(&view) != SIZE_MAX;
            image_view_free(&view);
        }
        buffer_free(&bad);
    }
    assert_in_range(loaded, 10, 990);
    buffer_free(&good);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof(path), "%s/test-image-%d", base != NULL ? base : "/tmp", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_come_back),
        cmocka_unit_test(manifest_comes_back),
        cmocka_unit_test(symbols_are_found_by_the_look_up_of_hv),
        cmocka_unit_test(files_stay_out_of_the_writable_region),
        cmocka_unit_test(same_input_gives_same_bytes),
        cmocka_unit_test(no_segment_is_writable_and_executable),
        cmocka_unit_test(a_program_without_header_is_refused),
        cmocka_unit_test(damaged_images_are_never_followed_out_of_the_file),
    };
    const int status = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return status;
}
