/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_io.c - sockets and the like of a child, which are the owner's, see family.h: what is common to
 * them, and counters.
 *
 * What a file is ready for is known from the last answer about it, and from the events that the owner
 * has put into the ring since; an answer says which of those are older than itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "start/clone.h"
#include "thread/idle.h"
#include "thread/thread.h"

#pragma weak mf_eventfd_value
#pragma weak mf_socket_inherit

#define RETRY_NS (2 * MF_NS_PER_MS)
#define FIRST_COUNT 16u
#define ALL ((uint32_t)(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM))

static const struct mf_fd_ops remote_counter_ops;

static struct mf_remote **remotes; /* by number; NULL: none */
static uint32_t remote_count;
static uint16_t *untold; /* numbers of those with events that nobody was told of; each once */
static uint32_t untold_count;
static bool loss_is_told;

/* ---- the table ----------------------------------------------------------------------------------- */

static struct mf_remote *find(uint32_t number)
{
    return number < remote_count ? remotes[number] : NULL;
}

static struct mf_files_events *events_of_self(void)
{
    return &mf_family_window()->events[mf_family_self()];
}

static void tell_all(uint32_t events)
{
    for (uint32_t i = 0; i < remote_count; i++) {
        if (remotes[i] != NULL) {
            mf_file_notify(&remotes[i]->file, events);
        }
    }
}

/* Takes events up to `head` off the ring. In critical code. */
static void drain(uint32_t head)
{
    struct mf_files_events *const e = events_of_self();
    uint32_t tail = e->tail;

    if (tail == head) {
        return;
    }
    for (; tail != head && head - tail <= MF_FILES_EVENTS; tail++) {
        const uint32_t entry = e->entries[tail % MF_FILES_EVENTS];
        struct mf_remote *const r = find(entry & 0xffff);
        if (r == NULL) {
            continue;
        }
        if (r->untold == 0) {
            untold[untold_count++] = (uint16_t)r->number;
        }
        r->ready |= (uint16_t)(entry >> 16);
        r->untold |= (uint16_t)(entry >> 16);
    }
    __atomic_store_n(&e->tail, head, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&e->is_more, __ATOMIC_SEQ_CST) != 0) {
        mf_family_nudge();
    }
}

static void drain_all(void)
{
    drain(__atomic_load_n(&events_of_self()->head, __ATOMIC_ACQUIRE));
}

/* Tells who waits here: only when all that are going to wait do so, or it would be in vain. */
static void tell(void)
{
    while (untold_count != 0) {
        struct mf_remote *const r = find(untold[--untold_count]);
        if (r != NULL && r->untold != 0) {
            const uint32_t events = r->untold;
            r->untold = 0;
            mf_file_notify(&r->file, events);
        }
    }
}

static void poll_remotes(void *arg)
{
    (void)arg;
    if (!mf_family_is_lost()) {
        drain_all();
        tell();
    } else if (!loss_is_told) {
        loss_is_told = true;
        tell_all(ALL);
    }
}

static uint64_t prepare_remotes(void *arg)
{
    (void)arg;
    if (mf_family_role != MF_FAMILY_CHILD) {
        return loss_is_told ? MF_NEVER : 0;
    }
    struct mf_files_events *const e = events_of_self();
    __atomic_store_n(&e->sleeps, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&e->head, __ATOMIC_SEQ_CST) != e->tail ? 0 : MF_NEVER;
}

static bool grow(uint32_t at_least)
{
    uint32_t count = remote_count == 0 ? FIRST_COUNT : remote_count;

    while (count <= at_least) {
        count *= 2;
    }
    uint16_t *const list = realloc(untold, count * sizeof(*list));
    untold = list != NULL ? list : untold;
    struct mf_remote **const table =
        list != NULL ? realloc(remotes, count * sizeof(struct mf_remote *)) : NULL;
    if (table == NULL) {
        return false;
    }
    for (uint32_t i = remote_count; i < count; i++) {
        table[i] = NULL;
    }
    remotes = table;
    remote_count = count;
    return true;
}

/* Without memory the file is not in the table, and is asked for from time to time. */
static void enter(struct mf_remote *r)
{
    static struct mf_poller poller = {.poll = poll_remotes, .prepare = prepare_remotes};
    static bool is_registered;
    const uint32_t number = (uint32_t)r->number;

    if (!is_registered) {
        is_registered = true;
        mf_poller_register(&poller);
    }
    if (number < remote_count || grow(number)) {
        remotes[number] = r;
    }
}

/* ---- asking -------------------------------------------------------------------------------------- */

int64_t mf_remote_ask(struct mf_remote *r, struct mf_files_call *c)
{
    const int64_t n = mf_family_ask(c);

    if (mf_family_role != MF_FAMILY_CHILD) {
        return mf_remote_error(r, n);
    }
    if (find((uint32_t)r->number) != r) {
        enter(r); /* a child that does not use it need not pay for it */
    }
    const uint64_t info = (uint64_t)c->args[5];
    const uint32_t head = (uint32_t)(info >> MF_IO_HEAD_SHIFT);
    /* Without a doubt those are there; later ones may be, and come after the answer. */
    if (head - events_of_self()->tail <= MF_FILES_EVENTS) {
        drain(head);
    }
    r->ready = info & MF_IO_READY;
    r->is_shared = (info & MF_IO_IS_SHARED) != 0;
    r->is_watched = (info & MF_IO_IS_WATCHED) != 0 && find((uint32_t)r->number) == r;
    drain_all();
    return n;
}

int64_t mf_remote_error(const struct mf_remote *r, int64_t error)
{
    const bool is_lost = error == -EIO && mf_family_role != MF_FAMILY_CHILD;
    return is_lost && (r->kind == MF_IO_INET || r->kind == MF_IO_UNIX) ? -ECONNRESET : error;
}

int64_t mf_remote_call(struct mf_remote *r, uint32_t op, int64_t arg1, int64_t arg2)
{
    struct mf_files_call *const c = mf_family_begin(op, NULL);

    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    c->args[0] = r->number;
    c->args[1] = arg1;
    c->args[2] = arg2;
    const int64_t n = mf_remote_ask(r, c);
    mf_family_end(c);
    return n;
}

int mf_remote_number(struct mf_remote *r, unsigned long request, int *value)
{
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_CONTROL, NULL);

    if (c == NULL) {
        return (int)mf_remote_error(r, -EIO);
    }
    c->args[0] = r->number;
    c->args[1] = (int64_t)request;
    const int64_t n = mf_remote_ask(r, c);
    if (n == 0) {
        *value = (int)c->args[1];
    }
    mf_family_end(c);
    return (int)n;
}

uint32_t mf_remote_poll(struct mf_open_file *f)
{
    struct mf_remote *const r = (struct mf_remote *)f;

    if (mf_family_role == MF_FAMILY_CHILD && (!r->is_watched || r->is_shared)) {
        (void)mf_remote_call(r, MF_FAMILY_POLL, 0, 0);
    }
    return mf_family_role == MF_FAMILY_CHILD ? r->ready : ALL;
}

bool mf_remote_has_to_wait(struct mf_remote *r, uint32_t events)
{
    if (!r->is_watched || r->is_shared || !r->has_no_timeout) {
        return false;
    }
    mf_critical_enter();
    if (!mf_family_is_lost()) {
        drain_all();
    }
    mf_critical_leave();
    const uint32_t any = events | POLLERR | POLLHUP | POLLRDHUP | POLLNVAL;
    return mf_family_role == MF_FAMILY_CHILD && (r->ready & any) == 0;
}

int mf_remote_wait(struct mf_remote *r, uint32_t events, int flags, struct mf_remote_wait *w)
{
    if ((flags & MSG_DONTWAIT) != 0) {
        return -EAGAIN;
    }
    r->has_no_timeout = w->timeout_ns == 0;
    if (w->until_ns == 0) {
        w->until_ns = w->timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(w->timeout_ns);
    }
    uint64_t until_ns = w->until_ns;
    if (w->retries || !r->is_watched) {
        const uint64_t soon_ns = mf_clock_deadline(RETRY_NS);
        until_ns = soon_ns < until_ns ? soon_ns : until_ns;
    }
    const int err = mf_file_wait(&r->file, events, until_ns);
    if (err == -ETIMEDOUT) {
        return mf_clock_ns() < w->until_ns ? 0 : -EAGAIN;
    }
    return err;
}

/* ---- counters ------------------------------------------------------------------------------------ */

ssize_t mf_remote_transfer(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           size_t skip, bool writes)
{
    struct mf_remote *const r = (struct mf_remote *)f;
    const size_t all = (size_t)mf_iov_bytes(iov, iov_count) - skip;
    const size_t bytes = all < MF_FILES_BUFFER_BYTES ? all : MF_FILES_BUFFER_BYTES;
    struct mf_remote_wait w = {0};

    for (;;) {
        char *data;
        struct mf_files_call *const c =
            mf_family_begin(writes ? MF_FAMILY_GIVE : MF_FAMILY_TAKE, &data);
        if (c == NULL) {
            return -EIO;
        }
        c->args[0] = r->number;
        c->args[1] = (int64_t)bytes;
        if (writes) {
            mf_remote_copy(iov, iov_count, skip, data, bytes, true);
        }
        const int64_t n = mf_remote_ask(r, c);
        if (!writes && n > 0 && (size_t)n <= bytes) {
            mf_remote_copy(iov, iov_count, 0, data, (size_t)n, false);
        }
        mf_family_end(c);
        const int err = n == -EAGAIN ? mf_remote_wait(r, writes ? POLLOUT : POLLIN, 0, &w) : 0;
        if (n != -EAGAIN || err != 0) {
            return err != 0 ? err : n;
        }
    }
}

static ssize_t counter_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *position)
{
    (void)position;
    return mf_remote_transfer(f, iov, iov_count, 0, false);
}

static ssize_t counter_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                              off_t *position)
{
    (void)position;
    return mf_remote_transfer(f, iov, iov_count, 0, true);
}

/* Takes it out of the table, and off the list. */
static void forget(struct mf_remote *r)
{
    if (find((uint32_t)r->number) != r) {
        return;
    }
    remotes[r->number] = NULL;
    for (uint32_t i = 0; r->untold != 0 && i < untold_count; i++) {
        if (untold[i] == r->number) {
            untold[i] = untold[--untold_count];
            break;
        }
    }
}

/* Events of the file that are in the ring already must not be taken for those of the next one. */
void mf_remote_close(struct mf_open_file *f)
{
    struct mf_remote *const r = (struct mf_remote *)f;
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_CLOSE, NULL);

    forget(r);
    if (c != NULL) {
        c->args[0] = r->number;
        (void)mf_family_ask(c);
        if (mf_family_role == MF_FAMILY_CHILD) {
            drain_all();
        }
        mf_family_end(c);
    }
    free(r);
}

static const struct mf_fd_ops remote_counter_ops = {
    .readv = counter_readv,
    .writev = counter_writev,
    .poll = mf_remote_poll,
    .close = mf_remote_close,
};

/* ---- making -------------------------------------------------------------------------------------- */

static const struct mf_fd_ops *const ops_of[] = {
    [MF_IO_COUNTER] = &remote_counter_ops,    [MF_IO_INET] = &mf_remote_socket_ops,
    [MF_IO_UNIX] = &mf_remote_socket_ops,     [MF_IO_FIFO] = &mf_remote_fifo_ops,
    [MF_IO_CONSOLE] = &mf_remote_console_ops,
};

struct mf_remote *mf_remote_of(struct mf_open_file *f)
{
    for (int kind = MF_IO_NONE + 1; f != NULL && kind <= MF_IO_CONSOLE; kind++) {
        if (f->ops == ops_of[kind]) {
            return (struct mf_remote *)f;
        }
    }
    return NULL;
}

static void become(struct mf_remote *r, int64_t number, enum mf_io_kind kind, int type)
{
    r->file.ops = ops_of[kind];
    r->number = (int32_t)number;
    r->ready = r->untold = 0;
    r->kind = (uint8_t)kind;
    r->type = (uint8_t)type;
    r->is_watched = r->is_shared = r->has_no_timeout = false;
}

struct mf_remote *mf_remote_make(int64_t number, enum mf_io_kind kind, int type, uint32_t flags)
{
    struct mf_remote *const r = malloc(sizeof(*r));

    if (r == NULL) {
        (void)mf_family_call(MF_FAMILY_CLOSE, number, 0, 0);
        return NULL;
    }
    mf_file_init(&r->file, NULL, flags);
    become(r, number, kind, type);
    return r;
}

int mf_remote_open(int64_t number, enum mf_io_kind kind, int type, uint32_t flags)
{
    const uint32_t access = O_RDWR | (flags & O_NONBLOCK);
    struct mf_remote *const r = mf_remote_make(number, kind, type, access);

    if (r == NULL) {
        return -ENOMEM;
    }
    const int fd = mf_fd_install(&r->file, 0, flags & O_CLOEXEC);
    if (fd < 0) {
        mf_file_put(&r->file);
    }
    return fd;
}

/* ---- forks --------------------------------------------------------------------------------------- */

/* In a child of the owner. Who waited for one here, an epoll file, has to look again. */
void mf_remote_convert(void)
{
    for (int fd = 0; fd < mf_fds.count; fd++) {
        struct mf_open_file *const f = mf_fds.slots[fd].file;
        int type = 0;
        const enum mf_io_kind kind = f != NULL ? mf_io_kind(f, &type) : MF_IO_NONE;
        if (kind == MF_IO_NONE) {
            continue;
        }
        if (kind == MF_IO_INET) {
            mf_socket_inherit(f);
        }
        become((struct mf_remote *)f, fd, kind, type);
        mf_file_notify(f, ALL);
    }
}

/* A counter that this child has made becomes the owner's, in place. 0 or a negative errno number. */
static int hand_over(struct mf_open_file *f)
{
    int flags;
    const uint64_t value = mf_eventfd_value(f, &flags);
    const int64_t number = mf_family_call(MF_FAMILY_COUNTER, (int64_t)value, flags, 0);
    if (number >= 0) {
        become((struct mf_remote *)f, number, MF_IO_COUNTER, 0);
        mf_file_notify(f, ALL); /* who waits for it goes on there */
    }
    return number < 0 ? (int)number : 0;
}

int mf_remote_prepare(void)
{
    int err = 0;

    for (int fd = 0; fd < mf_fds.count && err == 0; fd++) {
        struct mf_open_file *const f = mf_fds.slots[fd].file;
        err = f != NULL && mf_io_kind(f, NULL) == MF_IO_COUNTER ? hand_over(f) : 0;
    }
    return err;
}

void mf_remote_forked(bool is_child)
{
    for (uint32_t i = 0; i < remote_count; i++) {
        struct mf_remote *const r = remotes[i];
        if (r != NULL) {
            r->is_shared = true;
            r->is_watched = r->is_watched && !is_child;
            mf_file_notify(&r->file, is_child ? ALL : 0);
        }
    }
}
