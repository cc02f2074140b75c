/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infopage.h - how dom0 lays out window slot 0 of a guest, and its first page (mayfly/info.h).
 *
 *   page 16     struct mf_info; arguments and environment; console rings; transmit queue
 *   page 17     receive queue
 *   page 18..   arguments and environment, when they are long; then packet buffers
 *   page 508..  the area of services and shares; page 34.. of a guest without a network, so that its
 *               window has few entries: each costs when it is made and when it goes
 *
 * A prototype per image holds all that does not depend on the guest, so that a start copies a few
 * hundred bytes and stores a few fields.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mayfly/abi.h"
#include "mayfly/info.h"
#include "net/plan.h"

#define INFO_STRINGS 512u /* in the page: arguments and environment, if they fit */
#define INFO_IN 1088u     /* console to the guest */
#define INFO_IN_BYTES 256u
#define INFO_TX (HV_INFO_PAGE + 1344u)
#define INFO_TX_SIZE 64u /* entries: 1676 bytes */
#define INFO_OUT 3072u   /* console from the guest */
#define INFO_OUT_BYTES 1024u
#define INFO_RX (HV_INFO_PAGE + HV_PAGE_BYTES)
#define INFO_RX_SIZE 128u /* entries: 3340 bytes */
#define INFO_REST (HV_INFO_PAGE + 2 * HV_PAGE_BYTES)
#define INFO_STRINGS_MAX_BYTES 65536u
#define INFO_MTU 1500

struct infopage {
    uint32_t strings_at, strings_bytes; /* window offset; args, then env */
    uint8_t page[INFO_IN];              /* struct mf_info, and the strings if they fit */
    char *strings;                      /* owns; when they do not */
};

struct info_strings {
    const char *args, *env; /* strings, each NUL-terminated, one behind the other */
    uint32_t arg_count, args_bytes, env_count, env_bytes;
};

/** Where the area of services and shares is in a window. */
static inline uint32_t infopage_area(bool network)
{
    return network ? HV_WINDOW_BYTES - MF_AREA_BYTES : INFO_REST + INFO_STRINGS_MAX_BYTES;
}

/** How many pages a window has, from HV_WINDOW0_SKIP on. */
static inline uint32_t infopage_pages(bool network)
{
    return (infopage_area(network) + MF_AREA_BYTES) / HV_PAGE_BYTES - HV_WINDOW0_SKIP;
}

/** The info page in a window. */
static inline struct mf_info *infopage_in(void *window)
{
    return (struct mf_info *)(void *)((uint8_t *)window + HV_INFO_PAGE);
}

/** What struct mf_console's flags say in all prototypes from now on: MF_CONSOLE_*. */
void infopage_set_console(uint32_t flags);

/**
 * Makes a prototype. Returns false when there is no memory, or the strings are longer than 64 KiB.
 */
bool infopage_make(struct infopage *proto, const struct plan *plan, const struct info_strings *s,
                   bool network);

void infopage_free(struct infopage *proto);

/* What differs from guest to guest. */
struct info_guest {
    uint32_t guest;                  /* number, for its addresses */
    uint32_t console_port, net_port; /* the guest's; MF_NO_PORT: none */
    uint64_t seed[4];                /* 32 fresh random bytes */
    const char *name;                /* 64 bytes */
    uint32_t generation;             /* one more in each clone of a running guest */
    uint64_t clock_offset_ns;        /* of its time */
    uint32_t pid;                    /* 0: has none of its own */
    bool is_ready;                   /* its parent has said so */
    bool has_network;
    uint64_t memory_bytes; /* its limit; 0: none */
};

/** Whether the machine has memory for what infopage_fill() and netback_open() write. */
bool infopage_touch(const struct infopage *proto, const void *window, bool network);

/** Fills in the info page of a guest whose window is at `window` (fresh, zero). */
void infopage_fill(const struct infopage *proto, void *window, const struct plan *plan,
                   const struct info_guest *g);
