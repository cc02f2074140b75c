/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c - see seal.h. */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <mayfly/image.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../dom0/images/signature.h"
#include "alloc.h"
#include "report.h"

#define SECRET_TAG "mayfly-secret-key 1 "

_Static_assert(sizeof(((struct seal_key *)0)->secret) == crypto_sign_ed25519_SECRETKEYBYTES, "");

void seal_hex(const uint8_t bytes[32], char text[SEAL_HEX_BYTES])
{
    sodium_bin2hex(text, SEAL_HEX_BYTES, bytes, 32);
}

int seal_hash_file(const char *path, char text[SEAL_HEX_BYTES])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct buffer file = {0};
    if (buffer_read_file(&file, path) != 0) {
        return -1;
    }
    crypto_hash_sha256(hash, file.data, file.bytes);
    seal_hex(hash, text);
    buffer_free(&file);
    return 0;
}

/* ---- files of keys ---------------------------------------------------------------------------- */

/* A new file, never one that is there already, which only its owner may read if `mode` says so. */
static int write_new(const char *path, mode_t mode, const struct buffer *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        report_error("cannot make %s: %s", path, strerror(errno));
        return -1;
    }
    const int failed = write(fd, text->data, text->bytes) != (ssize_t)text->bytes;
    if (close(fd) != 0 || failed) {
        report_error("cannot write %s: %s", path, strerror(errno));
        unlink(path);
        return -1;
    }
    return 0;
}

static int write_secret(const struct seal_key *key, const char *path)
{
    char seed[SEAL_HEX_BYTES], public[SEAL_HEX_BYTES];
    struct buffer text = {0};
    seal_hex(key->secret, seed); /* libsodium keeps the seed in the first half */
    seal_hex(key->public, public);
    buffer_append_text(&text, "# Signs images of Mayfly. Keep it to yourself; %s.pub is public.\n",
                       path);
    buffer_append_text(&text, SECRET_TAG "%s\n", seed);
    const int status = write_new(path, 0600, &text);
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(text.data, text.bytes);
    buffer_free(&text);
    return status;
}

static int write_public(const struct seal_key *key, const char *path)
{
    char public[SEAL_HEX_BYTES];
    char *file = alloc_format("%s.pub", path), *copy = alloc_copy(path);
    struct buffer text = {0};
    seal_hex(key->public, public);
    buffer_append_text(&text, "%s %s\n", public, basename(copy));
    const int status = write_new(file, 0644, &text);
    buffer_free(&text);
    free(copy);
    free(file);
    return status;
}

int seal_key_new(struct seal_key *key, const char *path)
{
    if (sodium_init() < 0) {
        report_error("no source of random numbers");
        return -1;
    }
    crypto_sign_ed25519_keypair(key->public, key->secret);
    if (write_secret(key, path) != 0) {
        return -1;
    }
    if (write_public(key, path) != 0) {
        unlink(path);
        return -1;
    }
    return 0;
}

/* The first line that is no comment, without its end; the end of the text if there is none. */
static const char *first_line(const struct buffer *file, size_t *length)
{
    const char *at = (const char *)file->data, *end = at + file->bytes;
    while (at < end) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        *length = (size_t)((next != NULL ? next : end) - at);
        if (*length > 0 && *at != '#') {
            return at;
        }
        at += *length + (next != NULL);
    }
    *length = 0;
    return at;
}

int seal_key_load(struct seal_key *key, const char *path)
{
    const size_t tag = strlen(SECRET_TAG);
    struct buffer file = {0};
    uint8_t seed[SIGNATURE_KEY_BYTES];
    size_t length = 0;
    if (buffer_read_file(&file, path) != 0) {
        return -1;
    }
    const char *line = first_line(&file, &length);
    const int is_key = length > tag && memcmp(line, SECRET_TAG, tag) == 0 &&
                       signature_parse_key(seed, line + tag, length - tag);
    if (is_key) {
        crypto_sign_ed25519_seed_keypair(key->public, key->secret, seed);
        sodium_memzero(seed, sizeof(seed));
    } else {
        report_error("%s is no secret key: make one with `mayfly key new FILE`", path);
    }
    sodium_memzero(file.data, file.bytes);
    buffer_free(&file);
    return is_key ? 0 : -1;
}

void seal_key_forget(struct seal_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

int seal_public_load(uint8_t public[32], const char *text)
{
    struct buffer file = {0};
    size_t length = 0;
    if (signature_parse_key(public, text, strlen(text))) {
        return 0;
    }
    if (buffer_read_file(&file, text) != 0) {
        return -1;
    }
    const char *line = first_line(&file, &length);
    const size_t digits = length < 2 * SIGNATURE_KEY_BYTES ? length : 2 * SIGNATURE_KEY_BYTES;
    const int is_key = signature_parse_key(public, line, digits);
    buffer_free(&file);
    if (!is_key) {
        report_error("%s is no public key: 64 hexadecimal digits, or the file FILE.pub of `mayfly "
                     "key new FILE`",
                     text);
    }
    return is_key ? 0 : -1;
}

/* ---- images --------------------------------------------------------------------------------- */

const char *seal_image(struct buffer *image, const struct seal_key *key)
{
    uint8_t message[SIGNATURE_MESSAGE_BYTES];
    struct mf_signature made;
    struct signature s;
    const char *wrong = signature_read(&s, image->data, image->bytes);
    if (wrong != NULL) {
        return wrong;
    }
    signature_message(&s, message);
    memcpy(made.key, key->public, sizeof(made.key));
    crypto_sign_ed25519_detached(made.signature, NULL, message, sizeof(message), key->secret);
    memcpy(image->data + s.at, &made, sizeof(made));
    return NULL;
}
