/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fifo.c - see fifo.h. While anybody has a FIFO open, its node has a pipe (fd/pipe.h). Each open file
 * that may read counts as a reference to the pipe's read end, each that may write as one to its write
 * end; what happens at the ends is passed on to all of them.
 */
#include "files/fifo.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "fd/pipe.h"
#include "files/open_file.h"
#include "time/clock.h"

/* Whom the owner of a family's files serves (family/family.h); there only in programs that fork. */
extern uint32_t mf_family_user __attribute__((weak));

struct fifo_end {
    struct mf_open_file *pipe_end; /* borrows */
    struct mf_watcher watcher;     /* of it */
    uint32_t opens; /* ever, while the FIFO is open: who waits may miss a short one */
};

struct mf_fifo {
    struct mf_pipe_file *pipe; /* owned by the references to its ends */
    struct fifo_end reads, writes;
    struct fifo_file *files; /* all that are open */
};

struct fifo_file {
    struct mf_node_file base; /* owns a reference to the node */
    struct fifo_file *next, **link;
    uint32_t writers_at_open; /* writes.opens; what is younger was seen by this reader */
    uint32_t others_at_open;  /* opens of the end that it waited for */
};

static struct fifo_file *of(struct mf_open_file *f)
{
    return (struct fifo_file *)(void *)f;
}

static struct mf_fifo *fifo_of(struct mf_open_file *f)
{
    return of(f)->base.node->fifo.open_state;
}

static bool is_serving(void)
{
    return &mf_family_user != NULL && mf_family_user != 0;
}

static bool reads(const struct mf_open_file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct mf_open_file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY;
}

/* ---- the ends ------------------------------------------------------------------------------ */

static void tell_readers(struct mf_watcher *w, uint32_t events)
{
    struct mf_fifo *const q =
        (struct mf_fifo *)(void *)((char *)w - offsetof(struct mf_fifo, reads.watcher));
    for (struct fifo_file *f = q->files; f != NULL; f = f->next) {
        if (reads(&f->base.file) && (events & MF_WATCH_CLOSED) == 0) {
            mf_file_notify(&f->base.file, events);
        }
    }
}

static void tell_writers(struct mf_watcher *w, uint32_t events)
{
    struct mf_fifo *const q =
        (struct mf_fifo *)(void *)((char *)w - offsetof(struct mf_fifo, writes.watcher));
    for (struct fifo_file *f = q->files; f != NULL; f = f->next) {
        if (writes(&f->base.file) && (events & MF_WATCH_CLOSED) == 0) {
            mf_file_notify(&f->base.file, events);
        }
    }
}

/* One more reference to an end. */
static void join(struct fifo_end *e)
{
    e->opens++;
    if (e->pipe_end->refs++ == 0) {
        mf_watcher_add(&e->watcher, e->pipe_end);
    }
}

/* Who waits in open() for this end may go on. */
static void join_ends(struct mf_fifo *q, const struct mf_open_file *f)
{
    if (reads(f)) {
        join(&q->reads);
    }
    if (writes(f)) {
        join(&q->writes);
    }
    if (reads(f)) {
        tell_writers(&q->writes.watcher, POLLOUT | POLLERR); /* there is no error any more */
    }
    if (writes(f)) {
        tell_readers(&q->reads.watcher, POLLIN);
    }
}

/* The state of a FIFO that nobody has open. */
static struct mf_fifo *new_state(void)
{
    struct mf_fifo *const q = calloc(1, sizeof(*q));
    struct mf_pipe_file *const p = q == NULL ? NULL : mf_pipe_new(0);
    if (p == NULL) {
        free(q);
        return NULL;
    }
    p->read_end.refs = p->write_end.refs = 0;
    q->pipe = p;
    q->reads.pipe_end = &p->read_end;
    q->writes.pipe_end = &p->write_end;
    q->reads.watcher.notify = tell_readers;
    q->writes.watcher.notify = tell_writers;
    return q;
}

/* ---- operations ---------------------------------------------------------------------------- */

static ssize_t fifo_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *pos)
{
    (void)pos;
    const ssize_t n = mf_pipe_read(fifo_of(f)->pipe, f, iov, iov_count);
    if (n > 0) {
        mf_node_touch_access(of(f)->base.node);
    }
    return n;
}

static ssize_t fifo_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *pos)
{
    (void)pos;
    if (is_serving() && !mf_pipe_has_reader(fifo_of(f)->pipe)) {
        return -EPIPE; /* the signal is the child's, too */
    }
    const ssize_t n = mf_pipe_write(fifo_of(f)->pipe, f, iov, iov_count);
    if (n > 0) {
        mf_node_touch(of(f)->base.node);
    }
    return n;
}

/* As on Linux, a reader that did not wait for a writer sees no end before the first one. */
static uint32_t fifo_poll(struct mf_open_file *f)
{
    const struct mf_fifo *const q = fifo_of(f);
    const struct mf_pipe_file *const p = q->pipe;
    const uint32_t used = mf_pipe_used(p);
    uint32_t events = 0;
    if (reads(f)) {
        const bool ended = !mf_pipe_has_writer(p) && q->writes.opens != of(f)->writers_at_open;
        events |= (used != 0 ? POLLIN : 0) | (ended ? POLLHUP : 0);
    }
    if (writes(f)) {
        events |=
            (p->bytes - used >= PIPE_BUF ? POLLOUT : 0) | (mf_pipe_has_reader(p) ? 0 : POLLERR);
    }
    return events;
}

static int fifo_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    if (request != FIONREAD) {
        return -ENOTTY;
    }
    *(int *)arg = (int)mf_pipe_used(fifo_of(f)->pipe);
    return 0;
}

static void fifo_close(struct mf_open_file *f)
{
    struct fifo_file *const file = of(f);
    struct mf_node *const n = file->base.node;
    struct mf_fifo *const q = n->fifo.open_state;

    *file->link = file->next;
    if (file->next != NULL) {
        file->next->link = file->link;
    }
    if (reads(f)) {
        mf_file_put(q->reads.pipe_end);
    }
    if (writes(f)) { /* with the last reference to either end the pipe is gone */
        mf_file_put(q->writes.pipe_end);
    }
    if (q->files == NULL) {
        n->fifo.open_state = NULL;
        free(q);
    }
    mf_node_put(n);
    free(file);
}

const struct mf_fd_ops mf_fifo_ops = {.readv = fifo_readv,
                                      .writev = fifo_writev,
                                      .poll = fifo_poll,
                                      .ioctl = fifo_ioctl,
                                      .fstat = mf_file_fstat,
                                      .close = fifo_close};

/* ---- open ---------------------------------------------------------------------------------- */

int mf_fifo_meets(struct mf_open_file *f)
{
    const struct mf_fifo *const q = fifo_of(f);
    const uint32_t opens = reads(f) ? q->writes.opens : q->reads.opens;
    const bool is_there = reads(f) ? mf_pipe_has_writer(q->pipe) : mf_pipe_has_reader(q->pipe);
    return is_there || opens != of(f)->others_at_open ? 0 : -EAGAIN;
}

static int wait_for_other_end(struct mf_open_file *f)
{
    int err = 0;
    while (err == 0 && mf_fifo_meets(f) != 0) {
        err = mf_file_wait_always(f, f, reads(f) ? POLLIN : POLLOUT, MF_NEVER);
    }
    return err;
}

static struct fifo_file *new_file(struct mf_node *n, uint32_t flags)
{
    struct fifo_file *const f = calloc(1, sizeof(*f));
    if (f != NULL && n->fifo.open_state == NULL) {
        n->fifo.open_state = new_state();
    }
    if (f == NULL || n->fifo.open_state == NULL) {
        free(f);
        return NULL;
    }
    struct mf_fifo *const q = n->fifo.open_state;
    mf_file_init(&f->base.file, &mf_fifo_ops, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND));
    f->base.node = mf_node_get(n);
    f->next = q->files;
    f->link = &q->files;
    if (f->next != NULL) {
        f->next->link = &f->next;
    }
    q->files = f;
    return f;
}

int mf_fifo_open(struct mf_node *n, uint32_t flags, struct mf_open_file **out)
{
    const bool is_open = n->fifo.open_state != NULL;
    const bool waits = (flags & O_NONBLOCK) == 0 && (flags & O_ACCMODE) != O_RDWR;
    if ((flags & O_ACCMODE) == O_WRONLY && !waits &&
        !(is_open && mf_pipe_has_reader(n->fifo.open_state->pipe))) {
        return -ENXIO;
    }
    struct fifo_file *const f = new_file(n, flags);
    if (f == NULL) {
        return -ENOMEM;
    }
    struct mf_fifo *const q = n->fifo.open_state;
    const bool has_writer = mf_pipe_has_writer(q->pipe);
    join_ends(q, &f->base.file);
    f->writers_at_open = waits || has_writer ? q->writes.opens - 1 : q->writes.opens;
    f->others_at_open = reads(&f->base.file) ? q->writes.opens : q->reads.opens;
    const int err = waits && !is_serving() ? wait_for_other_end(&f->base.file) : 0;
    if (err != 0) {
        mf_file_put(&f->base.file);
        return err;
    }
    *out = &f->base.file;
    return 0;
}
