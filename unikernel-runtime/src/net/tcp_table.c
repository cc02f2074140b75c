/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_table.c - connections by their ends: a hash table with chains, which doubles when it gets full,
 * so that a packet's connection is found in the same time among ten and among ten thousand. Also
 * back links in lwIP's lists of connections. See lwip/lwip_hooks.h for who calls.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip_hooks.h"

#define FIRST_BITS 5 /* enough for most guests */
#define BITS_MAX 16

struct bucket {
    struct tcp_pcb *first;
};

static struct bucket first_table[1u << FIRST_BITS];

static struct tcp_table {
    struct bucket *bucket; /* 1 << bits; owns, but for first_table */
    unsigned int bits;
    uint32_t count;
    uint64_t key; /* odd and random: nobody can choose ends that collide */
} table = {.bucket = first_table, .bits = FIRST_BITS};

/* Do pcbs of this list have links of ours? Those that listen or are only bound do not. */
static bool is_of_connections(struct tcp_pcb **list)
{
    return list == &tcp_active_pcbs || list == &tcp_tw_pcbs;
}

static struct bucket *bucket_of(const ip_addr_t *remote, u16_t remote_port, u16_t local_port)
{
    uint64_t ends = (uint64_t)remote_port << 16 | local_port;

    if (IP_IS_V6(remote)) {
        const u32_t *const word = ip_2_ip6(remote)->addr;
        ends ^= (uint64_t)(word[0] ^ word[2]) << 32 ^ (uint64_t)word[3] << 27 ^ word[1];
    } else {
        ends ^= (uint64_t)ip4_addr_get_u32(ip_2_ip4(remote)) << 32;
    }
    return &table.bucket[(ends * table.key) >> (64 - table.bits)];
}

static void insert(struct tcp_pcb *pcb)
{
    struct bucket *const bucket = bucket_of(&pcb->remote_ip, pcb->remote_port, pcb->local_port);

    pcb->table_next = bucket->first;
    bucket->first = pcb;
}

/* Without memory the chains just get longer. */
static void grow(void)
{
    const unsigned int bits = table.bits + 1;
    struct bucket *const old = table.bucket;
    const uint32_t old_size = 1u << table.bits;
    struct bucket *const bucket = calloc((size_t)1 << bits, sizeof(*bucket));

    if (bucket == NULL) {
        return;
    }
    table.bucket = bucket;
    table.bits = bits;
    for (uint32_t i = 0; i < old_size; i++) {
        for (struct tcp_pcb *pcb = old[i].first, *next; pcb != NULL; pcb = next) {
            next = pcb->table_next;
            insert(pcb);
        }
    }
    if (old != first_table) {
        free(old);
    }
}

void mf_tcp_link(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    pcb->next = *list;
    *list = pcb;
    if (!is_of_connections(list)) {
        return;
    }
    pcb->list_previous = NULL;
    if (pcb->next != NULL) {
        pcb->next->list_previous = pcb;
    }
    while (table.key == 0) {
        table.key = ((uint64_t)LWIP_RAND() << 32 | LWIP_RAND()) | 1;
    }
    if (++table.count > 2u << table.bits && table.bits < BITS_MAX) {
        grow();
    }
    insert(pcb);
}

void mf_tcp_forget(struct tcp_pcb *pcb)
{
    struct tcp_pcb **link = &bucket_of(&pcb->remote_ip, pcb->remote_port, pcb->local_port)->first;

    while (*link != pcb) {
        link = &(*link)->table_next;
    }
    *link = pcb->table_next;
    table.count--;
    if (pcb->next != NULL) {
        pcb->next->list_previous = pcb->list_previous;
    }
}

void mf_tcp_unlink(struct tcp_pcb **list, struct tcp_pcb *pcb)
{
    struct tcp_pcb **link = list;

    if (is_of_connections(list)) {
        mf_tcp_forget(pcb);
        link = pcb->list_previous != NULL ? &pcb->list_previous->next : list;
    } else {
        while (*link != NULL && *link != pcb) {
            link = &(*link)->next;
        }
    }
    if (*link == pcb) {
        *link = pcb->next;
    }
    pcb->next = NULL;
}

struct tcp_pcb *mf_tcp_find(u16_t remote_port, u16_t local_port, int in_time_wait)
{
    struct tcp_pcb *pcb = bucket_of(ip_current_src_addr(), remote_port, local_port)->first;

    for (; pcb != NULL; pcb = pcb->table_next) {
        if (pcb->remote_port == remote_port && pcb->local_port == local_port &&
            (pcb->state == TIME_WAIT) == (in_time_wait != 0) &&
            ip_addr_cmp(&pcb->remote_ip, ip_current_src_addr()) &&
            ip_addr_cmp(&pcb->local_ip, ip_current_dest_addr())) {
            break;
        }
    }
    return pcb;
}
