/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - memory of the network stack: lwIP's objects and packets.
 *
 * Objects (connections, segments, pbuf headers, ...) are carved one by one from small chunks of the
 * heap and kept in a free list per type: no page is touched before it is needed.
 *
 * Packets come from the packet area, the part of the window that dom0's backend can read, so that
 * they are sent without a copy; from the heap when the area is full or there is none. Buffers are
 * of three sizes and reused last in, first out, so that a quiet guest touches few pages; of the
 * largest ones, for segments between guests, only the pages that are used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MF_PACKET_BYTES 2048 /* a large buffer of the packet area */
#define MF_RUN_BYTES 32768   /* the largest one: a run of pages */

/** Makes [base, base + bytes), fresh, the packet area. At most 2 MiB, page-aligned base. */
void mf_packet_area(void *base, size_t bytes);

/**
 * The packet area has been replaced by zeroes: until mf_packet_area() nothing comes from there, and
 * what is given back is not touched. lwIP may free packets that were there: one without references
 * is left alone.
 */
void mf_packet_area_forget(void);

/** A large buffer of the packet area, or NULL. Freed by mf_packet_free(). */
void *mf_packet_alloc(void);
void mf_packet_free(void *buffer);

/** A run of MF_RUN_BYTES, or NULL. Freed likewise. */
void *mf_packet_alloc_run(void);

/** How many runs there still are. */
uint32_t mf_packet_runs_left(void);

/** Do `bytes` at `data` lie in the packet area? */
bool mf_packet_is_shared(const void *data, size_t bytes);

/** Objects of lwIP's that are in use, by its memp_t: for tests. */
uint32_t mf_net_objects_in_use(unsigned int type);
