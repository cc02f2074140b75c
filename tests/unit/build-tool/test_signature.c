// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/image.c build-tool/seal.c build-tool/buffer.c build-tool/alloc.c
// sources: dom0/images/signature.c tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -Idom0 -D_GNU_SOURCE
// libs: -lsodium
/*
 * test_signature.c - what the build tool signs is what dom0 accepts, and nothing else: no byte that
 * is loaded can be changed, and no file makes the reader leave it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <mayfly/image.h>
#include <mayfly/layout.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../dom0/images/signature.h"
#include "captured_report.h"
#include "image.h"
#include "seal.h"

#define MANIFEST "{\"name\":\"t\"}"

static struct seal_key key;
static struct buffer signed_image;

static struct buffer pack(void)
{
    static const struct mf_image_header header = {
        .magic = MF_IMAGE_MAGIC, .version = MF_IMAGE_VERSION, .runtime_version = "test"};
    static uint8_t text[0x1800], data[0x300];
    struct program program = {.entry = HV_IMAGE_BASE + 0x1000, .segments_count = 2};
    const struct buffer none = {0};
    struct buffer image = {0};
    memset(text, 0x90, sizeof(text));
    memset(data, 7, sizeof(data));
    memcpy(text, &header, sizeof(header));
    program.segments[0] =
        (struct segment){HV_IMAGE_BASE, sizeof(text), sizeof(text), PF_R | PF_X, text};
    program.segments[1] = (struct segment){0x400000, sizeof(data), 0x10000, PF_R | PF_W, data};
    const struct image_parts parts = {&program, MANIFEST, &none, &none};
    assert_null(image_pack(&parts, &image));
    return image;
}

/* Whether dom0 would start these bytes; a copy of exactly their size lets ASan see every overrun. */
static bool is_accepted(const uint8_t *bytes, size_t count)
{
    struct signature s;
    uint8_t *copy = malloc(count > 0 ? count : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    const bool accepted =
        signature_read(&s, copy, count) == NULL && signature_is_by(&s, copy, key.public);
    free(copy);
    return accepted;
}

static int make_signed(void **state)
{
    (void)state;
    if (sodium_init() < 0) {
        return -1;
    }
    crypto_sign_ed25519_keypair(key.public, key.secret);
    signed_image = pack();
    return seal_image(&signed_image, &key) == NULL ? 0 : -1;
}

static int drop_signed(void **state)
{
    (void)state;
    buffer_free(&signed_image);
    return 0;
}

static void an_image_is_accepted_once_it_is_signed(void **state)
{
    (void)state;
    struct buffer image = pack();
    struct signature before, after;
    assert_null(signature_read(&before, image.data, image.bytes));
    assert_false(before.is_signed);
    assert_false(is_accepted(image.data, image.bytes));
    assert_null(seal_image(&image, &key));
    assert_true(is_accepted(image.data, image.bytes));
    assert_null(signature_read(&after, image.data, image.bytes));
    assert_memory_equal(before.id, after.id, sizeof(before.id));
    buffer_free(&image);
}

static void another_key_does_not_fit(void **state)
{
    (void)state;
    struct seal_key other;
    struct signature s;
    crypto_sign_ed25519_keypair(other.public, other.secret);
    assert_null(signature_read(&s, signed_image.data, signed_image.bytes));
    assert_false(signature_is_by(&s, signed_image.data, other.public));

    /* Nor does our name over somebody else's signature. */
    struct buffer image = pack();
    assert_null(seal_image(&image, &other));
    memcpy(image.data + s.at, key.public, sizeof(key.public));
    assert_false(is_accepted(image.data, image.bytes));
    buffer_free(&image);
}

static bool is_loaded(const struct buffer *image, size_t at)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->data;
    const Elf64_Phdr *p = (const Elf64_Phdr *)(image->data + sizeof(*header));
    if (at < p[0].p_offset + p[0].p_filesz) {
        return true;
    }
    for (unsigned i = 1; i < header->e_phnum; i++) {
        if (at >= p[i].p_offset && at - p[i].p_offset < p[i].p_filesz) {
            return true;
        }
    }
    return false;
}

static void no_byte_that_is_loaded_can_be_changed(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t at = 0; at < signed_image.bytes; at += at < 1024 ? 1 : 37) {
        if (is_loaded(&signed_image, at)) {
            signed_image.data[at] ^= 0x10;
            assert_false(is_accepted(signed_image.data, signed_image.bytes));
            signed_image.data[at] ^= 0x10;
            tried++;
        }
    }
    assert_true(tried > 500);
    assert_true(is_accepted(signed_image.data, signed_image.bytes));
}

static void a_file_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < signed_image.bytes; bytes += bytes < 1024 ? 1 : 101) {
        assert_false(is_accepted(signed_image.data, bytes));
    }
}

static void broken_heads_are_refused_within_the_file(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t head[1024];
        const size_t bytes = sizeof(head) - (seed >> 60);
        memcpy(head, signed_image.data, sizeof(head));
        for (int k = 0; k < 3; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            head[(seed >> 33) % 600] = (uint8_t)(seed >> 20);
        }
        assert_false(is_accepted(head, bytes));
    }
}

static void keys_come_back_from_their_files(void **state)
{
    (void)state;
    struct seal_key made, read;
    uint8_t public[32];
    struct stat about;
    char path[300], pub[310];
    snprintf(path, sizeof(path), "%s/key", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    snprintf(pub, sizeof(pub), "%s.pub", path);
    assert_int_equal(seal_key_new(&made, path), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(seal_key_new(&read, path), -1); /* never over an older one */
    assert_int_equal(seal_key_load(&read, path), 0);
    assert_memory_equal(&made, &read, sizeof(made));
    assert_int_equal(seal_public_load(public, pub), 0);
    assert_memory_equal(public, made.public, sizeof(public));
    assert_int_equal(seal_key_load(&read, pub), -1);
    assert_string_equal(strstr(captured, " is no secret key"),
                        " is no secret key: make one with `mayfly key new FILE`");
    assert_int_equal(seal_public_load(public, path), -1);
    unlink(path);
    unlink(pub);
}

static void a_key_is_64_hexadecimal_digits(void **state)
{
    (void)state;
    static const char digits[] = "00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100";
    uint8_t public[32];
    assert_true(signature_parse_key(public, digits, 64));
    assert_int_equal(public[15], 0xff);
    assert_int_equal(public[16], 0xff);
    assert_false(signature_parse_key(public, digits, 63));
    assert_false(signature_parse_key(public, "x", 1));
    char wrong[65];
    memcpy(wrong, digits, sizeof(wrong));
    wrong[63] = 'g';
    assert_false(signature_parse_key(public, wrong, 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_accepted_once_it_is_signed),
        cmocka_unit_test(another_key_does_not_fit),
        cmocka_unit_test(no_byte_that_is_loaded_can_be_changed),
        cmocka_unit_test(a_file_that_is_cut_off_is_refused),
        cmocka_unit_test(broken_heads_are_refused_within_the_file),
        cmocka_unit_test(keys_come_back_from_their_files),
        cmocka_unit_test(a_key_is_64_hexadecimal_digits),
    };
    return cmocka_run_group_tests(tests, make_signed, drop_signed);
}
