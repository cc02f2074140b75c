/* SPDX-License-Identifier: Apache-2.0 */
/* room.c - see room.h. */
#include "guests/room.h"

#include <errno.h>
#include <stdint.h>

#include "mayfly/hypercall.h"
#include "mayfly/layout.h"

#define RESERVE_FRAMES 256u /* what no guest gets (hv's FRAME_RESERVE)... */
#define SPARE_FRAMES 128u   /* ...and some more, for page tables and what is not worth asking */
#define STACK_BYTES (64u * 1024) /* more than main's thread has ever used */

extern char __data_start[], _end[], __stack_top[], __cold_bss_start[];
void *__real_sbrk(ptrdiff_t increment);
void *__wrap_sbrk(ptrdiff_t increment);

bool room_is_there(size_t bytes)
{
    struct hv_machine_info info;
    const uint64_t frames = bytes / HV_PAGE_BYTES + RESERVE_FRAMES + SPARE_FRAMES;
    return hv_machine_info(&info) < 0 || info.free_frames >= frames;
}

/* Writing gives a page a frame of its own; reading would do with hv's page of zeros. */
static void populate(uintptr_t start, uintptr_t end)
{
    for (uintptr_t at = start; at < end; at = (at | (HV_PAGE_BYTES - 1)) + 1) {
        *(volatile char *)at = *(volatile char *)at;
    }
}

bool room_claim(void *p, size_t bytes)
{
    if (!room_is_there(bytes)) {
        return false;
    }
    populate((uintptr_t)p, (uintptr_t)p + bytes);
    return true;
}

void room_init(void)
{
    populate((uintptr_t)__stack_top - STACK_BYTES, (uintptr_t)__cold_bss_start);
    populate((uintptr_t)__data_start, (uintptr_t)_end);
}

/* In place of the runtime's (the linker's --wrap). */
void *__wrap_sbrk(ptrdiff_t increment)
{
    if (increment > 0 && !room_is_there((size_t)increment)) {
        errno = ENOMEM;
        return (void *)-1;
    }
    void *const start = __real_sbrk(increment);
    if (increment > 0 && start != (void *)-1) {
        populate((uintptr_t)start, (uintptr_t)start + (uintptr_t)increment);
    }
    return start;
}
