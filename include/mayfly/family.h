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

/*
 * Files. The first process of a family owns its file system; those that come by fork() ask it, in
 * another window, at MF_FILES_VA (MF_REQUEST_FILES makes it). Whoever asks is a `user`, of a number
 * that the owner gave it at its fork (args[0] of MF_REQUEST_FORK); 0 is the owner, or nobody.
 *
 * A user fills in its call, counts `asked` up (release), sets its bit in mf_files_window.asked, and when it
 * finds owner_sleeps 1 makes it 0, sets the owner's bit in `wakes` and sends an event to dom0. The
 * owner does what is asked, sets `answered` to `asked` (release) and wakes the user likewise.
 * What is asked for is between the two: they run the same program.
 *
 * What of the owner's a user waits for (sockets and the like) has become ready: an entry of the ring
 * of its events. The user sets `sleeps` before it sleeps; who makes it 0 wakes it. With is_more set
 * some did not fit: a user that has taken some then sets its bit in `asked`.
 *
 * dom0 sets a bit in `born` when a user's process has been made, one in `ended` when it has ended,
 * and takes back its buffer; is_gone when the owner has ended: there will be no answers any more.
 */
#define MF_FILES_VA (MF_FAMILY_VA + HV_WINDOW_BYTES)
#define MF_FILES_USERS (MF_FAMILY_WORDS * 64u)
#define MF_FILES_BUFFER_BYTES 0x8000u
#define MF_FILES_DATA 0x20000u /* offset of buffer 0 */
#define MF_FILES_BUFFERS ((HV_WINDOW_BYTES - MF_FILES_DATA) / MF_FILES_BUFFER_BYTES)
#define MF_FILES_ARGS 6

struct mf_files_call {
    uint32_t asked, answered;
    uint32_t member; /* of the user's process: who is to be woken */
    uint32_t op;
    int64_t result;
    int64_t args[MF_FILES_ARGS];
    uint32_t buffer; /* the first one's number; MF_FILES_BUFFERS: none */
    uint32_t pid;    /* the user's, for others to see */
    uint32_t uid, gid, real_uid, real_gid, mask;
    uint32_t buffers; /* how many */
    uint32_t reserved[6];
};

#define MF_FILES_EVENTS 12

struct mf_files_events {
    uint32_t head, tail; /* entries ever written, by the owner, and taken, by the user, mod 2^32 */
    uint32_t sleeps, is_more;
    uint32_t
        entries[MF_FILES_EVENTS]; /* number of the file; bits of poll(), of what may be << 16 */
};

struct mf_files_window {
    uint64_t wakes[MF_FAMILY_WORDS]; /* members to whom dom0 is to send an event */
    uint64_t asked[MF_FAMILY_WORDS]; /* users; the owner takes the bits */
    uint64_t born[MF_FAMILY_WORDS];  /* likewise, by dom0 */
    uint64_t ended[MF_FAMILY_WORDS];
    uint32_t owner; /* member; [dom0] */
    uint32_t is_gone;
    uint32_t owner_sleeps;
    uint32_t reserved;
    uint32_t buffers[MF_FILES_BUFFERS]; /* user that has it, or 0 */
    uint32_t reserved2[4];
    struct mf_files_call calls[MF_FILES_USERS];
    struct mf_files_events events[MF_FILES_USERS];
};

_Static_assert(sizeof(struct mf_files_call) == 128, "a call");
_Static_assert(sizeof(struct mf_files_events) == 64, "a ring of events");
_Static_assert(sizeof(struct mf_files_window) <= MF_FILES_DATA, "the window of files");

/*
 * Shared memory: up to MF_MEMORY_UNITS windows, `units`, from MF_MEMORY_VA on, each at the same address in
 * all processes that have it (MF_REQUEST_MEMORY). dom0 keeps which parts of it, `areas`, who holds; it
 * never looks at what is in them. Unit 0 starts with struct mf_memory_window.
 *
 * Who waits for a word of shared memory to change puts itself into the set of its bucket, looks at the
 * word once more, and sleeps. Who changes it takes the members out of that set, into `wakes`, and sends
 * an event to dom0, which sends one to each. When a process has ended, dom0 clears its number in
 * `pids`, counts `ends` up, and wakes all who wait.
 */
#define MF_MEMORY_VA (HV_WINDOW_HIGH_VA + 0x400ull * HV_WINDOW_BYTES)
#define MF_MEMORY_UNITS 256u
#define MF_MEMORY_END (MF_MEMORY_VA + MF_MEMORY_UNITS * (uint64_t)HV_WINDOW_BYTES)
#define MF_MEMORY_BUCKETS 30u

struct mf_memory_window {
    uint64_t wakes[MF_FAMILY_WORDS]; /* members to whom dom0 is to send an event */
    uint64_t waits[MF_MEMORY_BUCKETS][MF_FAMILY_WORDS];
    uint32_t pids[MF_FAMILY_WORDS * 64]; /* by member; 0: there is none; [dom0] */
    uint64_t ends;                       /* counts processes that have ended; [dom0] */
    uint64_t reserved[7];
};

_Static_assert(sizeof(struct mf_memory_window) == HV_PAGE_BYTES, "the first page of shared memory");

/* MF_REQUEST_MEMORY: args[0]. The caller's limit of memory is that of the family's shared memory, too. */
enum mf_memory_op {
    MF_MEMORY_MAKE = 0, /* args[1]: pages; value: address of an area that the caller holds, or
                           MF_MEMORY_USED + that: others have written there before */
    MF_MEMORY_FILE = 1, /* likewise, for the owner of files, until the family ends */
    MF_MEMORY_DROP =
        2,             /* args[1]: address of an area made with MAKE: the caller does not hold it */
    MF_MEMORY_MAP = 3, /* args[1]: address of one made with FILE: it is there in the caller, too */
};
#define MF_MEMORY_USED 1u
