/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack - a guest that does what it can to harm others. It never ends well.
 *
 *   attack hypercalls [SEED]   random hypercalls with random arguments
 *   attack net [SEED]          writes garbage into its network rings and kicks dom0
 *   attack console [SEED]      writes garbage into its console rings and kicks dom0
 *   attack window [SEED]       writes garbage into all of what it shares with dom0
 *   attack privileged          executes a privileged instruction
 *   attack service [SEED]      answers what dom0 asks for (files) with garbage, or not at all
 *   attack share [SEED]        asks dom0 for shares with garbage, and closes them
 *   attack flood               prints without end
 */
#include <stdbool.h>
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

/* Without end: dom0 asks when its user wants to know something. */
static void attack_service(volatile struct mf_info *info)
{
    volatile struct mf_service *const s = &info->service;
    const uint32_t port = info->control_port, area = info->area;

    for (;;) {
        if (s->asked != s->answered && next() % 8 != 0) {
            scribble(area, MF_AREA_BYTES);
            for (uint64_t at = 0; at < MF_AREA_DATA_BYTES && next() % 2 != 0; at += 256) {
                /* Entries that are nearly right. */
                volatile struct mf_service_entry *const e =
                    (volatile struct mf_service_entry *)(uintptr_t)(area + MF_AREA_DATA + at);
                e->entry_bytes = (uint16_t)(next() % 8 != 0 ? 256 : next());
                e->name_bytes = (uint16_t)(next() % 8 != 0 ? next() % 232 : next());
                e->mtime = (int64_t)next();
            }
            s->error = next() % 4 != 0 ? 0 : (int32_t)next();
            s->next = next() % 2 != 0 ? next() : next() % 20000;
            s->done = (uint32_t)(next() % 2 != 0 ? next() : next() % 20000);
            s->mode = (uint32_t)next();
            s->answered = next() % 8 != 0 ? s->asked : (uint32_t)next();
        }
        hv_event_send(port);
        hv_yield();
    }
}

static void attack_share(volatile struct mf_info *info)
{
    static const char *const texts[] = {"*:a", "share-1:a", "share-2:a", "share-3:a", ":",
                                        "a:",  ":a",        "*:",        "victim:a"};
    volatile struct mf_request *const r = &info->request;
    const uint32_t port = info->control_port;
    uint32_t number = 0;

    for (int round = 0; round < 20000; round++) {
        const char *const text = texts[next() % (sizeof(texts) / sizeof(texts[0]))];
        for (size_t i = 0; i < sizeof(r->text); i++) {
            r->text[i] = next() % 16 == 0 ? (char)next() : (i <= strlen(text) ? text[i] : 'x');
        }
        r->op = next() % 4 != 0 ? MF_REQUEST_SHARE : MF_REQUEST_SHARE_CLOSE;
        const bool is_plain = next() % 4 != 0;
        r->args[0] = r->op == MF_REQUEST_SHARE_CLOSE || !is_plain ? next() % 9 : 4096;
        r->args[1] = is_plain ? next() % MF_SHARES_MAX : interesting();
        if (next() % 4 == 0) {
            hv_window_close(HV_SELF, MF_SHARE_VA(next() % MF_SHARES_MAX));
        }
        r->asked = ++number;
        hv_event_send(port);
        for (int i = 0; i < 1000 && r->answered != number; i++) {
            hv_yield();
        }
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
    } else if (strcmp(how, "service") == 0) {
        attack_service(info);
    } else if (strcmp(how, "share") == 0) {
        attack_share(info);
    } else if (strcmp(how, "privileged") == 0) {
        __asm__ volatile("cli");
    } else if (strcmp(how, "flood") == 0) {
        for (;;) {
            printf("attack: all work and no play makes Jack a dull boy\n");
        }
    }
    hv_exit(0); /* directly: exit() would use what is broken now */
}
