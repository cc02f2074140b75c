/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - see memory.h. Takes the place of lwIP's mem.c and memp.c. The free lists lie in the
 * free objects themselves; those of the packet area are thus in memory that dom0 can write: a guest
 * trusts its dom0.
 */
#include "net/memory.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/altcp.h"
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/opt.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcpip_priv.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "net/net.h"
#include "net/tcp_ack.h"

struct free_object {
    struct free_object *next;
};

/* ---- objects ------------------------------------------------------------------------------ */

#define CHUNK_BYTES 2000 /* with malloc's header less than half a page */

struct pool {
    struct free_object *free;
    uint32_t in_use;
};

static const uint16_t pool_object_bytes[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, size, desc) [MEMP_##name] = LWIP_MEM_ALIGN_SIZE(size),
#include "lwip/priv/memp_std.h"
};

static const uint32_t pool_limit[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, size, desc) [MEMP_##name] = (num),
#include "lwip/priv/memp_std.h"
};

static struct pool pools[MEMP_MAX];
static uint8_t *chunk_at; /* what is left of the newest chunk */
static size_t chunk_left;

void memp_init(void)
{
}

static void *carve(size_t bytes)
{
    if (bytes > chunk_left) {
        const size_t chunk_bytes = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        uint8_t *const chunk = malloc(chunk_bytes);
        if (chunk == NULL) {
            return NULL;
        }
        chunk_at = chunk;
        chunk_left = chunk_bytes;
    }
    void *const object = chunk_at;
    chunk_at += bytes;
    chunk_left -= bytes;
    return object;
}

void *memp_malloc(memp_t type)
{
    struct pool *const pool = &pools[type];
    void *object = pool->free;

    if (object != NULL) {
        pool->free = pool->free->next;
    } else {
        object = pool->in_use < pool_limit[type] ? carve(pool_object_bytes[type]) : NULL;
    }
    pool->in_use += object != NULL ? 1u : 0u;
    return object;
}

void memp_free(memp_t type, void *mem)
{
    struct free_object *const object = mem;

    if (type == MEMP_TCP_PCB) {
        mf_tcp_forget_ack(mem);
    }
    if (object != NULL) {
        object->next = pools[type].free;
        pools[type].free = object;
        pools[type].in_use--;
    }
}

uint32_t mf_net_objects_in_use(unsigned int type)
{
    return pools[type].in_use;
}

/* ---- packets ------------------------------------------------------------------------------ */

#define PAGE_BYTES 4096u
#define AREA_PAGES_MAX 512
#define SMALL_BYTES 512u
#define RUN_PAGES (MF_RUN_BYTES / PAGE_BYTES)

enum kind { LARGE = 0, SMALL, RUN, KINDS };

static struct packet_area {
    uint8_t *base; /* borrows */
    size_t bytes;
    uint32_t page_count;
    uint32_t fresh; /* pages from here on have never been used */
    uint8_t *half;  /* the second buffer of the newest page of large ones, never used; or NULL */
    struct free_object *free[KINDS];
    uint32_t run_count; /* free ones */
    bool is_forgotten;
    uint8_t kind[AREA_PAGES_MAX]; /* of the buffer that a page begins with */
} area;

static uint8_t *kind_of(const void *buffer)
{
    return &area.kind[(size_t)((const uint8_t *)buffer - area.base) / PAGE_BYTES];
}

COLD void mf_packet_area(void *base, size_t bytes)
{
    area.is_forgotten = false;
    area.fresh = 0;
    area.base = base;
    area.page_count = (uint32_t)(bytes / PAGE_BYTES);
    if (area.page_count > AREA_PAGES_MAX) {
        area.page_count = AREA_PAGES_MAX;
    }
    area.bytes = (size_t)area.page_count * PAGE_BYTES;
}

COLD void mf_packet_area_forget(void)
{
    area.is_forgotten = true;
    area.fresh = area.page_count;
    area.half = NULL;
    memset(area.free, 0, sizeof(area.free));
    area.run_count = 0;
    memset(area.kind, LARGE, sizeof(area.kind));
}

bool mf_packet_is_shared(const void *data, size_t bytes)
{
    const size_t offset = (size_t)((uintptr_t)data - (uintptr_t)area.base);
    return offset < area.bytes && bytes <= area.bytes - offset;
}

/*
 * The next unused page, or NULL. `reserve` pages are left alone: what is sent must not take the
 * buffers that packets are to be received in.
 */
static uint8_t *take_fresh_page(uint32_t reserve)
{
    if (area.page_count - area.fresh <= reserve) {
        return NULL;
    }
    return area.base + (size_t)PAGE_BYTES * area.fresh++;
}

/* A buffer that was never used is not touched here: what is posted to receive may stay so. */
static void *take_large(uint32_t reserve)
{
    struct free_object *const object = area.free[LARGE];
    uint8_t *buffer = area.half;

    if (object != NULL) {
        area.free[LARGE] = object->next;
        return object;
    }
    if (buffer != NULL) {
        area.half = NULL;
        return buffer;
    }
    buffer = take_fresh_page(reserve);
    area.half = buffer == NULL ? NULL : buffer + MF_PACKET_BYTES;
    return buffer;
}

static void *take_small(uint32_t reserve)
{
    struct free_object *object = area.free[SMALL];

    if (object == NULL) {
        uint8_t *const page = take_fresh_page(reserve);
        if (page == NULL) {
            return NULL;
        }
        *kind_of(page) = SMALL;
        for (uint32_t at = PAGE_BYTES; at > 0; at -= SMALL_BYTES) {
            object = (struct free_object *)(void *)(page + at - SMALL_BYTES);
            object->next = area.free[SMALL];
            area.free[SMALL] = object;
        }
    }
    area.free[SMALL] = object->next;
    return object;
}

/* What is behind the first five eighths of the area is for other sizes. */
static uint32_t fresh_runs(void)
{
    const uint32_t end = area.page_count / 8 * 5;
    return area.fresh < end ? (end - area.fresh) / RUN_PAGES : 0;
}

uint32_t mf_packet_runs_left(void)
{
    return area.run_count + fresh_runs();
}

void *mf_packet_alloc_run(void)
{
    struct free_object *const object = area.free[RUN];

    if (object != NULL) {
        area.free[RUN] = object->next;
        area.run_count--;
        return object;
    }
    if (fresh_runs() == 0) {
        return NULL;
    }
    uint8_t *const run = area.base + (size_t)PAGE_BYTES * area.fresh;
    area.fresh += RUN_PAGES;
    *kind_of(run) = RUN;
    return run;
}

void *mf_packet_alloc(void)
{
    return take_large(0);
}

void mf_packet_free(void *buffer)
{
    struct free_object *const object = buffer;
    const unsigned int kind = *kind_of(buffer);

    if (area.is_forgotten) {
        return;
    }
    area.run_count += kind == RUN;
    object->next = area.free[kind];
    area.free[kind] = object;
}

/* lwIP's heap: in this configuration only packets that are to be sent come from there. */

void mem_init(void)
{
}

void *mem_malloc(mem_size_t bytes)
{
    const uint32_t reserve = area.page_count / 4;
    void *p = NULL;

    if (bytes <= SMALL_BYTES) {
        p = take_small(reserve);
    } else if (bytes <= MF_PACKET_BYTES) {
        p = take_large(reserve);
    } else if (bytes <= MF_RUN_BYTES) {
        p = mf_packet_alloc_run();
    }
    return p != NULL ? p : malloc(bytes);
}

void mem_free(void *p)
{
    if (mf_packet_is_shared(p, 0)) {
        mf_packet_free(p);
    } else {
        free(p);
    }
}

void *mem_trim(void *p, mem_size_t bytes)
{
    (void)bytes;
    return p;
}

void *mem_calloc(mem_size_t count, mem_size_t bytes)
{
    void *const p = mem_malloc(count * bytes); /* lwIP's own sizes: no overflow */
    if (p != NULL) {
        memset(p, 0, count * bytes);
    }
    return p;
}
