/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.c - the descriptor table, references to open files, and who is told that one became ready. A
 * table of 16 descriptors is part of the image; it grows by doubling.
 */
#include "fd/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fd/fd_internal.h"
#include "files/console.h"
#include "files/own.h"
#include "signal/signal_internal.h"
#include "thread/idle.h"
#include "thread/thread_internal.h"

#define FIRST_COUNT 16

static struct mf_fd first_table[FIRST_COUNT] = {
    {&mf_console.file, 0}, {&mf_console.file, 0}, {&mf_console.file, 0}};

struct mf_fd_table mf_fds = {
    .slots = first_table, .count = FIRST_COUNT, .free_hint = 3, .limit = MF_FD_LIMIT};

/* ---- the table ---------------------------------------------------------------------------- */

static int grow(int at_least)
{
    int count = mf_fds.count;
    while (count <= at_least) {
        count *= 2;
    }
    const size_t bytes = (size_t)count * sizeof(struct mf_fd);
    struct mf_fd *const old = mf_fds.slots == first_table ? NULL : mf_fds.slots;
    struct mf_fd *const slots = realloc(old, bytes);
    if (slots == NULL) {
        return -ENOMEM;
    }
    if (old == NULL) {
        memcpy(slots, first_table, sizeof(first_table));
    }
    memset(slots + mf_fds.count, 0, bytes - (size_t)mf_fds.count * sizeof(struct mf_fd));
    mf_fds.slots = slots;
    mf_fds.count = count;
    return 0;
}

/* The first free descriptor from `lowest` on, for which the table has room then. */
static int find_free(int lowest)
{
    if (lowest < 0 || lowest >= mf_fds.limit) {
        return -EINVAL;
    }
    int fd = lowest > mf_fds.free_hint ? lowest : mf_fds.free_hint;
    while (fd < mf_fds.count && mf_fds.slots[fd].file != NULL) {
        fd++;
    }
    if (fd >= mf_fds.limit) {
        return -EMFILE;
    }
    return fd < mf_fds.count || grow(fd) == 0 ? fd : -ENOMEM;
}

int mf_fd_check_free(void)
{
    const int fd = find_free(0);
    return fd < 0 ? fd : 0;
}

int mf_fd_install(struct mf_open_file *f, int lowest, uint32_t flags)
{
    const int fd = find_free(lowest);
    if (fd < 0) {
        return fd;
    }
    mf_fds.slots[fd] = (struct mf_fd){f, flags & O_CLOEXEC};
    if (lowest <= mf_fds.free_hint) {
        mf_fds.free_hint = fd + 1;
    }
    return fd;
}

int mf_own_fd_install_at(struct mf_open_file *f, int fd, uint32_t flags)
{
    if (fd < 0 || fd >= mf_fds.limit) {
        return -EBADF;
    }
    if (fd >= mf_fds.count && grow(fd) != 0) {
        return -ENOMEM;
    }
    struct mf_open_file *const old = mf_fds.slots[fd].file;
    mf_fds.slots[fd] = (struct mf_fd){f, flags & O_CLOEXEC};
    mf_file_put(old);
    return fd;
}
int mf_fd_install_at(struct mf_open_file *f, int fd, uint32_t flags) MF_OWN(fd_install_at);

int mf_own_fd_remove(int fd)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return -EBADF;
    }
    mf_fds.slots[fd] = (struct mf_fd){NULL, 0};
    if (fd < mf_fds.free_hint) {
        mf_fds.free_hint = fd;
    }
    mf_file_put(f);
    return 0;
}
int mf_fd_remove(int fd) MF_OWN(fd_remove);

struct mf_open_file *mf_fd_get(int fd)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f != NULL) {
        f->refs++;
    }
    return f;
}

void mf_file_put(struct mf_open_file *f)
{
    if (f == NULL || --f->refs != 0) {
        return;
    }
    while (f->watchers != NULL) {
        struct mf_watcher *const w = f->watchers;
        mf_watcher_remove(w);
        w->notify(w, MF_WATCH_CLOSED);
    }
    if (f->ops->close != NULL) {
        f->ops->close(f);
    }
}

void mf_ret_error(ssize_t r)
{
    if (r == -EINTR) {
        mf_thread_test_cancel();
    }
    errno = (int)-r;
}

/* ---- readiness ---------------------------------------------------------------------------- */

void mf_watcher_add(struct mf_watcher *w, struct mf_open_file *f)
{
    w->file = f;
    w->next = f->watchers;
    w->link = &f->watchers;
    if (w->next != NULL) {
        w->next->link = &w->next;
    }
    f->watchers = w;
}

void mf_watcher_remove(struct mf_watcher *w)
{
    if (w->link == NULL) {
        return;
    }
    *w->link = w->next;
    if (w->next != NULL) {
        w->next->link = w->link;
    }
    w->link = NULL;
}

void mf_file_notify_watchers(struct mf_open_file *f, uint32_t events)
{
    for (struct mf_watcher *w = f->watchers, *next; w != NULL; w = next) {
        next = w->next;
        w->notify(w, events);
    }
}

uint32_t mf_file_poll(struct mf_open_file *f)
{
    return f->ops->poll == NULL ? POLLIN | POLLOUT : f->ops->poll(f);
}

/* A thread that waits for one file. */
struct thread_watcher {
    struct mf_watcher watcher;
    struct mf_thread *thread;
    uint32_t events;
};

static void wake_thread(struct mf_watcher *w, uint32_t events)
{
    const struct thread_watcher *const t = (const struct thread_watcher *)w;
    if ((events & t->events) != 0) {
        mf_thread_wake(t->thread);
    }
}

/* On the stack of a thread while handlers run, which longjmp() may leave. */
struct mf_held_file {
    struct mf_held_file *previous;
    struct mf_open_file *file; /* whose reference the call has that waited; NULL: none */
};

/* Runs handlers at the end of a wait. */
static int end_wait(struct mf_open_file *held, int reason)
{
    struct mf_thread *const self = mf_thread_self();
    struct mf_held_file here = {.previous = self->held, .file = held};
    self->held = &here;
    const int err = mf_thread_sleep_end(reason);
    self->held = here.previous;
    return err;
}

void mf_file_let_go(const void *stack)
{
    struct mf_thread *const self = mf_thread_self();
    const char *const to = stack;
    if (to < self->stack_low || to > (const char *)self) {
        return; /* some other stack: nothing is known of what is left */
    }
    while ((char *)self->held >= self->stack_low && (char *)self->held < to) {
        const struct mf_held_file left = *self->held;
        self->held = left.previous;
        mf_file_put(left.file);
    }
}

static int wait_for(struct mf_open_file *held, struct mf_open_file *f, uint32_t events,
                    uint64_t deadline_ns)
{
    struct thread_watcher t = {.watcher.notify = wake_thread,
                               .thread = mf_thread_self(),
                               .events = events | POLLERR | POLLHUP | POLLRDHUP};
    mf_watcher_add(&t.watcher, f);
    const int reason = mf_thread_sleep_quietly(deadline_ns);
    mf_watcher_remove(&t.watcher);
    return end_wait(held, reason);
}

int mf_file_wait_no_restart(struct mf_open_file *f, uint32_t events, uint64_t deadline_ns)
{
    return wait_for(f, f, events, deadline_ns);
}

int mf_file_wait_always(struct mf_open_file *held, struct mf_open_file *f, uint32_t events,
                        uint64_t deadline_ns)
{
    const int err = wait_for(held, f, events, deadline_ns);
    return err == -EINTR && mf_signal_restarts() ? 0 : err;
}

int mf_file_wait(struct mf_open_file *f, uint32_t events, uint64_t deadline_ns)
{
    if ((f->flags & O_NONBLOCK) != 0) {
        mf_idle_poll();
        return -EAGAIN;
    }
    return mf_file_wait_always(f, f, events, deadline_ns);
}

/* ---- after a fork -------------------------------------------------------------------------- */

#define COUNTING 0x80000000u

/* Calls of this thread that a handler, which forks, has interrupted. */
static uint32_t calls_of(const struct mf_open_file *f)
{
    uint32_t count = 0;

    for (const struct mf_held_file *h = mf_thread_self()->held; h != NULL; h = h->previous) {
        count += h->file == f;
    }
    return count;
}

/* What has one reference is not looked at: to write there costs a page. */
void mf_fd_recount(void)
{
    for (int pass = 0; pass < 3; pass++) {
        for (int fd = 0; fd < mf_fds.count; fd++) {
            struct mf_open_file *const f = mf_fds.slots[fd].file;
            if (f == NULL) {
                continue;
            }
            if (pass == 0 && f->refs > 1 && (f->refs & COUNTING) == 0) {
                f->refs = COUNTING + calls_of(f);
            } else if (pass == 1 && (f->refs & COUNTING) != 0) {
                f->refs++;
            } else if (pass == 2 && (f->refs & COUNTING) != 0) {
                f->refs &= ~COUNTING;
            }
        }
    }
}

/* ---- vectors ------------------------------------------------------------------------------- */

ssize_t mf_iov_bytes(const struct iovec *iov, int iov_count)
{
    if (iov_count < 1 || iov_count > IOV_MAX) {
        return -EINVAL;
    }
    size_t total = 0;
    for (int i = 0; i < iov_count; i++) {
        if (iov[i].iov_len > (size_t)PTRDIFF_MAX - total) {
            return -EINVAL;
        }
        total += iov[i].iov_len;
    }
    return (ssize_t)total;
}
