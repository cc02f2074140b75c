/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aio.c - asynchronous input and output, see aio.h. A request to a file that can be positioned is done
 * within the call; any other one gets a thread, which can be cancelled as long as it has not begun.
 */
#include <aio.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd/fd.h"
#include "signal/notify.h"
#include "signal/signal_internal.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

/* aiocb.__state; others: it was never asked for, or has been returned. */
#define RUNNING 0x41494f31
#define DONE 0x41494f32

/* Of lio_listio(LIO_NOWAIT): to be told when all are done. */
struct __mf_aio_list {
    unsigned int left;
    struct sigevent event;
};

struct job {
    struct job *next;
    struct aiocb *request; /* NULL: cancelled */
    int fd, op;
    bool has_begun;
};

static struct job *jobs;
static struct mf_waitq waiters;

/* ---- the end of a request -------------------------------------------------------------------- */

static void tell(const struct sigevent *event)
{
    if (event->sigev_notify == SIGEV_THREAD) {
        mf_notice_thread(event);
    } else if (event->sigev_notify == SIGEV_SIGNAL && event->sigev_signo != 0) {
        const siginfo_t info = {.si_signo = event->sigev_signo,
                                .si_code = SI_ASYNCIO,
                                .si_pid = getpid(),
                                .si_uid = getuid(),
                                .si_value = event->sigev_value};
        mf_signal_post_info(&info);
    }
}

static void count_down(struct __mf_aio_list *list)
{
    if (list != NULL && --list->left == 0) {
        tell(&list->event);
        free(list);
    }
}

/* result: bytes, or a negative errno number. */
static void complete(struct aiocb *r, ssize_t result)
{
    struct __mf_aio_list *const list = r->__list;
    const struct sigevent event = r->aio_sigevent;

    r->__error = result < 0 ? (int)-result : 0;
    r->__result = result < 0 ? -1 : result;
    r->__state = DONE;
    tell(&event);
    count_down(list);
    mf_waitq_wake_all(&waiters);
}

/* Handlers of signals that were sent to the caller meanwhile. */
static int leave(int err)
{
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
    return (int)mf_ret(err);
}

/* ---- doing it ------------------------------------------------------------------------------- */

static ssize_t transfer_now(const struct aiocb *r, int op, uint32_t flags)
{
    void *const buffer = (void *)(uintptr_t)r->aio_buf;
    ssize_t n;
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    if (op == LIO_READ) {
        n = pread(r->aio_fildes, buffer, r->aio_nbytes, r->aio_offset);
    } else if ((flags & O_APPEND) != 0) {
        n = write(r->aio_fildes, buffer, r->aio_nbytes);
    } else {
        n = pwrite(r->aio_fildes, buffer, r->aio_nbytes, r->aio_offset);
    }
    const int error = errno;
    pthread_setcancelstate(state, NULL);
    return n < 0 ? -error : n;
}

static void remove_job(struct job *j)
{
    struct job **link = &jobs;
    while (*link != j) {
        link = &(*link)->next;
    }
    *link = j->next;
    free(j);
}

static void *run_job(void *arg)
{
    struct job *const j = arg;
    struct aiocb *const r = j->request;

    if (r != NULL) {
        void *const buffer = (void *)(uintptr_t)r->aio_buf;
        j->has_begun = true;
        const ssize_t n = j->op == LIO_READ ? read(j->fd, buffer, r->aio_nbytes)
                                            : write(j->fd, buffer, r->aio_nbytes);
        complete(r, n < 0 ? -errno : n);
    }
    remove_job(j);
    return NULL;
}

static int start_job(struct aiocb *r, int op)
{
    const struct mf_thread_spec spec = {.detached = true};
    struct mf_thread *thread;
    struct job *const j = malloc(sizeof(*j));

    if (j == NULL) {
        return -EAGAIN;
    }
    *j = (struct job){.request = r, .fd = r->aio_fildes, .op = op};
    if (mf_thread_create(run_job, j, &spec, &thread) != 0) {
        free(j);
        return -EAGAIN;
    }
    sigfillset(&thread->signal_mask); /* signals are for the program's own threads */
    struct job **end = &jobs;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = j;
    return 0;
}

static int check(const struct aiocb *r, int op, const struct mf_open_file *f)
{
    const uint32_t wrong = op == LIO_READ ? O_WRONLY : O_RDONLY;
    if (f == NULL || (f->flags & O_ACCMODE) == wrong) {
        return -EBADF;
    }
    const bool is_wrong = r->aio_nbytes > SSIZE_MAX || r->aio_reqprio < 0 ||
                          r->aio_reqprio > AIO_PRIO_DELTA_MAX ||
                          (f->ops->lseek != NULL && r->aio_offset < 0);
    return is_wrong ? -EINVAL : 0;
}

/* Returns 0: complete() has been or will be called; or a negative errno number. */
static int submit(struct aiocb *r, int op, struct __mf_aio_list *list)
{
    struct mf_open_file *const f = mf_fd_get(r->aio_fildes);
    int err = check(r, op, f);

    if (err == 0) {
        r->__state = RUNNING;
        r->__error = EINPROGRESS;
        r->__list = list;
        if (f->ops->lseek != NULL) {
            complete(r, transfer_now(r, op, f->flags));
        } else {
            err = start_job(r, op);
        }
    }
    if (err != 0) {
        r->__state = DONE; /* aio_error() tells it, too */
        r->__error = -err;
        r->__result = -1;
    }
    mf_file_put(f);
    return err;
}

/* ---- POSIX --------------------------------------------------------------------------------- */

int aio_read(struct aiocb *r)
{
    return leave(submit(r, LIO_READ, NULL));
}

int aio_write(struct aiocb *r)
{
    return leave(submit(r, LIO_WRITE, NULL));
}

/* All that was asked of a file is done already, and there is no slower store. */
int aio_fsync(int how, struct aiocb *r)
{
    struct mf_open_file *const f = mf_fd_get(r->aio_fildes);
    const bool can_sync = f != NULL && f->ops->lseek != NULL;

    mf_file_put(f);
    if (how != O_SYNC && how != O_DSYNC) {
        return (int)mf_ret(-EINVAL);
    }
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    if (!can_sync) {
        return (int)mf_ret(-EINVAL);
    }
    r->__list = NULL;
    complete(r, 0);
    return leave(0);
}

int aio_error(const struct aiocb *r)
{
    if (r->__state != RUNNING && r->__state != DONE) {
        return (int)mf_ret(-EINVAL);
    }
    return r->__error;
}

ssize_t aio_return(struct aiocb *r)
{
    if (r->__state != DONE) {
        return mf_ret(-EINVAL);
    }
    r->__state = 0;
    return r->__result;
}

int aio_cancel(int fd, struct aiocb *r)
{
    int result = AIO_ALLDONE;
    struct mf_open_file *const f = mf_fd_get(fd);

    mf_file_put(f);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    if (r != NULL && r->aio_fildes != fd) {
        return (int)mf_ret(-EINVAL);
    }
    for (struct job *j = jobs; j != NULL; j = j->next) {
        struct aiocb *const asked = j->request;
        if (asked == NULL || j->fd != fd || (r != NULL && r != asked)) {
            continue;
        }
        if (j->has_begun) {
            result = asked->__state == RUNNING ? AIO_NOTCANCELED : result;
        } else {
            j->request = NULL;
            complete(asked, -ECANCELED);
            result = result == AIO_ALLDONE ? AIO_CANCELED : result;
        }
    }
    leave(0);
    return result;
}

static bool is_any_done(const struct aiocb *const requests[], int count)
{
    for (int i = 0; i < count; i++) {
        if (requests[i] != NULL && requests[i]->__state != RUNNING) {
            return true;
        }
    }
    return false;
}

int aio_suspend(const struct aiocb *const requests[], int count, const struct timespec *timeout)
{
    uint64_t deadline_ns = MF_NEVER;

    mf_thread_test_cancel();
    if (count <= 0 || (timeout != NULL && !mf_timespec_is_valid(timeout))) {
        return (int)mf_ret(-EINVAL);
    }
    if (timeout != NULL) {
        deadline_ns = mf_clock_deadline(mf_timespec_ns(timeout));
    }
    while (!is_any_done(requests, count)) {
        const int err = mf_thread_block(&waiters, deadline_ns, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL);
        if (err != 0 && !is_any_done(requests, count)) {
            return (int)mf_ret(err == -ETIMEDOUT ? -EAGAIN : err);
        }
    }
    return 0;
}

/* Asks for all of a list. Returns whether one could not be asked for. */
static bool submit_all(struct aiocb *const requests[], int count, struct __mf_aio_list *list)
{
    bool has_failed = false;

    for (int i = 0; i < count; i++) {
        struct aiocb *const r = requests[i];
        if (r == NULL || r->aio_lio_opcode == LIO_NOP) {
            continue;
        }
        if (list != NULL) {
            list->left++;
        }
        if (r->aio_lio_opcode != LIO_READ && r->aio_lio_opcode != LIO_WRITE) {
            r->__list = NULL;
            r->__state = DONE;
            r->__error = EINVAL;
            r->__result = -1;
        } else if (submit(r, r->aio_lio_opcode, list) == 0) {
            continue;
        }
        has_failed = true;
        if (list != NULL) {
            list->left--; /* lio_listio() holds one more */
        }
    }
    return has_failed;
}

/* Returns 0, -EIO when one has failed, or -EINTR. */
static int wait_for_all(struct aiocb *const requests[], int count)
{
    int result = 0;

    for (int i = 0; i < count; i++) {
        struct aiocb *const r = requests[i];
        if (r == NULL || r->aio_lio_opcode == LIO_NOP) {
            continue;
        }
        while (r->__state == RUNNING) {
            if (mf_thread_wait(&waiters, MF_NEVER) == -EINTR && !mf_signal_restarts()) {
                return -EINTR;
            }
        }
        result = r->__error != 0 ? -EIO : result;
    }
    return result;
}

int lio_listio(int mode, struct aiocb *restrict const requests[restrict], int count,
               struct sigevent *restrict event)
{
    static const struct sigevent none = {.sigev_notify = SIGEV_NONE};
    struct aiocb *const *const all = (struct aiocb *const *)requests;

    if ((mode != LIO_WAIT && mode != LIO_NOWAIT) || count < 0 || count > AIO_LISTIO_MAX ||
        (mode == LIO_NOWAIT && event != NULL && event->sigev_signo != 0 &&
         !mf_notice_is_valid(event))) {
        return (int)mf_ret(-EINVAL);
    }
    if (mode == LIO_WAIT) {
        submit_all(all, count, NULL);
        return leave(wait_for_all(all, count));
    }
    struct __mf_aio_list *const list = malloc(sizeof(*list));
    if (list == NULL) {
        return (int)mf_ret(-EAGAIN);
    }
    *list = (struct __mf_aio_list){.left = 1, .event = event != NULL ? *event : none};
    const bool has_failed = submit_all(all, count, list);
    count_down(list);
    return leave(has_failed ? -EIO : 0);
}
