/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_async.c - SIGIO when an AF_UNIX socket may have become ready: FIOASYNC and FIOSETOWN, as Linux'
 * socket(7) has them, for the process itself as owner. There is no O_ASYNC of fcntl().
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/unix_socket.h"
#include "signal/signal_internal.h"

#define EVENTS ((uint32_t)(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP))

struct unix_async {
    struct mf_watcher watcher; /* of the socket, while it is on */
    pid_t owner;               /* who gets the signal; 0: nobody */
};

/* A child of fork() has it, too, and is not the owner. */
static void on_notify(struct mf_watcher *w, uint32_t events)
{
    const struct unix_async *const a = (const struct unix_async *)(const void *)w;

    if ((events & EVENTS) != 0 && a->owner == getpid()) {
        mf_signal_post(SIGIO);
    }
}

static struct unix_async *get(struct unix_socket *s)
{
    if (s->async == NULL) {
        s->async = calloc(1, sizeof(*s->async));
    }
    return s->async;
}

static int set_owner(struct unix_async *a, pid_t owner)
{
    if (owner != 0 && owner != getpid()) {
        return owner < 0 ? -EINVAL : -EPERM;
    }
    a->owner = owner;
    return 0;
}

static void turn(struct unix_socket *s, bool on)
{
    struct unix_async *const a = s->async;

    mf_watcher_remove(&a->watcher);
    if (on) {
        a->watcher.notify = on_notify;
        mf_watcher_add(&a->watcher, &s->file);
    }
}

int unix_async_ioctl(struct unix_socket *s, unsigned long request, void *arg)
{
    if (request != FIOASYNC && request != FIOSETOWN && request != FIOGETOWN) {
        return -ENOTTY;
    }
    struct unix_async *const a = get(s);
    if (a == NULL) {
        return -ENOMEM;
    }
    switch (request) {
    case FIOASYNC:
        turn(s, *(const int *)arg != 0);
        return 0;
    case FIOSETOWN:
        return set_owner(a, *(const pid_t *)arg);
    default:
        *(pid_t *)arg = a->owner;
        return 0;
    }
}
