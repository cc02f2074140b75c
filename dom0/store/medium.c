/* SPDX-License-Identifier: Apache-2.0 */
/* medium.c - see medium.h. */
#include "store/medium.h"

#include <inttypes.h>
#include <sodium/crypto_hash_sha256.h>

#include "devices/virtio_blk.h"
#include "guests/room.h"
#include "store/pause.h"
#include "text/term.h"

#define HASH_BYTES 65536u /* at a time */

struct image_hash {
    bool is_known;
    uint8_t hash[crypto_hash_sha256_BYTES];
};

static struct catalogue catalogue __attribute__((section(".bss..cold.catalogue")));
static struct image_hash hashes[HV_MODULES_MAX] __attribute__((section(".bss..cold.hashes")));

static const char *format(struct disk *d)
{
    const char *const problem = catalogue_format(&catalogue, d);
    if (problem == NULL) {
        term_printf("The disk was blank: it is the store for templates now, of %" PRIu64 " MiB.\n",
                    d->blocks * DISK_BLOCK_BYTES >> 20);
    }
    return problem;
}

const char *medium_open(struct catalogue **out)
{
    const char *problem =
        "this machine has no virtio disk; start it with `mayfly run --disk FILE:SIZE`";
    static bool has_room;
    struct disk *disk, *blank = NULL;
    enum store_disk what;

    *out = &catalogue;
    has_room = has_room || room_claim(&catalogue, sizeof(catalogue));
    if (!has_room) {
        return "the machine has no memory left for the list of what is saved";
    }
    for (uint32_t i = 0;; i++) {
        const char *const driver = virtio_blk_open(i, &disk);
        if (driver != NULL) {
            return driver;
        }
        if (disk == NULL) {
            break;
        }
        const char *const found = catalogue_open(&catalogue, disk, &what);
        if (what == STORE_DISK_OURS) {
            return found;
        }
        problem = found;
        blank = what == STORE_DISK_BLANK && blank == NULL ? disk : blank;
    }
    return blank != NULL ? format(blank) : problem;
}

const uint8_t *medium_image_hash(const struct image *image)
{
    struct image_hash *const h = &hashes[image - image_at(0)];
    const uint8_t *const data = image->file.data;
    crypto_hash_sha256_state state;

    if (h->is_known) {
        return h->hash;
    }
    crypto_hash_sha256_init(&state);
    for (uint64_t at = 0; at < image->file.bytes; at += HASH_BYTES) {
        const uint64_t left = image->file.bytes - at;
        crypto_hash_sha256_update(&state, data + at, left < HASH_BYTES ? left : HASH_BYTES);
        pause_here(0);
    }
    crypto_hash_sha256_final(&state, h->hash);
    h->is_known = true;
    return h->hash;
}
