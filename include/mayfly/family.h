/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - the window that the processes of a family share, once a pipe was open at a fork: the
 * pipes. It lies at MF_FAMILY_VA in each of them. hv knows nothing of it.
 *
 * dom0 makes pipes (MF_REQUEST_PIPE), gives a child the ends that its parent holds, and, when a
 * process has ended, takes its ends, locks and waits back; it keeps what it relies on elsewhere.
 * All words are changed atomically. A member is a bit: word n / 64, bit n % 64.
 */
#pragma once

#include <stdint.h>

#include "mayfly/layout.h"

#define MF_FAMILY_VA (HV_WINDOW_HIGH_VA + 0x80ull * HV_WINDOW_BYTES)
#define MF_FAMILY_WORDS 8 /* of a set of members: 512 */
#define MF_PIPE_CHUNK 0x4000u
#define MF_PIPE_DATA 0x10000u /* offset of chunk 0 */
#define MF_PIPES ((HV_WINDOW_BYTES - MF_PIPE_DATA) / MF_PIPE_CHUNK)
#define MF_PIPE_BYTES_MAX 0x10000u

#define MF_PIPE_READS 1u /* MF_REQUEST_PIPE: the ends that the guest holds */
#define MF_PIPE_WRITES 2u

/*
 * Pipe number i; its bytes are a ring in the chunks from number i on. Who reads or writes holds the
 * lock; data counts only once head or tail says so, so a process may die anywhere.
 */
struct mf_pipe {
    uint32_t head, tail;            /* bytes ever written, ever read, mod 2^32 */
    uint32_t write_lock, read_lock; /* member + 1, or 0 */
    uint32_t bytes;                 /* of the ring, a power of two */
    uint32_t reserved[11];
    uint64_t readers[MF_FAMILY_WORDS], writers[MF_FAMILY_WORDS]; /* who holds an end */
    /* Who is to be woken when it can be read or written, or will never be again. */
    uint64_t read_waits[MF_FAMILY_WORDS], write_waits[MF_FAMILY_WORDS];
};

struct mf_family {
    uint64_t wakes[MF_FAMILY_WORDS]; /* to whom dom0 is to send an event; then one goes to dom0 */
    struct mf_pipe pipes[MF_PIPES];
};

_Static_assert(sizeof(struct mf_family) <= MF_PIPE_DATA, "the family's window");
