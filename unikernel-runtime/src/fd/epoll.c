/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll.c - Linux' epoll(7). An interest is a watcher that stays on its file. When the file
 * notifies it, it goes into the ready list of its epoll file; a wait looks at that list only, so it
 * costs what is ready, not what is registered. A level-triggered interest that was reported stays
 * in the list until a later wait finds it not ready.
 */
#include <sys/epoll.h>

#include <fcntl.h>
#include <mayfly.h>
#include <poll.h>
#include <stdlib.h>

#include "fd/fd_internal.h"
#include "signal/signal_internal.h"
#include "thread/idle.h"
#include "thread/thread.h"
#include "time/time_internal.h"

#define NESTING_MAX 5 /* epoll files in epoll files: as Linux, so that recursion is bounded */
#define CONTROL_BITS (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE)

struct interest {
    struct mf_watcher watcher;        /* of the file; watcher.file is not referenced */
    struct epoll *epoll;              /* borrows */
    struct interest *next, *previous; /* of epoll->all */
    struct interest *ready_next;
    struct epoll_event event; /* events 0: a one-shot that was reported */
    int fd;
    bool is_ready; /* in epoll's ready list */
    bool is_gone;  /* removed while in the ready list */
};

struct epoll {
    struct mf_open_file file;
    struct interest *all;
    struct interest *ready_head, *ready_tail;
};

static const struct mf_fd_ops epoll_ops;

static void enqueue(struct interest *i)
{
    struct epoll *const e = i->epoll;
    i->is_ready = true;
    i->ready_next = NULL;
    if (e->ready_head == NULL) {
        e->ready_head = i;
    } else {
        e->ready_tail->ready_next = i;
    }
    e->ready_tail = i;
}

/* Also for what is in the list already this is an edge of the epoll file, as on Linux. */
static void add_ready(struct interest *i)
{
    if (!i->is_ready) {
        enqueue(i);
    }
    mf_file_notify(&i->epoll->file, POLLIN);
}

/* Frees the interest, or leaves that to the wait that finds it in the ready list. */
static void drop(struct interest *i)
{
    mf_watcher_remove(&i->watcher);
    *(i->previous == NULL ? &i->epoll->all : &i->previous->next) = i->next;
    if (i->next != NULL) {
        i->next->previous = i->previous;
    }
    if (i->is_ready) {
        i->is_gone = true;
    } else {
        free(i);
    }
}

/* Of these events of its file, those that the interest is in. */
static uint32_t wanted_of(const struct interest *i, uint32_t events)
{
    events |= (events & POLLIN ? EPOLLRDNORM : 0) | (events & POLLOUT ? EPOLLWRNORM : 0);
    return events & i->event.events & ~(uint32_t)CONTROL_BITS;
}

/* What an interest is not in must not bring it to the list: an edge would be reported twice. */
static void on_notify(struct mf_watcher *w, uint32_t events)
{
    struct interest *const i = (struct interest *)w;
    if (events == MF_WATCH_CLOSED) {
        drop(i);
    } else if (wanted_of(i, events) != 0) {
        add_ready(i);
    }
}

static uint32_t current_events(struct interest *i)
{
    return i->event.events == 0 ? 0 : wanted_of(i, mf_file_poll(i->watcher.file));
}

/* Reports up to max interests from the ready list. */
static int collect(struct epoll *e, struct epoll_event *out, int max)
{
    int count = 0;
    struct interest *i = e->ready_head;
    struct interest *const last = e->ready_tail;
    bool is_last = i == NULL;
    while (!is_last && count < max) {
        is_last = i == last;
        struct interest *const next = i->ready_next;
        e->ready_head = next;
        i->is_ready = false;
        if (i->is_gone) {
            free(i);
        } else {
            const uint32_t events = current_events(i);
            if (events != 0) {
                out[count++] = (struct epoll_event){.events = events, .data = i->event.data};
                if ((i->event.events & EPOLLONESHOT) != 0) {
                    i->event.events = 0;
                } else if ((i->event.events & EPOLLET) == 0) {
                    enqueue(i); /* no news: whoever waits was told when it came */
                }
            }
        }
        i = next;
    }
    return count;
}

/* Whether the list has something ready at its head; what is not ready any more is taken off. */
static bool has_ready(struct epoll *e)
{
    struct interest *i;
    while ((i = e->ready_head) != NULL) {
        if (!i->is_gone && current_events(i) != 0) {
            return true;
        }
        e->ready_head = i->ready_next;
        i->is_ready = false;
        if (i->is_gone) {
            free(i);
        }
    }
    return false;
}

static uint32_t epoll_poll(struct mf_open_file *f)
{
    return has_ready((struct epoll *)f) ? POLLIN : 0;
}

static void epoll_close(struct mf_open_file *f)
{
    struct epoll *const e = (struct epoll *)f;
    while (e->all != NULL) {
        drop(e->all);
    }
    has_ready(e); /* frees what was in the ready list */
    free(e);
}

static const struct mf_fd_ops epoll_ops = {.poll = epoll_poll, .close = epoll_close};

static int get_epoll(int fd, struct epoll **out)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || f->ops != &epoll_ops) {
        return f == NULL ? -EBADF : -EINVAL;
    }
    *out = (struct epoll *)f;
    return 0;
}

/* ---- calls --------------------------------------------------------------------------------- */

int epoll_create1(int flags)
{
    if ((flags & ~EPOLL_CLOEXEC) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    struct epoll *const e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return (int)mf_ret(-ENOMEM);
    }
    mf_file_init(&e->file, &epoll_ops, O_RDWR);
    const int fd = mf_fd_install(&e->file, 0, (uint32_t)flags & O_CLOEXEC);
    if (fd < 0) {
        free(e);
    }
    return (int)mf_ret(fd);
}

int epoll_create(int size)
{
    return size <= 0 ? (int)mf_ret(-EINVAL) : epoll_create1(0);
}

static struct interest *find(struct epoll *e, const struct mf_open_file *f, int fd)
{
    for (struct mf_watcher *w = f->watchers; w != NULL; w = w->next) {
        struct interest *const i = (struct interest *)w;
        if (w->notify == on_notify && i->epoll == e && i->fd == fd) {
            return i;
        }
    }
    return NULL;
}

static void set_events(struct interest *i, const struct epoll_event *event)
{
    i->event = *event;
    i->event.events |= EPOLLERR | EPOLLHUP; /* never 0 while it is armed */
    if (current_events(i) != 0) {
        add_ready(i);
    }
}

static int add(struct epoll *e, struct mf_open_file *f, int fd, const struct epoll_event *event)
{
    struct interest *const i = calloc(1, sizeof(*i));
    if (i == NULL) {
        return -ENOMEM;
    }
    i->epoll = e;
    i->fd = fd;
    i->watcher.notify = on_notify;
    i->next = e->all;
    if (i->next != NULL) {
        i->next->previous = i;
    }
    e->all = i;
    mf_watcher_add(&i->watcher, f);
    set_events(i, event);
    return 0;
}

/* How many epoll files deep `e` is; more than NESTING_MAX when it contains `forbidden`. */
static int depth_of(const struct epoll *e, const struct epoll *forbidden, int limit)
{
    int deepest = 0;

    if (e == forbidden || limit == 0) {
        return NESTING_MAX + 1;
    }
    for (const struct interest *i = e->all; i != NULL; i = i->next) {
        const struct mf_open_file *const f = i->watcher.file;
        if (f->ops == &epoll_ops) {
            const int depth = depth_of((const struct epoll *)f, forbidden, limit - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

/* How many epoll files are above `e`, itself included. */
static int height_of(const struct epoll *e, int limit)
{
    int highest = 0;

    if (limit == 0) {
        return NESTING_MAX + 1;
    }
    for (const struct mf_watcher *w = e->file.watchers; w != NULL; w = w->next) {
        if (w->notify == on_notify) {
            const int height = height_of(((const struct interest *)w)->epoll, limit - 1);
            highest = height > highest ? height : highest;
        }
    }
    return highest + 1;
}

/* May `f` be watched by `e`? An epoll file must not watch itself, however indirectly. */
static int check_nesting(const struct epoll *e, const struct mf_open_file *f)
{
    if (f == &e->file) {
        return -EINVAL;
    }
    if (f->ops != &epoll_ops) {
        return 0;
    }
    const int depth = depth_of((const struct epoll *)f, e, NESTING_MAX);
    return depth + height_of(e, NESTING_MAX) > NESTING_MAX ? -ELOOP : 0;
}

static int check_exclusive(int operation, const struct epoll_event *event,
                           const struct mf_open_file *f)
{
    const uint32_t allowed = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLEXCLUSIVE;

    if (operation == EPOLL_CTL_DEL || (event->events & EPOLLEXCLUSIVE) == 0) {
        return 0;
    }
    return operation == EPOLL_CTL_MOD || (event->events & ~allowed) != 0 || f->ops == &epoll_ops
               ? -EINVAL
               : 0;
}

static int control(int epoll_fd, int operation, int fd, const struct epoll_event *event)
{
    struct epoll *e;
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return -EBADF;
    }
    int err = get_epoll(epoll_fd, &e);
    if (err == 0) {
        err = f->ops->poll == NULL ? -EPERM : 0; /* as Linux: regular files are always ready */
    }
    if (err == 0 && event == NULL && operation != EPOLL_CTL_DEL) {
        err = -EFAULT;
    }
    if (err == 0) {
        err = check_exclusive(operation, event, f);
    }
    if (err == 0 && (operation == EPOLL_CTL_ADD || f == &e->file)) {
        err = check_nesting(e, f);
    }
    if (err != 0) {
        return err;
    }
    struct interest *const i = find(e, f, fd);
    switch (operation) {
    case EPOLL_CTL_ADD:
        return i != NULL ? -EEXIST : add(e, f, fd, event);
    case EPOLL_CTL_MOD:
        if (i != NULL) {
            set_events(i, event);
        }
        return i != NULL ? 0 : -ENOENT;
    case EPOLL_CTL_DEL:
        if (i != NULL) {
            drop(i);
        }
        return i != NULL ? 0 : -ENOENT;
    default:
        return -EINVAL;
    }
}

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    return (int)mf_ret(control(epoll_fd, operation, fd, event));
}

static int wait_until(int fd, struct epoll_event *events, int max, uint64_t deadline_ns)
{
    struct epoll *e;
    mf_thread_test_cancel();
    int err = max <= 0 ? -EINVAL : get_epoll(fd, &e);
    if (err != 0) {
        return err;
    }
    mf_file_get(&e->file);
    mf_idle_poll();
    int count = collect(e, events, max);
    while (count == 0 && err == 0 && deadline_ns != 0) {
        err = mf_file_wait_no_restart(&e->file, POLLIN, deadline_ns);
        count = collect(e, events, max);
    }
    mf_file_put(&e->file);
    return count != 0 || err == -ETIMEDOUT ? count : err;
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    mf_ready();
    return (int)mf_ret(wait_until(fd, events, max, mf_deadline_of_ms(timeout_ms)));
}

int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout_ms, const sigset_t *mask)
{
    sigset_t before;
    mf_ready();
    mf_signal_set_mask(mask, &before); /* what it lets through ends the wait */
    const int r = wait_until(fd, events, max, mf_deadline_of_ms(timeout_ms));
    sigprocmask(SIG_SETMASK, &before, NULL);
    return (int)mf_ret(r);
}

int epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
                 const sigset_t *mask)
{
    if (timeout != NULL && !mf_timespec_is_valid(timeout)) {
        return (int)mf_ret(-EINVAL);
    }
    sigset_t before;
    mf_ready();
    mf_signal_set_mask(mask, &before); /* what it lets through ends the wait */
    const int r =
        wait_until(fd, events, max, timeout == NULL ? MF_NEVER : mf_deadline_of_span(timeout));
    sigprocmask(SIG_SETMASK, &before, NULL);
    return (int)mf_ret(r);
}
