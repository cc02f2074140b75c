/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h - pipes, for fd/, process/ and files/fifo.c only: two open files that share a ring. The ring lies in the
 * pipe, or, from the first fork() after it was opened on, in the window that the processes of the
 * family share (mayfly/family.h); then other processes may hold its ends, too.
 */
#pragma once

#include "fd/fd.h"
#include "mayfly/family.h"

#define MF_PIPE_CAPACITY 65536u /* a power of two */

struct mf_pipe_file {
    struct mf_open_file read_end, write_end; /* refs 0: closed here */
    struct mf_pipe_file *next, *previous;    /* of all */
    struct mf_pipe *shared;                  /* in the family's window; NULL: it is our own */
    char *data;                              /* the ring */
    uint32_t bytes;                          /* of it */
    uint32_t head, tail;                     /* while it is our own: bytes ever written, read */
    uint32_t seen_head, seen_tail;           /* shared: what the watchers were told last */
    bool seen_end, seen_broken;              /* likewise: no writer, no reader */
    bool is_listed;                          /* it is one of `all`; not a FIFO's */
    char own[MF_PIPE_CAPACITY];
};

extern struct mf_pipe_file *mf_pipes;

/** Bytes that can be read. */
static inline uint32_t mf_pipe_used(const struct mf_pipe_file *p)
{
    if (p->shared == NULL) {
        return p->head - p->tail;
    }
    const uint32_t tail = __atomic_load_n(&p->shared->tail, __ATOMIC_ACQUIRE);
    const uint32_t used = __atomic_load_n(&p->shared->head, __ATOMIC_ACQUIRE) - tail;
    return used < p->bytes ? used : p->bytes; /* the tail may have moved meanwhile */
}

/** Whether anybody is in the set. */
static inline bool mf_members_any(const uint64_t set[MF_FAMILY_WORDS])
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        all |= __atomic_load_n(&set[i], __ATOMIC_ACQUIRE);
    }
    return all != 0;
}

static inline bool mf_pipe_has_writer(const struct mf_pipe_file *p)
{
    return p->write_end.refs != 0 || (p->shared != NULL && mf_members_any(p->shared->writers));
}

static inline bool mf_pipe_has_reader(const struct mf_pipe_file *p)
{
    return p->read_end.refs != 0 || (p->shared != NULL && mf_members_any(p->shared->readers));
}

/**
 * A pipe whose ends have one reference each, the caller's. It is not one of mf_pipes: not shared at a
 * fork(). flags: O_NONBLOCK. NULL: no memory.
 */
struct mf_pipe_file *mf_pipe_new(uint32_t flags);

/**
 * readv() and writev() of a pipe, through `f`: its flags count, and it is told when the pipe's end is. For
 * a pipe f is that end itself.
 */
ssize_t mf_pipe_read(struct mf_pipe_file *p, struct mf_open_file *f, const struct iovec *iov,
                     int iov_count);
ssize_t mf_pipe_write(struct mf_pipe_file *p, struct mf_open_file *f, const struct iovec *iov,
                      int iov_count);

/* ---- process/pipes.c ----------------------------------------------------------------------- */

/**
 * Puts all pipes into the family's window, with what is in them. Returns 0, or HV_ERR_* of dom0; then
 * some of them may be there. Nothing else of the guest runs meanwhile.
 */
int64_t mf_pipes_share(void);

/** Takes a lock in the window; the guest is not cloned while it is held. Never held for long. */
void mf_pipe_lock(uint32_t *lock);
void mf_pipe_unlock(uint32_t *lock);

/** Empties a set of a window of the family; dom0 wakes who was in it, by way of that window's `wakes`. */
void mf_members_wake(uint64_t waits[MF_FAMILY_WORDS], uint64_t wakes[MF_FAMILY_WORDS]);

/** Has the processes in the set look at their pipes, and empties it. */
void mf_pipe_wake(uint64_t waits[MF_FAMILY_WORDS]);

/** This process does not hold that end any more: it leaves `holders`. */
void mf_pipe_leave(uint64_t holders[MF_FAMILY_WORDS], uint64_t waits[MF_FAMILY_WORDS]);
