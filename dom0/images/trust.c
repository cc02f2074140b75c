/* SPDX-License-Identifier: Apache-2.0 */
/* trust.c - see trust.h. */
#include "images/trust.h"

#include <string.h>

#include "boot.h"
#include "images/signature.h"

#define KEYS_NAME "keys"

static bool is_required;
static uint8_t keys[CONF_KEYS_MAX][SIGNATURE_KEY_BYTES];
static uint32_t key_count;

/* A line of the file: KEY, and anything behind a blank. Returns NULL, or what is wrong. */
static const char *take_line(const char *line, size_t length)
{
    size_t digits = 0;
    while (digits < length && line[digits] != ' ' && line[digits] != '\t' && line[digits] != '\r') {
        digits++;
    }
    if (digits == 0 || line[0] == '#') {
        return NULL;
    }
    if (key_count == CONF_KEYS_MAX) {
        return "too many keys";
    }
    if (!signature_parse_key(keys[key_count], line, digits)) {
        return "the file `keys`: a line starts with the 64 hexadecimal digits of a key";
    }
    key_count++;
    return NULL;
}

static void take_file(const char *text, size_t bytes, conf_complain_t complain)
{
    uint32_t number = 0;
    while (bytes > 0) {
        const char *end = memchr(text, '\n', bytes);
        const size_t length = end == NULL ? bytes : (size_t)(end - text);
        const char *problem = take_line(text, length);
        number++;
        if (problem != NULL) {
            complain(number, problem);
        }
        text += length + (end != NULL);
        bytes -= length + (end != NULL);
    }
}

void trust_init(const struct conf *c, conf_complain_t complain)
{
    const struct boot_file file = boot_find(KEYS_NAME);
    is_required = c->require_signature;
    key_count = c->key_count;
    memcpy(keys, c->keys, sizeof(keys));
    if (file.data != NULL) {
        take_file(file.data, file.bytes, complain);
    }
}

const char *trust_check(const void *file, size_t bytes)
{
    struct signature s;
    if (!is_required) {
        return NULL;
    }
    const char *problem = signature_read(&s, file, bytes);
    if (problem != NULL) {
        return problem;
    }
    if (!s.is_signed) {
        return "is not signed, and mayfly.conf says require-signature = yes";
    }
    for (uint32_t i = 0; i < key_count; i++) {
        if (memcmp(keys[i], s.key, sizeof(s.key)) == 0) {
            return signature_is_by(&s, file, keys[i]) ? NULL : "has a signature that is not valid";
        }
    }
    return "is signed by a key that is not in the list of accepted keys";
}
