/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attack - a guest that does what it can to harm others. It never ends well.
 *
 *   attack hypercalls [SEED]   random hypercalls with random arguments
 *   attack net [SEED]          writes garbage into its network rings and kicks dom0
 *   attack console [SEED]      writes garbage into its console rings and kicks dom0
 *   attack window [SEED]       writes garbage into all of what it shares with dom0
 *   attack deaf ADDRESS        has another guest answer, and never makes room for the answers
 *   attack privileged          executes a privileged instruction
 *   attack service [SEED]      answers what dom0 asks for (files) with garbage, or not at all
 *   attack share [SEED]        asks dom0 for shares with garbage, and closes them
 *   attack late                asks for what takes memory when it is told to end (SIGTERM)
 *   attack family [SEED]       forks, pipes, signals with garbage, also in the family's window
 *   attack flood               prints without end
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mayfly/family.h"
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

static uint16_t sum(const uint8_t *p, size_t bytes)
{
    uint32_t s = 0;
    for (size_t i = 0; i < bytes; i += 2) {
        s += (uint32_t)(p[i] << 8 | p[i + 1]);
    }
    s = (s & 0xffff) + (s >> 16);
    return (uint16_t) ~((s & 0xffff) + (s >> 16));
}

#define ECHO_BYTES 42 /* Ethernet, IPv4, ICMP */

static void make_echo(volatile uint8_t *at, const volatile struct mf_net *net, const uint8_t to[4])
{
    uint8_t f[12 + ECHO_BYTES] = {0};
    uint8_t *const ip = f + 26, *const icmp = f + 46;

    for (int i = 0; i < 6; i++) {
        f[12 + i] = net->gateway_mac[i];
        f[18 + i] = net->mac[i];
    }
    f[24] = 8; /* IPv4 */
    ip[0] = 0x45;
    ip[3] = ECHO_BYTES - 14;
    ip[8] = 64;
    ip[9] = 1;
    for (int i = 0; i < 4; i++) {
        ip[12 + i] = net->ip4[i];
        ip[16 + i] = to[i];
    }
    icmp[0] = 8; /* echo request */
    const uint16_t ip_sum = sum(ip, 20), icmp_sum = sum(icmp, 8);
    ip[10] = (uint8_t)(ip_sum >> 8);
    ip[11] = (uint8_t)ip_sum;
    icmp[2] = (uint8_t)(icmp_sum >> 8);
    icmp[3] = (uint8_t)icmp_sum;
    for (size_t i = 0; i < sizeof(f); i++) {
        at[i] = f[i];
    }
}

struct descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
};

/* The runtime never runs again, so nothing is ever taken out of the receive queue. */
static void attack_deaf(const volatile struct mf_info *info, const char *target)
{
    const struct mf_virtq q = info->net.tx;
    volatile struct descriptor *const d = (volatile struct descriptor *)(uintptr_t)q.desc;
    volatile uint16_t *const avail = (volatile uint16_t *)(uintptr_t)q.avail;
    const uint32_t at = info->net.buffers + info->net.buffers_bytes - 4096;
    const uint32_t port = info->net.port;
    uint8_t to[4];
    char *dot = (char *)(uintptr_t)target;

    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)strtoul(dot, &dot, 10);
        dot++;
    }
    make_echo((volatile uint8_t *)(uintptr_t)at, &info->net, to);
    for (;;) {
        struct timespec now;
        uint32_t tag;
        clock_gettime(CLOCK_MONOTONIC, &now);
        for (int i = 0; i < 8; i++) {
            const uint16_t n = avail[1];
            d[n % q.size] = (struct descriptor){at, 12 + ECHO_BYTES, 0, 0};
            avail[2 + n % q.size] = n % q.size;
            __atomic_store_n(&avail[1], (uint16_t)(n + 1), __ATOMIC_RELEASE);
        }
        hv_event_send(port);
        hv_event_wait((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + 1000000, &tag);
    }
}

/* Returns the error that dom0 answers with; 1: it does not answer. */
static int32_t ask(volatile struct mf_info *info, uint32_t op, uint64_t arg0, uint64_t arg1)
{
    static const char text[] = "*:late";
    volatile struct mf_request *const r = &info->request;
    const uint32_t number = r->asked + 1;

    for (size_t i = 0; i < sizeof(text); i++) {
        r->text[i] = text[i];
    }
    r->op = op;
    r->args[0] = arg0;
    r->args[1] = arg1;
    r->asked = number;
    hv_event_send(info->control_port);
    for (int i = 0; i < 1000000 && r->answered != number; i++) {
        hv_yield();
    }
    return r->answered == number ? r->error : 1;
}

/* Children go on in here as well. */
static void attack_family(volatile struct mf_info *info)
{
    static const uint32_t ops[] = {MF_REQUEST_WAIT,  MF_REQUEST_KILL,  MF_REQUEST_KILL,
                                   MF_REQUEST_PIPE,  MF_REQUEST_PIPE,  MF_REQUEST_FORK,
                                   MF_REQUEST_FILES, MF_REQUEST_LINGER};
    bool has_window = false, has_files = false;

    for (int round = 0; round < 1000; round++) {
        const uint32_t op = ops[next() % (sizeof(ops) / sizeof(ops[0]))];
        const bool is_plain = next() % 4 != 0;
        uint64_t arg0 = is_plain ? next() % 16 : interesting();
        const uint64_t arg1 = is_plain ? next() % 20 : interesting();
        if (op == MF_REQUEST_PIPE && is_plain) {
            arg0 = MF_PIPE_CHUNK << arg0 % 3;
        }
        const uint32_t pid = info->process.pid;
        const int32_t error = ask(info, op, arg0, arg1);
        has_window |= op == MF_REQUEST_PIPE && error == 0;
        has_files |= op == MF_REQUEST_FILES && error == 0;
        if (info->process.pid != pid && pid != 0) { /* a child that is no user has none */
            has_files = has_files && arg0 != 0 && arg0 < MF_FILES_USERS;
        }
        if (op == MF_REQUEST_FORK) { /* a child's numbers are others; it has the window, too */
            state += info->process.pid;
        }
        if (has_window) {
            scribble(MF_FAMILY_VA, next() % 8 == 0 ? MF_PIPE_DATA : sizeof(uint64_t[16]));
        }
        if (has_files) {
            scribble(MF_FILES_VA, offsetof(struct mf_files_window, calls));
        }
        info->process.end_signal = (uint32_t)next();
        info->process.flags = (uint32_t)next() % 4;
    }
}

static volatile sig_atomic_t is_told;

static void told(int signal)
{
    is_told = signal;
}

/* Nothing in here takes memory when it happens for the second time. */
static void attack_late(volatile struct mf_info *info)
{
    signal(SIGTERM, told);
    raise(SIGTERM);
    printf("attack: late waits: %d\n", (int)ask(info, MF_REQUEST_ECHO, 0, 0));
    fflush(stdout);
    for (is_told = 0; !is_told;) {
        pause();
    }
    const int share = (int)ask(info, MF_REQUEST_SHARE, 4096, 0);
    const int pipe = (int)ask(info, MF_REQUEST_PIPE, 0x4000, 3);
    printf("attack: late share %d pipe %d\n", share, pipe);
    fflush(stdout);
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
    } else if (strcmp(how, "deaf") == 0 && argc > 2) {
        attack_deaf(info, argv[2]);
    } else if (strcmp(how, "late") == 0) {
        attack_late(info);
    } else if (strcmp(how, "family") == 0) {
        attack_family(info);
    } else if (strcmp(how, "privileged") == 0) {
        __asm__ volatile("cli");
    } else if (strcmp(how, "flood") == 0) {
        for (;;) {
            printf("attack: all work and no play makes Jack a dull boy\n");
        }
    }
    hv_exit(0); /* directly: exit() would use what is broken now */
}
