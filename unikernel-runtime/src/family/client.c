/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - how a child asks the owner of its files, see family.h, mayfly/family.h. The window is
 * looked at in critical code only: a copy of the child that fork() did not make has none.
 */
#include <errno.h>

#include "family/family.h"
#include "files/path.h"
#include "mayfly/hypercall.h"
#include "process/process.h"
#include "start/clone.h"
#include "start/request.h"
#include "system/identity.h"
#include "thread/preempt.h"

uint8_t mf_family_role;

static uint32_t self; /* as a user */

static struct mf_files_call *own_call(void)
{
    return &mf_family_window()->calls[self];
}

/* Also after a rollback: the window has gone. */
static void attach(void)
{
    if (!mf_process_is_child) {
        mf_family_role = MF_FAMILY_LOST;
    }
}

void mf_family_become(int user)
{
    static struct mf_clone_hook hook = {.attach = attach};
    static bool is_registered;

    if (mf_family_role == MF_FAMILY_LOST || user == 0) {
        return;
    }
    if (!is_registered) {
        is_registered = true;
        mf_clone_register(&hook);
    }
    const bool was_child = mf_family_role == MF_FAMILY_CHILD;
    mf_family_role = MF_FAMILY_CHILD;
    self = (uint32_t)user;
    if (was_child) {
        mf_family_files.forked(true);
    } else {
        mf_family_files.become_user();
    }
}

int mf_family_prepare(void)
{
    if (mf_family_role == MF_FAMILY_LOST || !mf_family_has_files()) {
        return 0;
    }
    if (mf_family_role == MF_FAMILY_CHILD) {
        const int err = mf_family_files.prepare();
        const int64_t user = err != 0 ? err : mf_family_call(MF_FAMILY_FORK, 0, 0, 0);
        mf_family_files.forked(false);
        return user == -EIO ? 0 : (int)user;
    }
    const int64_t err = mf_family_files.begin();
    return err != 0 ? -mf_request_errno(err) : mf_family_files.add(0);
}

void mf_family_cancel(int user)
{
    if (user > 0 && mf_family_role == MF_FAMILY_CHILD) {
        (void)mf_family_call(MF_FAMILY_DROP, user, 0, 0);
    } else if (user > 0 && mf_family_role == MF_FAMILY_ALONE) {
        mf_family_files.drop((uint32_t)user);
    }
}

/* ---- asking ------------------------------------------------------------------------------------ */

uint32_t mf_family_self(void)
{
    return self;
}

bool mf_family_is_lost(void)
{
    if (mf_family_role == MF_FAMILY_CHILD &&
        __atomic_load_n(&mf_family_window()->is_gone, __ATOMIC_ACQUIRE) != 0) {
        mf_family_role = MF_FAMILY_LOST;
    }
    return mf_family_role != MF_FAMILY_CHILD;
}

static bool take_buffer(uint32_t number)
{
    uint32_t free = 0;
    return number < MF_FILES_BUFFERS &&
           __atomic_compare_exchange_n(&mf_family_window()->buffers[number], &free, self, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void give_back(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        __atomic_store_n(&mf_family_window()->buffers[first + i], 0, __ATOMIC_RELEASE);
    }
}

/* The first of `count` free buffers, all or none; MF_FILES_BUFFERS: there are none now. */
static uint32_t take_buffers(uint32_t count)
{
    for (uint32_t i = 0; i < MF_FILES_BUFFERS; i++) {
        const uint32_t at = (self + i) % MF_FILES_BUFFERS;
        uint32_t taken = 0;
        while (taken < count && take_buffer(at + taken)) {
            taken++;
        }
        if (taken == count) {
            return at;
        }
        give_back(at, taken);
    }
    return MF_FILES_BUFFERS;
}

struct mf_files_call *mf_family_begin(uint32_t op, char **data)
{
    return mf_family_begin_large(op, data, data != NULL);
}

struct mf_files_call *mf_family_begin_large(uint32_t op, char **data, uint32_t buffers)
{
    uint32_t buffer = MF_FILES_BUFFERS;

    mf_critical_enter();
    while (!mf_family_is_lost() && buffers != 0 &&
           (buffer = take_buffers(buffers)) == MF_FILES_BUFFERS) {
        mf_critical_leave();
        hv_yield(); /* who has one may wait for this CPU */
        mf_critical_enter();
    }
    if (mf_family_role != MF_FAMILY_CHILD) {
        mf_critical_leave();
        return NULL;
    }
    struct mf_files_call *const c = own_call();
    c->op = op;
    c->buffer = buffer;
    c->buffers = buffers;
    c->member = mf_info()->process.member;
    c->pid = mf_info()->process.pid;
    c->uid = mf_identity.uid.effective;
    c->gid = mf_identity.gid.effective;
    c->real_uid = mf_identity.uid.real;
    c->real_gid = mf_identity.gid.real;
    c->mask = mf_creation_mask;
    if (buffers != 0) {
        *data = (char *)mf_family_window() + MF_FILES_DATA + buffer * MF_FILES_BUFFER_BYTES;
    }
    return c;
}

void mf_family_nudge(void)
{
    struct mf_files_window *const w = mf_family_window();

    __atomic_fetch_or(&w->asked[self / 64], 1ul << self % 64, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&w->owner_sleeps, 0, __ATOMIC_SEQ_CST) != 0) {
        const uint32_t owner = w->owner % MF_FILES_USERS;
        __atomic_fetch_or(&w->wakes[owner / 64], 1ul << owner % 64, __ATOMIC_RELEASE);
        hv_event_send(mf_info()->control_port);
    }
}

/* In critical code: the answer is for `asked` + 1. */
static void send(struct mf_files_call *c)
{
    __atomic_store_n(&c->asked, c->answered + 1, __ATOMIC_RELEASE);
    mf_family_nudge();
}

/* Leaves critical code while it waits, and is in it again afterwards. */
int64_t mf_family_ask(struct mf_files_call *call)
{
    uint32_t tag;

    send(call);
    while (!mf_family_is_lost() &&
           __atomic_load_n(&call->answered, __ATOMIC_ACQUIRE) != call->asked) {
        mf_critical_leave();
        /* Whose event it is will be seen when the devices are polled next. */
        hv_event_wait(HV_WAIT_FOREVER, &tag);
        mf_preempt_forget();
        mf_critical_enter();
    }
    return mf_family_role == MF_FAMILY_CHILD ? call->result : -EIO;
}

void mf_family_end(struct mf_files_call *call)
{
    if (mf_family_role == MF_FAMILY_CHILD) {
        give_back(call->buffer, call->buffers);
    }
    mf_critical_leave();
    mf_preempt_update();
}

int64_t mf_family_call(uint32_t op, int64_t arg0, int64_t arg1, int64_t arg2)
{
    struct mf_files_call *const c = mf_family_begin(op, NULL);

    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = arg0;
    c->args[1] = arg1;
    c->args[2] = arg2;
    const int64_t r = mf_family_ask(c);
    mf_family_end(c);
    return r;
}
