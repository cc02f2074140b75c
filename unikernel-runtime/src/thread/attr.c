/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr.c - attributes of POSIX threads, and scheduling: one policy, SCHED_OTHER, with one priority, 0,
 * and one contention scope, the system's. What asks for another one is told ENOTSUP.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "fd/fd.h"
#include "memory/memory.h"
#include "thread/preempt.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

#define GUARD_MAX_BYTES (256 * (size_t)HV_PAGE_BYTES)

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){.__detachstate = PTHREAD_CREATE_JOINABLE,
                             .__stacksize = MF_STACK_BYTES,
                             .__guardsize = HV_PAGE_BYTES,
                             .__scope = PTHREAD_SCOPE_SYSTEM,
                             .__inherit = PTHREAD_INHERIT_SCHED,
                             .__policy = SCHED_OTHER};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN || bytes > MF_MAP_END - MF_MAP_BASE) {
        return EINVAL;
    }
    attr->__stacksize = bytes;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *bytes)
{
    *bytes = attr->__stacksize;
    return 0;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *low, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN || ((uintptr_t)low & 15) != 0 || (bytes & 15) != 0) {
        return EINVAL;
    }
    attr->__stackaddr = low;
    attr->__stacksize = bytes;
    return 0;
}

int pthread_attr_getstack(const pthread_attr_t *attr, void **low, size_t *bytes)
{
    *low = attr->__stackaddr;
    *bytes = attr->__stacksize;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_DETACHED && state != PTHREAD_CREATE_JOINABLE) {
        return EINVAL;
    }
    attr->__detachstate = state;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->__detachstate;
    return 0;
}

/* There is always one page; less than a page gives that. */
int pthread_attr_setguardsize(pthread_attr_t *attr, size_t bytes)
{
    if (bytes > GUARD_MAX_BYTES) {
        return EINVAL;
    }
    attr->__guardsize = bytes;
    return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *attr, size_t *bytes)
{
    *bytes = attr->__guardsize;
    return 0;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
    const struct mf_thread *const t = (const struct mf_thread *)thread;
    pthread_attr_init(attr);
    attr->__detachstate = t->detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
    attr->__stackaddr = t->stack_low;
    attr->__stacksize = (size_t)(mf_thread_stack_end(t) - t->stack_low);
    attr->__guardsize =
        t->stack_is_users ? 0 : ((size_t)t->guard_pages + 1) * (size_t)HV_PAGE_BYTES;
    return 0;
}

/* ---- scheduling ---------------------------------------------------------------------------- */

static bool is_policy(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_FIFO || policy == SCHED_RR;
}

static int check(int policy, int priority)
{
    if (!is_policy(policy)) {
        return EINVAL;
    }
    if (policy != SCHED_OTHER) {
        return ENOTSUP;
    }
    return priority == 0 ? 0 : EINVAL;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
    if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED) {
        return EINVAL;
    }
    attr->__inherit = inherit;
    return 0;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr, int *restrict inherit)
{
    *inherit = attr->__inherit;
    return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
    const int err = check(policy, 0);
    if (err == 0) {
        attr->__policy = policy;
    }
    return err;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr, int *restrict policy)
{
    *policy = attr->__policy;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *attr, const struct sched_param *param)
{
    const int err = check(SCHED_OTHER, param->sched_priority);
    if (err == 0) {
        attr->__param = *param;
    }
    return err;
}

int pthread_attr_getschedparam(const pthread_attr_t *attr, struct sched_param *param)
{
    *param = attr->__param;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
    if (scope != PTHREAD_SCOPE_SYSTEM) {
        return scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
    }
    attr->__scope = scope;
    return 0;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
    *scope = attr->__scope;
    return 0;
}

int pthread_getschedparam(pthread_t thread, int *restrict policy,
                          struct sched_param *restrict param)
{
    (void)thread;
    *policy = SCHED_OTHER;
    *param = (struct sched_param){0};
    return 0;
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
    (void)thread;
    return check(policy, param->sched_priority);
}

int pthread_setschedprio(pthread_t thread, int priority)
{
    (void)thread;
    return check(SCHED_OTHER, priority);
}

int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : 0; /* a hint; there is one CPU */
}

int pthread_getconcurrency(void)
{
    return 0;
}

/* ---- <sched.h>: of the process --------------------------------------------------------------- */

static bool is_self(pid_t pid)
{
    return pid == 0 || pid == getpid();
}

int sched_get_priority_max(int policy)
{
    return is_policy(policy) ? 0 : (int)mf_ret(-EINVAL);
}

int sched_get_priority_min(int policy)
{
    return sched_get_priority_max(policy);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    if (!is_self(pid)) {
        return (int)mf_ret(-ESRCH);
    }
    *param = (struct sched_param){0};
    return 0;
}

int sched_getscheduler(pid_t pid)
{
    return is_self(pid) ? SCHED_OTHER : (int)mf_ret(-ESRCH);
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    if (!is_self(pid)) {
        return (int)mf_ret(-ESRCH);
    }
    const int err = check(policy, param->sched_priority);
    return (int)mf_ret(err == ENOTSUP ? -EPERM : -err);
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    return sched_setscheduler(pid, SCHED_OTHER, param);
}

int sched_rr_get_interval(pid_t pid, struct timespec *interval)
{
    if (!is_self(pid)) {
        return (int)mf_ret(-ESRCH);
    }
    *interval = mf_timespec_of(MF_PREEMPT_SLICE_NS);
    return 0;
}

int sched_getcpu(void)
{
    return 0;
}
