/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - see request.h. */
#include "start/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "mayfly/hypercall.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/info.h"
#include "thread/idle.h"
#include "thread/preempt.h"
#include "thread/thread_internal.h"

/* The request under way, here so that it can be asked again. */
static struct {
    bool is_taken;       /* somebody's */
    uint32_t op, number; /* number: that of the last one when there is none */
    uint64_t args[2];
    const char *text;      /* borrows */
    struct mf_waitq turn;  /* who wants to be next */
    struct mf_waitq asker; /* who waits for the answer */
} request;

/* In critical code. */
static void send(void)
{
    volatile struct mf_info *const info = mf_info();
    volatile struct mf_request *const page = &info->request;
    size_t i = 0;

    page->op = request.op;
    page->args[0] = request.args[0];
    page->args[1] = request.args[1];
    for (; request.text != NULL && request.text[i] != 0 && i + 1 < sizeof(page->text); i++) {
        page->text[i] = request.text[i];
    }
    page->text[i] = 0;
    __atomic_store_n(&page->asked, request.number, __ATOMIC_RELEASE);
}

static bool is_answered(void)
{
    return __atomic_load_n(&mf_info()->request.answered, __ATOMIC_ACQUIRE) == request.number;
}

static void poll(void *arg)
{
    (void)arg;
    if (request.asker.head != NULL && is_answered()) {
        mf_waitq_wake_all(&request.asker);
    }
}

/* A copy whose page has no answer asks again. */
static void attach(void)
{
    if (request.is_taken && !is_answered()) {
        send();
        hv_event_send(mf_info()->control_port);
    }
}

static void register_once(void)
{
    static struct mf_poller poller = {.poll = poll};
    static struct mf_clone_hook hook = {.attach = attach};
    static bool is_registered;

    if (!is_registered) {
        is_registered = true;
        mf_poller_register(&poller);
        mf_clone_register(&hook);
    }
}

/* Waits for the turn, and asks. */
static void begin(uint32_t op, uint64_t arg0, uint64_t arg1, const char *text)
{
    register_once();
    while (request.is_taken) {
        mf_thread_wait(&request.turn, MF_NEVER);
    }
    request.is_taken = true;
    request.op = op;
    request.args[0] = arg0;
    request.args[1] = arg1;
    request.text = text;
    request.number += request.number == UINT32_MAX ? 2 : 1; /* 0 is that of a new page */
    mf_critical_enter();
    send();
    const uint32_t port = mf_info()->control_port;
    mf_critical_leave();
    hv_event_send(port);
}

/* Takes the answer, and lets the next one ask. */
static int64_t end(uint64_t *value)
{
    const volatile struct mf_request *const page = &mf_info()->request;
    const int32_t error = page->error;

    if (value != NULL) {
        *value = page->value;
    }
    request.is_taken = false;
    mf_waitq_wake_one(&request.turn);
    return error;
}

static bool can_ask(void)
{
    return mf_info()->control_port != MF_NO_PORT;
}

int64_t mf_request(uint32_t op, uint64_t arg0, uint64_t arg1, const char *text, uint64_t *value)
{
    if (!can_ask()) {
        return HV_ERR_NOSYS;
    }
    struct mf_thread *const self = mf_thread_self();
    const sigset_t mask = self->signal_mask;
    self->signal_mask = ~(sigset_t)0; /* a handler that asks would wait for us */
    begin(op, arg0, arg1, text);
    while (!is_answered()) {
        mf_thread_wait(&request.asker, MF_NEVER);
    }
    const int64_t err = end(value);
    self->signal_mask = mask;
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
    return err;
}

void (*mf_request_meanwhile)(void);

int64_t mf_request_alone(uint32_t op, uint64_t arg0, uint64_t arg1, void (*in_copy)(void),
                         uint64_t *value)
{
    uint32_t tag;

    if (!can_ask()) {
        return HV_ERR_NOSYS;
    }
    begin(op, arg0, arg1, NULL);
    while (!is_answered()) {
        if (op == MF_REQUEST_STOP && mf_request_meanwhile != NULL) {
            mf_request_meanwhile();
        }
        /* Whose event it is will be seen when the devices are polled next. */
        hv_event_wait(HV_WAIT_FOREVER, &tag);
        mf_preempt_forget();
        mf_preempt_forget();
        if (mf_info()->generation != mf_clone_generation && !is_answered()) {
            mf_critical_enter(); /* a copy that was not meant: asks again */
            mf_critical_leave();
        }
    }
    if (in_copy != NULL && mf_info()->generation != mf_clone_generation) {
        in_copy();
    }
    const int64_t err = end(value);
    mf_preempt_update();
    return err;
}

int mf_request_errno(int64_t error)
{
    static const uint8_t numbers[] = {
        [-HV_ERR_INVAL] = EINVAL,  [-HV_ERR_ALIGN] = EINVAL, [-HV_ERR_RANGE] = EINVAL,
        [-HV_ERR_EXISTS] = EEXIST, [-HV_ERR_NOENT] = ENOENT, [-HV_ERR_NOMEM] = ENOMEM,
        [-HV_ERR_LIMIT] = EAGAIN,  [-HV_ERR_FAULT] = EFAULT, [-HV_ERR_HANDLE] = EBADF,
        [-HV_ERR_PERM] = EPERM,    [-HV_ERR_STATE] = EBUSY,  [-HV_ERR_BUSY] = EBUSY,
        [-HV_ERR_NOSYS] = ENOSYS,  [-HV_ERR_IO] = EIO,
    };
    return error < 0 && -error < (int64_t)sizeof(numbers) ? numbers[-error] : 0;
}
