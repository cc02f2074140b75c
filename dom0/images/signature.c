/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - see signature.h. */
#include "images/signature.h"

#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

#include "mayfly/elf.h"
#include "mayfly/image.h"

_Static_assert(sizeof(struct mf_layer) == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(SIGNATURE_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "Ed25519");

static const char *const NOT_MADE_SO = "has no hashes and no signature: build it again";
static const char *const NOT_WHOLE = "is damaged: the file is not whole";

/* The head of an image, once it has been found to be within the file. */
struct head {
    const uint8_t *file;
    size_t bytes; /* of the file */
    struct elf_header elf;
    size_t end; /* of the head */
    size_t layers, layer_count;
    size_t signature;
};

static bool lies_within(uint64_t offset, uint64_t bytes, uint64_t all)
{
    return offset <= all && bytes <= all - offset;
}

static struct elf_phdr program_header(const struct head *h, uint32_t index)
{
    struct elf_phdr p;
    memcpy(&p, h->file + sizeof(h->elf) + index * sizeof(p), sizeof(p));
    return p;
}

/* ---- the notes ---------------------------------------------------------------------------- */

static void take_note(struct head *h, const struct elf_note *note, size_t at)
{
    if (note->type == MF_NOTE_LAYERS && h->layers == 0 &&
        note->desc_bytes % sizeof(struct mf_layer) == 0) {
        h->layers = at;
        h->layer_count = note->desc_bytes / sizeof(struct mf_layer);
    }
    if (note->type == MF_NOTE_SIGNATURE && h->signature == 0 &&
        note->desc_bytes == sizeof(struct mf_signature)) {
        h->signature = at;
    }
}

static bool read_notes(struct head *h, size_t at)
{
    while (at < h->end) {
        struct elf_note note;
        if (!lies_within(at, sizeof(note), h->end)) {
            return false;
        }
        memcpy(&note, h->file + at, sizeof(note));
        const uint64_t name = at + sizeof(note);
        const uint64_t text = name + (((uint64_t)note.name_bytes + 3) & ~3ull);
        const uint64_t next = text + (((uint64_t)note.desc_bytes + 3) & ~3ull);
        if (next > h->end) {
            return false;
        }
        if (note.name_bytes == sizeof(MF_NOTE_NAME) &&
            memcmp(h->file + name, MF_NOTE_NAME, sizeof(MF_NOTE_NAME)) == 0) {
            take_note(h, &note, text);
        }
        at = next;
    }
    return true;
}

/* ---- the head ----------------------------------------------------------------------------- */

/*
 * Everything that says how to load the image has to lie in the head: nothing but one PT_NOTE, the
 * first, right behind the program headers, and PT_LOADs.
 */
static const char *read_head(struct head *h, const void *file, size_t bytes)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    *h = (struct head){.file = file, .bytes = bytes};
    if (bytes < sizeof(h->elf)) {
        return "is no image";
    }
    memcpy(&h->elf, file, sizeof(h->elf));
    const uint64_t headers = (uint64_t)h->elf.phnum * sizeof(struct elf_phdr);
    if (memcmp(h->elf.ident, magic, sizeof(magic)) != 0) {
        return "is no image";
    }
    if (h->elf.phoff != sizeof(h->elf) || h->elf.phentsize != sizeof(struct elf_phdr) ||
        h->elf.phnum < 2) {
        return NOT_MADE_SO;
    }
    if (!lies_within(sizeof(h->elf), headers, bytes)) {
        return NOT_WHOLE;
    }
    const struct elf_phdr notes = program_header(h, 0);
    if (notes.type != PT_NOTE || notes.offset != sizeof(h->elf) + headers) {
        return NOT_MADE_SO;
    }
    if (!lies_within(notes.offset, notes.filesz, bytes)) {
        return NOT_WHOLE;
    }
    h->end = notes.offset + notes.filesz;
    if (!read_notes(h, notes.offset) || h->signature == 0 || h->layers == 0 ||
        h->layer_count != h->elf.phnum - 1u) {
        return NOT_MADE_SO;
    }
    return NULL;
}

static const char *check_layers(const struct head *h)
{
    for (uint32_t i = 0; i < h->layer_count; i++) {
        const struct elf_phdr p = program_header(h, i + 1);
        struct mf_layer is;
        if (p.type != PT_LOAD || (p.filesz > 0 && p.offset < h->end)) {
            return NOT_MADE_SO;
        }
        if (!lies_within(p.offset, p.filesz, h->bytes)) {
            return NOT_WHOLE;
        }
        crypto_hash_sha256(is.sha256, h->file + p.offset, p.filesz);
        if (memcmp(&is, h->file + h->layers + i * sizeof(is), sizeof(is)) != 0) {
            return "is damaged: a layer does not have the hash that its head names";
        }
    }
    return NULL;
}

/* ---- for callers ---------------------------------------------------------------------------- */

static void make_id(struct signature *s, const struct head *h)
{
    static const struct mf_signature zeros;
    const size_t behind = h->signature + sizeof(zeros);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, h->file, h->signature);
    crypto_hash_sha256_update(&state, (const uint8_t *)&zeros, sizeof(zeros));
    crypto_hash_sha256_update(&state, h->file + behind, h->end - behind);
    crypto_hash_sha256_final(&state, s->id);
}

const char *signature_read(struct signature *s, const void *file, size_t bytes)
{
    static const struct mf_signature zeros;
    struct head h;
    const char *wrong = read_head(&h, file, bytes);
    if (wrong == NULL) {
        wrong = check_layers(&h);
    }
    if (wrong != NULL) {
        return wrong;
    }
    *s = (struct signature){.at = h.signature};
    s->is_signed = memcmp(h.file + h.signature, &zeros, sizeof(zeros)) != 0;
    memcpy(s->key, h.file + h.signature, sizeof(s->key));
    make_id(s, &h);
    return NULL;
}

void signature_message(const struct signature *s, uint8_t message[SIGNATURE_MESSAGE_BYTES])
{
    memcpy(message, MF_SIGNATURE_CONTEXT, sizeof(MF_SIGNATURE_CONTEXT));
    memcpy(message + sizeof(MF_SIGNATURE_CONTEXT), s->id, sizeof(s->id));
}

bool signature_is_by(const struct signature *s, const void *file,
                     const uint8_t key[SIGNATURE_KEY_BYTES])
{
    struct mf_signature there;
    uint8_t message[SIGNATURE_MESSAGE_BYTES];
    memcpy(&there, (const uint8_t *)file + s->at, sizeof(there));
    if (!s->is_signed || memcmp(there.key, key, sizeof(there.key)) != 0) {
        return false;
    }
    signature_message(s, message);
    return crypto_sign_ed25519_verify_detached(there.signature, message, sizeof(message), key) == 0;
}

bool signature_parse_key(uint8_t key[SIGNATURE_KEY_BYTES], const char *text, size_t length)
{
    uint8_t bytes[SIGNATURE_KEY_BYTES] = {0};
    if (length != 2 * SIGNATURE_KEY_BYTES) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return false;
        }
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | digit);
    }
    memcpy(key, bytes, sizeof(bytes));
    return true;
}
