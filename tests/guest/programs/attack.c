/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack - a guest that does what it can to harm others. It never ends well.
 *
 *   attack hypercalls [SEED]   random hypercalls with random arguments
 *   attack net [SEED]          writes garbage into its network rings and kicks dom0
 *   attack console [SEED]      writes garbage into its console rings and kicks dom0
 *   attack window [SEED]       writes garbage into all of what it shares with dom0
 *   attack privileged          executes a privileged instruction
 *   attack flood               prints without end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "mayfly/info.h"

static uint64_t state;

static uint64_t next(void)
{
    state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t interesting(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0xfff,
                                      0x1000,
                                      0x10000,
                                      HV_HYPERCALL_PAGE,
                                      HV_IMAGE_BASE,
                                      HV_HEAP_BASE,
                                      HV_WINDOW_HIGH_VA,
                                      HV_GUEST_END,
                                      0xffffffff,
                                      0x800000000000,
                                      0xffff800000000000,
                                      0xffffffff80000000,
                                      UINT64_MAX};
    return next() % 3 == 0 ? next() : values[next() % (sizeof(values) / sizeof(values[0]))];
}

static void attack_hypercalls(void)
{
    for (int i = 0; i < 200000; i++) {
        const uint64_t number = next() % HC_COUNT;
        const uint64_t a0 = interesting();
        if (number == HC_EXIT || number == HC_MEM_UNMAP || number == HC_MEM_PROTECT ||
            number == HC_FAULT_RETURN || number == HC_SET_FS_BASE || number == HC_FAULT_HANDLER) {
            continue; /* they would only end this attack early */
        }
        hv_call((enum hv_hypercall)number, number == HC_EVENT_WAIT ? 0 : a0, interesting(),
                interesting(), interesting(), interesting());
    }
}

/* Scribbles [offset, offset + bytes) of the window: sparse, so that some of it stays plausible. */
static void scribble(uint64_t offset, uint64_t bytes)
{
    for (int i = 0; i < 64 && bytes >= 8; i++) {
        volatile uint32_t *word =
            (volatile uint32_t *)(uintptr_t)(offset + (next() % (bytes - 4) & ~3ull));
        *word = (uint32_t)(next() % 2 ? next() : next() % 4096);
    }
}

static void attack_net(const volatile struct mf_info *info)
{
    const struct mf_virtq queues[] = {info->net.rx, info->net.tx};
    for (int round = 0; round < 20000; round++) {
        for (int q = 0; q < 2; q++) {
            const uint64_t size = queues[q].size;
            scribble(queues[q].desc, size * 16);
            scribble(queues[q].avail, 6 + size * 2);
            scribble(queues[q].used, 6 + size * 8);
            *(volatile uint16_t *)(uintptr_t)(queues[q].avail + 2) = (uint16_t)next();
        }
        hv_event_send(info->net.port);
        hv_yield();
    }
}

static void attack_console(volatile struct mf_info *info)
{
    const uint32_t port = info->console.port;
    for (int round = 0; round < 20000; round++) {
        info->console.out.head = (uint32_t)next();
        info->console.out.tail = (uint32_t)next();
        info->console.in.head = (uint32_t)next();
        info->console.in.tail = (uint32_t)next();
        if (round > 1000) {
            info->console.out.offset = (uint32_t)next();
            info->console.out.bytes = (uint32_t)next();
            info->console.in.offset = (uint32_t)next();
            info->console.in.bytes = (uint32_t)next();
        }
        hv_event_send(port);
        hv_yield();
    }
}

static void attack_window(const volatile struct mf_info *info)
{
    const uint32_t net_port = info->net.port, console_port = info->console.port;
    const uint64_t end = (uint64_t)info->net.buffers + info->net.buffers_bytes;
    for (int round = 0; round < 20000; round++) {
        scribble(HV_INFO_PAGE, HV_PAGE_BYTES);
        scribble(HV_INFO_PAGE, end - HV_INFO_PAGE);
        hv_event_send(net_port);
        hv_event_send(console_port);
        hv_yield();
    }
}

int main(int argc, char **argv)
{
    volatile struct mf_info *info = (volatile struct mf_info *)HV_INFO_PAGE;
    const char *how = argc > 1 ? argv[1] : "";
    state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    printf("attack: %s begins\n", how);
    fflush(stdout);
    if (strcmp(how, "hypercalls") == 0) {
        attack_hypercalls();
    } else if (strcmp(how, "net") == 0) {
        attack_net(info);
    } else if (strcmp(how, "console") == 0) {
        attack_console(info);
    } else if (strcmp(how, "window") == 0) {
        attack_window(info);
    } else if (strcmp(how, "privileged") == 0) {
        __asm__ volatile("cli");
    } else if (strcmp(how, "flood") == 0) {
        for (;;) {
            printf("attack: all work and no play makes Jack a dull boy\n");
        }
    }
    hv_exit(0); /* directly: exit() would use what is broken now */
}
