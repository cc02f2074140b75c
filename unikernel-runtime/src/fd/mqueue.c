/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.c - message queues (POSIX.1-2008, <mqueue.h>). Messages wait in order of their priority; those
 * of one priority as they came. A queue lives until it has no name and nobody has it open.
 *
 * A queue is the same for all processes of a family (queue.h); a descriptor is a process's own. Whoever
 * waits for a queue watches its descriptor; what other threads and processes have done to the queue
 * is seen by its counts, which are looked at after each call and whenever devices are.
 */
#include <mqueue.h>

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "family/family.h"
#include "family/shared.h"
#include "fd/fd_internal.h"
#include "fd/queue.h"
#include "files/node.h"
#include "files/own.h"
#include "files/packed.h"
#include "files/path.h"
#include "signal/notify.h"
#include "signal/signal_internal.h"
#include "system/identity.h"
#include "thread/idle.h"
#include "time/time_internal.h"

#define DEFAULT_MESSAGES 10 /* as on Linux */
#define DEFAULT_BYTES 8192

/* There in programs that fork. */
#pragma weak mf_shared_ends
#pragma weak mf_shared_expect
#pragma weak mf_shared_is_dead
#pragma weak mf_shared_wake

/* As in libc/open.c. */
extern const void *const mf_queue_links[];
const void *const mf_queue_links[] = {&mf_family_server, &mf_family_queues};

struct queue_file {
    struct mf_open_file file;
    struct mf_queue *queue;
    struct queue_file *next, **link; /* of all files */
    uint64_t sent, taken, ends;      /* as watchers know them */
    uint64_t wish;                   /* of the queue's: whoever made it through this file... */
    pid_t wisher;                    /* ...which may be the parent */
    struct sigevent event;
};

static struct queue_file *files;

/* ---- the store of programs that do not fork ----------------------------------------------------- */

struct named {
    struct named *next; /* of all that have a name */
    bool is_named;
    unsigned int opens;
    char name[MF_NAME_MAX + 1];
    struct mf_queue queue; /* and its slots */
};

static struct named *all_named;

static struct named **find(const char *name)
{
    struct named **link = &all_named;
    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static struct named *make(const char *name, const struct mf_queue *head)
{
    struct named *const n = malloc(offsetof(struct named, queue) + mf_queue_bytes(head));
    if (n != NULL) {
        n->next = all_named;
        n->is_named = true;
        n->opens = 0;
        strcpy(n->name, name);
        n->queue = *head;
        all_named = n;
    }
    return n;
}

static int own_open(const char *name, int flags, const struct mf_queue *head, struct mf_queue **out)
{
    struct named *n = *find(name);
    const bool is_new = n == NULL;
    if (is_new && (flags & O_CREAT) == 0) {
        return -ENOENT;
    }
    if (!is_new && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return -EEXIST;
    }
    n = is_new ? make(name, head) : n;
    if (n == NULL) {
        return -ENOSPC;
    }
    n->opens++;
    *out = &n->queue;
    return is_new;
}

static void drop(struct named *n)
{
    if (!n->is_named && n->opens == 0) {
        free(n);
    }
}

static void own_close(struct mf_queue *q)
{
    struct named *const n = (struct named *)((char *)q - offsetof(struct named, queue));
    n->opens--;
    drop(n);
}

static int own_unlink(const char *name)
{
    struct named **const link = find(name), *const n = *link;
    const uid_t user = mf_identity.uid.effective;
    if (n == NULL) {
        return -ENOENT;
    }
    if (user != 0 && user != n->queue.uid) {
        return -EACCES;
    }
    *link = n->next;
    n->is_named = false;
    drop(n);
    return 0;
}

static const struct mf_queue_store own_store = {
    .open = own_open, .close = own_close, .unlink = own_unlink};
MF_REPLACEABLE const struct mf_queue_store *mf_queue_store = &own_store;

/* ---- what others have done ----------------------------------------------------------------------- */

static uint64_t get_count(const uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static uint64_t ends_of(const struct mf_queue *q)
{
    return mf_shared_ends != NULL ? mf_shared_ends(&q->sent) : 0;
}

/* The wish of this process came true: it is told, once. */
static void tell(struct queue_file *f)
{
    const struct mf_queue *const q = f->queue;
    f->wish = 0;
    if (f->event.sigev_notify == SIGEV_SIGNAL && f->event.sigev_signo != 0) {
        const siginfo_t info = {.si_signo = f->event.sigev_signo,
                                .si_code = SI_MESGQ,
                                .si_pid = q->sender,
                                .si_uid = q->sender_uid,
                                .si_value = f->event.sigev_value};
        (void)mf_signal_post_info(&info);
    } else if (f->event.sigev_notify == SIGEV_THREAD) {
        (void)mf_notice_thread(&f->event);
    }
}

static bool has_wish(const struct queue_file *f)
{
    return f->wish != 0 && f->wisher == getpid();
}

/* Returns whether somebody was told of something. */
static bool look(struct queue_file *f)
{
    const struct mf_queue *const q = f->queue;
    const uint64_t sent = get_count(&q->sent), taken = get_count(&q->taken), ends = ends_of(q);
    const uint32_t events =
        (sent != f->sent || ends != f->ends ? POLLIN : 0) | (taken != f->taken ? POLLOUT : 0);
    const bool told = has_wish(f) && get_count(&q->wish) != f->wish;
    if (told) {
        tell(f);
    }
    if (f->file.watchers == NULL || events == 0) {
        return told;
    }
    f->sent = sent;
    f->taken = taken;
    f->ends = ends;
    mf_file_notify(&f->file, events);
    return true;
}

static bool look_at_all(void)
{
    bool told = false;
    for (struct queue_file *f = files; f != NULL; f = f->next) {
        told |= look(f);
    }
    return told;
}

static void poll_queues(void *arg)
{
    (void)arg;
    (void)look_at_all();
}

static uint64_t prepare(void *arg)
{
    (void)arg;
    for (struct queue_file *f = files; f != NULL && mf_shared_expect != NULL; f = f->next) {
        if (f->file.watchers != NULL || has_wish(f)) {
            mf_shared_expect(&f->queue->sent);
            mf_shared_expect(&f->queue->taken);
        }
    }
    return look_at_all() ? 0 : MF_NEVER;
}

static void changed(uint64_t *count)
{
    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
    if (mf_shared_wake != NULL) {
        mf_shared_wake(count);
    }
    (void)look_at_all();
}

/* ---- descriptors --------------------------------------------------------------------------- */

static uint32_t queue_poll(struct mf_open_file *f)
{
    const struct mf_queue *const q = ((struct queue_file *)f)->queue;
    return (q->count != 0 ? POLLIN : 0) | (q->count < q->messages_max ? POLLOUT : 0);
}

/* Locked. */
static void take_wish_back(struct queue_file *f)
{
    if (has_wish(f) && f->queue->wish == f->wish) {
        f->queue->wish = 0;
        f->wish = 0;
    }
}

static void queue_close(struct mf_open_file *f)
{
    struct queue_file *const file = (struct queue_file *)f;
    *file->link = file->next;
    if (file->next != NULL) {
        file->next->link = file->link;
    }
    mf_queue_lock(file->queue);
    take_wish_back(file);
    mf_queue_unlock(file->queue);
    mf_queue_store->close(file->queue);
    free(file);
}

static const struct mf_fd_ops queue_ops = {.poll = queue_poll, .close = queue_close};

/* Takes over `q`, which was opened. */
static int install(struct mf_queue *q, int flags)
{
    static struct mf_poller poller = {.poll = poll_queues, .prepare = prepare};
    static bool polls;
    struct queue_file *const f = calloc(1, sizeof(*f));
    if (f == NULL) {
        mf_queue_store->close(q);
        return -ENOMEM;
    }
    if (!polls) {
        polls = true;
        mf_poller_register(&poller);
    }
    mf_file_init(&f->file, &queue_ops, (uint32_t)flags & (O_ACCMODE | O_NONBLOCK));
    f->queue = q;
    f->next = files;
    f->link = &files;
    if (f->next != NULL) {
        f->next->link = &f->next;
    }
    files = f;
    const int fd = mf_fd_install(&f->file, 0, O_CLOEXEC);
    if (fd < 0) {
        mf_file_put(&f->file);
    }
    return fd;
}

/* With a reference, for who may wait. needed: O_RDONLY, O_WRONLY, or -1 for any access. */
static int get(mqd_t mqd, int needed, struct queue_file **out)
{
    struct mf_open_file *const f = mf_fd_get(mqd);
    const int access = f == NULL ? 0 : (int)(f->flags & O_ACCMODE);
    if (f == NULL || f->ops != &queue_ops ||
        (needed >= 0 && access != needed && access != O_RDWR)) {
        mf_file_put(f);
        return -EBADF;
    }
    *out = (struct queue_file *)f;
    return 0;
}

static int check_name(const char *name)
{
    if (strnlen(name, PATH_MAX) > MF_NAME_MAX) {
        return -ENAMETOOLONG;
    }
    return name[0] != '/' || name[1] == '\0' || strchr(name + 1, '/') != NULL ? -EINVAL : 0;
}

static int check_rights(const struct mf_queue *q, int access)
{
    const struct mf_node n = {.mode = q->mode, .uid = q->uid, .gid = q->gid};
    return mf_node_check(&n, (access != O_WRONLY ? R_OK : 0) | (access != O_RDONLY ? W_OK : 0));
}

static int open_or_make(const char *name, int flags, const struct mf_queue *head)
{
    const int access = flags & O_ACCMODE;
    struct mf_queue *q;
    int r = access == O_ACCMODE ? -EINVAL : mf_queue_store->open(name, flags, head, &q);
    if (r == 0) {
        r = check_rights(q, access);
        if (r != 0) {
            mf_queue_store->close(q);
        }
    }
    return r < 0 ? r : install(q, flags);
}

mqd_t mq_open(const char *name, int flags, ...)
{
    struct mq_attr a = {.mq_maxmsg = DEFAULT_MESSAGES, .mq_msgsize = DEFAULT_BYTES};
    struct mf_queue head;
    int err = check_name(name);
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        const mode_t mode = (mode_t)va_arg(arguments, unsigned int);
        const struct mq_attr *const given = va_arg(arguments, const struct mq_attr *);
        va_end(arguments);
        a = given != NULL ? *given : a;
        err = err == 0 ? mf_queue_init(&head, a.mq_maxmsg, a.mq_msgsize) : err;
        head.mode = S_IFREG | (mode & ~mf_creation_mask & 0777);
        head.uid = mf_identity.uid.effective;
        head.gid = mf_identity.gid.effective;
    }
    return (mqd_t)mf_ret(err != 0 ? err : open_or_make(name, flags, &head));
}

int mq_close(mqd_t mqd)
{
    struct mf_open_file *const f = mf_fd_peek(mqd);
    return (int)mf_ret(f == NULL || f->ops != &queue_ops ? -EBADF : mf_fd_remove(mqd));
}

int mq_unlink(const char *name)
{
    const int err = check_name(name);
    return (int)mf_ret(err != 0 ? err : mf_queue_store->unlink(name));
}

/* ---- sending and receiving ------------------------------------------------------------------ */

/* The queue is locked, and unlocked while the caller waits for what another one does to it. */
static int wait_for(uint32_t events, struct queue_file *f, const struct timespec *deadline)
{
    uint64_t deadline_ns = MF_NEVER;
    int err = 0;
    mf_queue_unlock(f->queue);
    if (deadline != NULL && (f->file.flags & O_NONBLOCK) == 0) {
        err = mf_timespec_is_valid(deadline) ? 0 : -EINVAL;
        deadline_ns = err == 0 ? mf_deadline_of_time(CLOCK_REALTIME, deadline) : 0;
    }
    err = err == 0 ? mf_file_wait(&f->file, events, deadline_ns) : err;
    mf_queue_lock(f->queue);
    return err;
}

/*
 * Locked. A process that ended while it waited does not take itself out, so after each end all count
 * again, as that wakes them.
 */
static int wait_for_message(struct queue_file *f, const struct timespec *deadline)
{
    struct mf_queue *const q = f->queue;
    const uint64_t ends = ends_of(q);
    q->receivers = q->ends == ends ? q->receivers + 1 : 1;
    q->ends = ends;
    const int err = wait_for(POLLIN, f, deadline);
    q->receivers -= q->ends == ends;
    return err;
}

static int send(struct queue_file *f, const char *data, size_t bytes, unsigned int priority,
                const struct timespec *deadline)
{
    struct mf_queue *const q = f->queue;
    int err = 0;
    if (bytes > q->bytes_max || priority >= MQ_PRIO_MAX) {
        return priority >= MQ_PRIO_MAX ? -EINVAL : -EMSGSIZE;
    }
    mf_queue_lock(q);
    while (err == 0 && q->count >= q->messages_max) {
        err = wait_for(POLLOUT, f, deadline);
    }
    if (q->count >= q->messages_max) {
        mf_queue_unlock(q);
        return err;
    }
    mf_queue_put(q, data, bytes, priority);
    if (q->count == 1 && q->wish != 0 && (q->receivers == 0 || q->ends != ends_of(q))) {
        q->sender = getpid();
        q->sender_uid = getuid();
        __atomic_store_n(&q->wish, 0, __ATOMIC_SEQ_CST);
    }
    mf_queue_unlock(q);
    changed(&q->sent);
    return 0;
}

static ssize_t receive(struct queue_file *f, char *data, size_t bytes, unsigned int *priority,
                       const struct timespec *deadline)
{
    struct mf_queue *const q = f->queue;
    int err = 0;
    if (bytes < q->bytes_max) {
        return -EMSGSIZE;
    }
    mf_queue_lock(q);
    while (err == 0 && q->count == 0) {
        err = wait_for_message(f, deadline);
    }
    if (q->count == 0) {
        mf_queue_unlock(q);
        return err;
    }
    const size_t n = mf_queue_take(q, data, priority);
    mf_queue_unlock(q);
    changed(&q->taken);
    return (ssize_t)n;
}

int mq_timedsend(mqd_t mqd, const char *message, size_t bytes, unsigned int priority,
                 const struct timespec *deadline)
{
    struct queue_file *f;
    mf_thread_test_cancel();
    int err = get(mqd, O_WRONLY, &f);
    if (err == 0) {
        err = send(f, message, bytes, priority, deadline);
        mf_file_put(&f->file);
    }
    if (err == 0 && mf_signal_is_deliverable()) { /* mq_notify()'s */
        mf_signal_deliver(NULL);
    }
    return (int)mf_ret(err);
}

int mq_send(mqd_t mqd, const char *message, size_t bytes, unsigned int priority)
{
    return mq_timedsend(mqd, message, bytes, priority, NULL);
}

ssize_t mq_timedreceive(mqd_t mqd, char *restrict message, size_t bytes,
                        unsigned int *restrict priority, const struct timespec *restrict deadline)
{
    struct queue_file *f;
    mf_thread_test_cancel();
    ssize_t r = get(mqd, O_RDONLY, &f);
    if (r == 0) {
        r = receive(f, message, bytes, priority, deadline);
        mf_file_put(&f->file);
    }
    return mf_ret(r);
}

ssize_t mq_receive(mqd_t mqd, char *message, size_t bytes, unsigned int *priority)
{
    return mq_timedreceive(mqd, message, bytes, priority, NULL);
}

/* ---- attributes and notices ------------------------------------------------------------------ */

int mq_setattr(mqd_t mqd, const struct mq_attr *restrict attributes,
               struct mq_attr *restrict before)
{
    struct queue_file *f;
    const int err = get(mqd, -1, &f);
    if (err != 0) {
        return (int)mf_ret(err);
    }
    const struct mf_queue *const q = f->queue;
    if (before != NULL) {
        *before = (struct mq_attr){.mq_flags = (long)(f->file.flags & O_NONBLOCK),
                                   .mq_maxmsg = q->messages_max,
                                   .mq_msgsize = q->bytes_max,
                                   .mq_curmsgs = q->count};
    }
    if (attributes != NULL) {
        f->file.flags =
            (f->file.flags & ~(uint32_t)O_NONBLOCK) | ((uint32_t)attributes->mq_flags & O_NONBLOCK);
    }
    mf_file_put(&f->file);
    return 0;
}

int mq_getattr(mqd_t mqd, struct mq_attr *attributes)
{
    return mq_setattr(mqd, NULL, attributes);
}

/* Locked. The wish of a process that has ended is nobody's. */
static int make_wish(struct queue_file *f, const struct sigevent *event)
{
    struct mf_queue *const q = f->queue;
    const bool is_null = event->sigev_notify == SIGEV_SIGNAL && event->sigev_signo == 0;
    if (!is_null && !mf_notice_is_valid(event)) { /* no signal is one, as on Linux */
        return -EINVAL;
    }
    if (q->wish != 0 && !(mf_shared_is_dead != NULL && mf_is_shared_va((uintptr_t)q) &&
                          mf_shared_is_dead((uint64_t)(uint32_t)q->wisher << 32))) {
        return -EBUSY;
    }
    f->event = *event;
    f->wisher = q->wisher = getpid();
    f->wish = q->wish = ++q->wishes;
    return 0;
}

int mq_notify(mqd_t mqd, const struct sigevent *event)
{
    struct queue_file *f;
    int err = get(mqd, -1, &f);
    if (err != 0) {
        return (int)mf_ret(err);
    }
    (void)look_at_all(); /* of an earlier wish that came true */
    mf_queue_lock(f->queue);
    for (struct queue_file *g = files; event == NULL && g != NULL; g = g->next) {
        if (g->queue == f->queue) {
            take_wish_back(g);
        }
    }
    err = event != NULL ? make_wish(f, event) : 0;
    mf_queue_unlock(f->queue);
    mf_file_put(&f->file);
    return (int)mf_ret(err);
}
