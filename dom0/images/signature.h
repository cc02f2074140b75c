/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h - whether an image is what its signer made (mayfly/image.h): its layers have the
 * hashes that its head names, and the head is signed. Part of dom0 and of the build tool, so that
 * both give the same answer. SHA-256 and Ed25519 by libsodium.
 *
 * The file may hold anything: every offset is checked by subtraction, nothing is trusted. Cost: one
 * SHA-256 over the file, and one Ed25519 verification for each call of signature_is_by().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_KEY_BYTES 32
#define SIGNATURE_ID_BYTES 32

struct signature {
    uint8_t id[SIGNATURE_ID_BYTES];
    size_t at;      /* of struct mf_signature in the file */
    bool is_signed; /* something stands there; only signature_is_by() says that it is right */
    uint8_t key[SIGNATURE_KEY_BYTES]; /* whose it claims to be */
};

/**
 * Reads the image, whose `bytes` are at `file`, and compares every layer with its hash. Returns
 * NULL, or what is wrong with it (a constant that goes on after the image's name).
 */
const char *signature_read(struct signature *s, const void *file, size_t bytes);

/** Whether the image that was read into *s carries a valid signature of this public key. */
bool signature_is_by(const struct signature *s, const void *file,
                     const uint8_t key[SIGNATURE_KEY_BYTES]);

/** The message that is signed: MF_SIGNATURE_CONTEXT and the id. */
#define SIGNATURE_MESSAGE_BYTES 48
void signature_message(const struct signature *s, uint8_t message[SIGNATURE_MESSAGE_BYTES]);

/** Reads 64 hexadecimal digits. Returns false, and leaves `key` as it is, for anything else. */
bool signature_parse_key(uint8_t key[SIGNATURE_KEY_BYTES], const char *text, size_t length);
