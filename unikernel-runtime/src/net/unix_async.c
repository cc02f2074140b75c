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

/* Goes with the socket. */
struct unix_async {
    struct mf_watcher watcher; /* of the socket; first */
    pid_t owner;               /* who gets the signal; 0: nobody */
    bool is_on;
};

/* A child of fork() has it, too, and is not the owner. */
static void on_notify(struct mf_watcher *w, uint32_t events)
{
    struct unix_async *const a = (struct unix_async *)(void *)w;

    if ((events & MF_WATCH_CLOSED) != 0) {
        free(a);
    } else if ((events & EVENTS) != 0 && a->is_on && a->owner == getpid()) {
        mf_signal_post(SIGIO);
    }
}

/* NULL: no memory. */
static struct unix_async *get(struct mf_open_file *f)
{
    for (struct mf_watcher *w = f->watchers; w != NULL; w = w->next) {
        if (w->notify == on_notify) {
            return (struct unix_async *)(void *)w;
        }
    }
    struct unix_async *const a = calloc(1, sizeof(*a));
    if (a != NULL) {
        a->watcher.notify = on_notify;
        mf_watcher_add(&a->watcher, f);
    }
    return a;
}

static int set_owner(struct unix_async *a, pid_t owner)
{
    if (owner != 0 && owner != getpid()) {
        return owner < 0 ? -EINVAL : -EPERM;
    }
    a->owner = owner;
    return 0;
}

int mf_unix_async_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    if (request != FIOASYNC && request != FIOSETOWN && request != FIOGETOWN) {
        return -ENOTTY;
    }
    struct unix_async *const a = get(f);
    if (a == NULL) {
        return -ENOMEM;
    }
    switch (request) {
    case FIOASYNC:
        a->is_on = *(const int *)arg != 0;
        return 0;
    case FIOSETOWN:
        return set_owner(a, *(const pid_t *)arg);
    default:
        *(pid_t *)arg = a->owner;
        return 0;
    }
}
