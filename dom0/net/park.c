/* SPDX-License-Identifier: Apache-2.0 */
/* park.c - see park.h. */
#include "net/park.h"

#include <string.h>

#include "guests/room.h"

#define SLICE 16u /* frames whose memory is asked for at a time */

_Static_assert(PARK_FRAMES % SLICE == 0, "slices cover all");

struct parked {
    uint32_t next; /* number + 1 */
    uint32_t bytes;
    bool needs_csum, csum_valid;
    uint16_t csum_start, csum_offset;
    uint8_t data[FRAME_MAX_BYTES];
};

static struct parked parked[PARK_FRAMES] __attribute__((section(".bss..cold.parked")));
static uint32_t free_first; /* number + 1; those that were in use */
static uint32_t fresh;      /* from here on they never were */
static uint32_t there;      /* up to here they have memory */
static uint32_t total;

static uint32_t take_free(void)
{
    const uint32_t number = free_first;

    if (number != 0) {
        free_first = parked[number - 1].next;
        return number;
    }
    if (fresh == there) {
        if (there == PARK_FRAMES || !room_claim(&parked[there], SLICE * sizeof(parked[0]))) {
            return 0;
        }
        there += SLICE;
    }
    return ++fresh;
}

bool park_put(struct park *p, const struct frame *f)
{
    const uint32_t number =
        p->count < PARK_FRAMES_EACH && frame_bytes(f) <= FRAME_MAX_BYTES ? take_free() : 0;
    if (number == 0) {
        return false;
    }
    struct parked *const to = &parked[number - 1];
    to->needs_csum = f->needs_csum;
    to->csum_valid = f->csum_valid;
    to->csum_start = f->csum_start;
    to->csum_offset = f->csum_offset;
    to->bytes = f->head_bytes;
    memcpy(to->data, f->head, f->head_bytes);
    for (uint32_t i = 0; i < f->rest_count; i++) {
        memcpy(to->data + to->bytes, f->rest[i].data, f->rest[i].bytes);
        to->bytes += f->rest[i].bytes;
    }
    *(p->count != 0 ? &parked[p->last - 1].next : &p->first) = number;
    p->last = number;
    p->count++;
    total++;
    return true;
}

bool park_first(const struct park *p, struct frame *f)
{
    if (p->count == 0) {
        return false;
    }
    struct parked *const from = &parked[p->first - 1];
    frame_reset(f, from->bytes < FRAME_HEAD_BYTES ? from->bytes : FRAME_HEAD_BYTES);
    memcpy(f->head, from->data, f->head_bytes);
    f->rest_bytes = from->bytes - f->head_bytes;
    f->rest_count = f->rest_bytes != 0;
    f->rest[0] = (struct virtq_piece){from->data + f->head_bytes, f->rest_bytes};
    f->needs_csum = from->needs_csum;
    f->csum_valid = from->csum_valid;
    f->csum_start = from->csum_start;
    f->csum_offset = from->csum_offset;
    return true;
}

void park_drop(struct park *p)
{
    if (p->count == 0) {
        return;
    }
    struct parked *const oldest = &parked[p->first - 1];
    const uint32_t number = p->first;
    p->first = oldest->next;
    p->count--;
    oldest->next = free_first;
    free_first = number;
    total--;
}

uint32_t park_clear(struct park *p)
{
    const uint32_t count = p->count;

    while (p->count != 0) {
        park_drop(p);
    }
    return count;
}

uint32_t park_total(void)
{
    return total;
}
