/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - keys, and signing images with them (mayfly/image.h; Ed25519 by libsodium). Checking a
 * signature is dom0's own code, dom0/images/signature.h.
 *
 * A key's file holds one line, `mayfly-secret-key 1 SEED` (64 hexadecimal digits), beside it FILE.pub
 * the public key: a line for dom0's list of keys. Lines that start with `#` are comments.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define SEAL_HEX_BYTES 65 /* of a key or id as text, with its NUL */

struct seal_key {
    uint8_t secret[64];
    uint8_t public[32];
};

/** Makes a new key and the files `path` (mode 0600) and `path`.pub; -1 (reported) if either exists. */
int seal_key_new(struct seal_key *key, const char *path);

/** Reads a secret key; -1 (reported) when it is none. End with seal_key_forget(). */
int seal_key_load(struct seal_key *key, const char *path);

/** Overwrites it. */
void seal_key_forget(struct seal_key *key);

/**
 * A public key from 64 hexadecimal digits, or from the first line of a file that starts with them
 * (FILE.pub). Returns -1 (reported) for anything else.
 */
int seal_public_load(uint8_t public[32], const char *text);

/** Signs the image, in place of an older signature. Returns NULL, or what is wrong with it. */
const char *seal_image(struct buffer *image, const struct seal_key *key);

/** 32 bytes as hexadecimal digits. */
void seal_hex(const uint8_t bytes[32], char text[SEAL_HEX_BYTES]);

/** The SHA-256 of a file as hexadecimal digits; -1 (reported) when it cannot be read. */
int seal_hash_file(const char *path, char text[SEAL_HEX_BYTES]);
