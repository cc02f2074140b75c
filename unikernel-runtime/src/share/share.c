/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.c - see mayfly.h. A share is a descriptor: readable when the other guest has notified. dom0
 * connects (mayfly/info.h, struct mf_share); afterwards events go from guest to guest.
 */
#include <mayfly.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd/fd.h"
#include "mayfly/hypercall.h"
#include "start/clone.h"
#include "start/request.h"
#include "thread/idle.h"
#include "thread/thread.h"

#define TEXT_BYTES 64 /* struct mf_request */

struct share_file {
    struct mf_open_file file;
    uint32_t index;
    uint32_t state; /* enum mf_share_state, as it was seen last */
    uint32_t port;
    uint64_t events; /* that read() has not taken yet */
    struct mf_waitq connecting;
};

static struct share_file *shares[MF_SHARES_MAX]; /* the descriptors' */
static uint32_t changes;                         /* mf_info.share_changes, as it was seen last */

static volatile struct mf_share *shown(uint32_t index)
{
    return (volatile struct mf_share *)(uintptr_t)mf_info()->area + index;
}

static bool is_over(const struct share_file *s)
{
    return s->state == MF_SHARE_ALONE || s->state == MF_SHARE_LOST;
}

/* ---- news of dom0 and of the other guest --------------------------------------------------- */

static void set_state(struct share_file *s, uint32_t state)
{
    if (s->state == state) {
        return;
    }
    s->state = state;
    mf_waitq_wake_all(&s->connecting);
    if (is_over(s)) {
        mf_file_notify(&s->file, POLLIN | POLLHUP);
    }
}

static void look(void *arg)
{
    const uint32_t now = mf_info()->share_changes;

    (void)arg;
    if (now == changes) {
        return;
    }
    changes = now;
    for (uint32_t i = 0; i < MF_SHARES_MAX; i++) {
        struct share_file *const s = shares[i];
        if (s != NULL && s->state != MF_SHARE_LOST) {
            const uint32_t state = __atomic_load_n(&shown(i)->state, __ATOMIC_ACQUIRE);
            s->port = shown(i)->port;
            set_state(s, state);
        }
    }
}

static void on_event(uint32_t tag, void *arg)
{
    struct share_file *const s = shares[tag - MF_TAG_SHARE];

    (void)arg;
    if (s != NULL && s->state != MF_SHARE_LOST) {
        s->events++;
        mf_file_notify(&s->file, POLLIN);
    }
}

/* After a rollback dom0 tells which port is of no use any more. Once: its number may be used again. */
static void close_stale_port(uint32_t index)
{
    if (shown(index)->state == MF_SHARE_LOST && shown(index)->port != MF_NO_PORT) {
        hv_event_close(shown(index)->port);
        shown(index)->port = MF_NO_PORT;
    }
}

/* A copy, or rolled back: no window is there any more. */
static void attach(void)
{
    changes = mf_info()->share_changes;
    for (uint32_t i = 0; i < MF_SHARES_MAX; i++) {
        if (shares[i] != NULL) {
            close_stale_port(i);
            set_state(shares[i], MF_SHARE_LOST);
        }
    }
}

static void register_once(void)
{
    static struct mf_event event = {MF_TAG_SHARE, MF_SHARES_MAX, on_event, NULL, NULL};
    static struct mf_poller poller = {.poll = look};
    static struct mf_clone_hook hook = {.attach = attach};
    static bool is_registered;

    if (!is_registered) {
        is_registered = true;
        mf_event_register(&event);
        mf_poller_register(&poller);
        mf_clone_register(&hook);
    }
}

/* ---- the file ------------------------------------------------------------------------------ */

static ssize_t share_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    struct share_file *const s = (struct share_file *)f;

    (void)iov_count;
    (void)position;
    if (iov->iov_len < sizeof(s->events)) {
        return -EINVAL;
    }
    while (s->events == 0) {
        if (is_over(s)) {
            return 0;
        }
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
    memcpy(iov->iov_base, &s->events, sizeof(s->events));
    s->events = 0;
    return sizeof(s->events);
}

static uint32_t share_poll(struct mf_open_file *f)
{
    const struct share_file *const s = (const struct share_file *)f;
    return (s->events != 0 || is_over(s) ? POLLIN : 0) | (uint32_t)(is_over(s) ? POLLHUP : POLLOUT);
}

/* The descriptor's place stays taken until dom0 knows: then the index can be used again. */
static void share_close(struct mf_open_file *f)
{
    struct share_file *const s = (struct share_file *)f;

    if (s->state == MF_SHARE_CONNECTED || s->state == MF_SHARE_ALONE) {
        hv_window_close(HV_SELF, MF_SHARE_VA(s->index));
        hv_event_close(s->port);
    }
    if (s->state != MF_SHARE_LOST) {
        const uint32_t generation = mf_clone_generation;
        mf_request(MF_REQUEST_SHARE_CLOSE, s->index, 0, NULL, NULL);
        if (generation != mf_clone_generation) {
            close_stale_port(s->index);
        }
    }
    shares[s->index] = NULL;
    free(s);
}

static const struct mf_fd_ops ops = {
    .readv = share_readv, .poll = share_poll, .close = share_close};

/* ---- mayfly.h ------------------------------------------------------------------------------ */

/* Waits for the other guest. The deadline holds for the whole of it. */
static int await(struct share_file *s, int timeout_ms)
{
    const uint64_t deadline_ns =
        timeout_ms < 0 ? MF_NEVER
                       : mf_clock_deadline((uint64_t)timeout_ms * (uint64_t)MF_NS_PER_MS);

    while (s->state == MF_SHARE_NONE || s->state == MF_SHARE_OFFERED) {
        const int err = mf_thread_wait(&s->connecting, deadline_ns);
        if (err != 0) {
            return err;
        }
    }
    return s->state == MF_SHARE_LOST ? -ECONNRESET : 0;
}

static int request_error(int64_t err)
{
    return err == HV_ERR_LIMIT ? -ENOMEM : -mf_request_errno(err);
}

/* Offers it, and waits. On an error the offer is gone, the file is not. */
static int connect_share(struct share_file *s, size_t bytes, const char *text, int timeout_ms)
{
    uint64_t value;

    if (mf_info()->area == 0) {
        return -ENOSYS;
    }
    close_stale_port(s->index);
    const int64_t err = mf_request(MF_REQUEST_SHARE, bytes, s->index, text, &value);
    if (err < 0) {
        s->state = MF_SHARE_LOST; /* there is nothing to close */
        return request_error(err);
    }
    mf_critical_enter();
    changes = mf_info()->share_changes - 1; /* have a look, whatever was seen meanwhile */
    look(NULL);
    mf_critical_leave();
    return await(s, timeout_ms);
}

static int share_open(const char *peer, const char *name, size_t bytes, int timeout_ms,
                      void **memory)
{
    char text[TEXT_BYTES];
    uint32_t i = 0;

    if (bytes == 0 || bytes > HV_WINDOW_BYTES) {
        return -EINVAL;
    }
    if (snprintf(text, sizeof(text), "%s:%s", peer, name) >= (int)sizeof(text)) {
        return -ENAMETOOLONG;
    }
    while (i < MF_SHARES_MAX && shares[i] != NULL) {
        i++;
    }
    struct share_file *const s = i < MF_SHARES_MAX ? calloc(1, sizeof(*s)) : NULL;
    if (s == NULL) {
        return i < MF_SHARES_MAX ? -ENOMEM : -EMFILE;
    }
    register_once();
    mf_file_init(&s->file, &ops, O_RDWR);
    s->index = i;
    s->port = MF_NO_PORT;
    shares[i] = s;
    int fd = connect_share(s, bytes, text, timeout_ms);
    if (fd == 0) {
        fd = mf_fd_install(&s->file, 0, O_CLOEXEC);
    }
    if (fd < 0) {
        mf_file_put(&s->file);
        return fd;
    }
    *memory = (void *)(uintptr_t)MF_SHARE_VA(i);
    return fd;
}

int mf_share_open(const char *peer, const char *name, size_t bytes, int timeout_ms, void **memory)
{
    return (int)mf_ret(share_open(peer, name, bytes, timeout_ms, memory));
}

int mf_share_notify(int fd)
{
    struct mf_open_file *const f = mf_fd_get(fd);
    int err = f == NULL ? -EBADF : -EINVAL;

    if (f != NULL && f->ops == &ops) {
        const struct share_file *const s = (const struct share_file *)f;
        err = is_over(s) ? -EPIPE : 0;
        if (err == 0) {
            hv_event_send(s->port);
        }
    }
    mf_file_put(f);
    return (int)mf_ret(err);
}
