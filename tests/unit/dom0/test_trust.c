// SPDX-License-Identifier: Apache-2.0
// sources: dom0/images/trust.c dom0/images/signature.c build-tool/image.c build-tool/seal.c
// sources: build-tool/buffer.c build-tool/alloc.c tests/unit/build-tool/captured_report.c
// cflags: -iquote build-tool -iquote dom0 -D_GNU_SOURCE -Idom0
// libs: -lsodium
// Which images dom0 starts: the list of keys from mayfly.conf and from the file `keys`.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <mayfly/layout.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../../../build-tool/image.h"
#include "boot.h"
#include "images/trust.h"
#include "mayfly/image.h"
#include "seal.h"

static char keys_file[512];
static uint32_t complaints, complaint_line;

struct boot_file boot_find(const char *name)
{
    assert_string_equal(name, "keys");
    return keys_file[0] == 0 ? (struct boot_file){0}
                             : (struct boot_file){name, keys_file, strlen(keys_file)};
}

static void complain(uint32_t line, const char *message)
{
    assert_non_null(message);
    complaint_line = line;
    complaints++;
}

static struct buffer make_image(const struct seal_key *key)
{
    static struct mf_image_header text = {.magic = MF_IMAGE_MAGIC, .version = MF_IMAGE_VERSION};
    struct program program = {.entry = HV_IMAGE_BASE, .segments_count = 1};
    const struct buffer none = {0};
    struct buffer image = {0};
    program.segments[0] = (struct segment){HV_IMAGE_BASE, sizeof(text), sizeof(text), PF_R | PF_X,
                                           (const uint8_t *)&text};
    const struct image_parts parts = {&program, "{}", &none, &none};
    assert_null(image_pack(&parts, &image));
    if (key != NULL) {
        assert_null(seal_image(&image, key));
    }
    return image;
}

static bool is_started(const struct seal_key *key)
{
    struct buffer image = make_image(key);
    const char *problem = trust_check(image.data, image.bytes);
    buffer_free(&image);
    return problem == NULL;
}

static void only_images_of_the_keys_are_started(void **state)
{
    (void)state;
    struct seal_key in_conf, in_file, other;
    char hex[SEAL_HEX_BYTES];
    struct conf c = {.require_signature = true, .key_count = 1};
    crypto_sign_ed25519_keypair(in_conf.public, in_conf.secret);
    crypto_sign_ed25519_keypair(in_file.public, in_file.secret);
    crypto_sign_ed25519_keypair(other.public, other.secret);
    memcpy(c.keys[0], in_conf.public, sizeof(c.keys[0]));
    seal_hex(in_file.public, hex);
    snprintf(keys_file, sizeof(keys_file), "# ours\n\n%s somebody\r\nnot a key\n", hex);
    complaints = 0;
    trust_init(&c, complain);
    assert_int_equal(complaints, 1);
    assert_int_equal(complaint_line, 4);
    assert_true(is_started(&in_conf));
    assert_true(is_started(&in_file));
    assert_false(is_started(&other));
    assert_false(is_started(NULL));
}

static void nothing_is_checked_unless_required(void **state)
{
    (void)state;
    const struct conf c = {.require_signature = false};
    keys_file[0] = 0;
    trust_init(&c, complain);
    assert_true(is_started(NULL));
}

static void without_keys_nothing_is_started(void **state)
{
    (void)state;
    struct seal_key key;
    const struct conf c = {.require_signature = true};
    crypto_sign_ed25519_keypair(key.public, key.secret);
    keys_file[0] = 0;
    trust_init(&c, complain);
    assert_false(is_started(&key));
    assert_false(is_started(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_images_of_the_keys_are_started),
        cmocka_unit_test(nothing_is_checked_unless_required),
        cmocka_unit_test(without_keys_nothing_is_started),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
