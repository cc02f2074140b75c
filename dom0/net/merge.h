/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge.h - segments of one TCP connection that come in from outside one behind the other, put
 * together to one large frame for a guest that takes such ones: what a guest does for each frame is
 * most of what receiving costs it.
 *
 * Merged are segments with data that differ, of all that counts, in nothing but the sequence number,
 * which is the next one, PSH, and what they acknowledge, which is not less, with the window: the last
 * one's counts. Their checksums are right: that is looked at here, once there is a second segment, and
 * the guest is told that it need not look. Everything else passes as it came, and no two frames of a
 * connection change places.
 *
 * Of confirmations without data that follow each other, each of which confirms more than the one
 * before it, only the last is left.
 *
 * What is kept is borrowed: the first frame, and the data of the others where it lies.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"

#define MERGE_MAX VIRTQ_CHAIN_MAX /* segments */
#define MERGE_HEADER_BYTES 94

struct merge {
    struct frame *first;   /* NULL: nothing is kept */
    uint32_t guest;        /* whom it is for */
    uint32_t count;        /* segments; 1: the first is as it came */
    uint32_t next;         /* sequence number */
    uint32_t header_bytes; /* 0: a confirmation */
    bool is_checked;       /* the first segment's checksum */
    uint8_t
        came[MERGE_HEADER_BYTES]; /* headers as they came, before the switch rewrote the first's */
};

/**
 * Whether others may go on where `f` ends, which is as it came: then it takes note of its headers.
 * Nothing is kept.
 */
bool merge_may_begin(struct merge *m, const struct frame *f);

/** Keeps that frame, of which the switch says that it is for `guest`. */
void merge_begin(struct merge *m, struct frame *f, uint32_t guest);

/**
 * Adds `f`, which is as it came, to what is kept, if it goes on where that ends: what the switch said
 * of the first one goes for it, too.
 */
bool merge_add(struct merge *m, const struct frame *f);

/** Whether m->first consists of several that merge_finish() and merge_segment() know. */
static inline bool merge_is_large(const struct merge *m)
{
    return m->count > 1 && m->header_bytes != 0;
}

/** Makes m->first, which is large, a frame: its lengths and checksums. */
void merge_finish(struct merge *m);

/** After merge_finish(): makes *f segment `i` alone, for a receiver without room for all of them. */
void merge_segment(const struct merge *m, uint32_t i, struct frame *f);
