/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - see notify.h. */
#include "signal/notify.h"

#include <errno.h>
#include <stdlib.h>

#include "signal/signal_internal.h"

struct notice {
    void (*fn)(union sigval value);
    union sigval value;
};

static void *run_notice(void *arg)
{
    const struct notice n = *(const struct notice *)arg;
    free(arg);
    n.fn(n.value);
    return NULL;
}

int mf_notice_thread(const struct sigevent *event)
{
    struct notice *const n = malloc(sizeof(*n));
    if (n == NULL) {
        return -ENOMEM;
    }
    *n = (struct notice){event->sigev_notify_function, event->sigev_value};
    struct mf_thread_spec spec = {.detached = true};
    if (event->sigev_notify_attributes != NULL) {
        spec.stack_bytes = event->sigev_notify_attributes->__stacksize;
        spec.guard_bytes = event->sigev_notify_attributes->__guardsize;
    }
    struct mf_thread *thread;
    const int err = mf_thread_create(run_notice, n, &spec, &thread);
    if (err != 0) {
        free(n);
        return err;
    }
    sigfillset(&thread->signal_mask); /* signals are for the program's own threads */
    return 0;
}

bool mf_notice_is_valid(const struct sigevent *event)
{
    switch (event->sigev_notify) {
    case SIGEV_NONE:
        return true;
    case SIGEV_SIGNAL:
        return mf_signal_is_valid(event->sigev_signo);
    case SIGEV_THREAD:
        return event->sigev_notify_function != NULL;
    default:
        return false;
    }
}
