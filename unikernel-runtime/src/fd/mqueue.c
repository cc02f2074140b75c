/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.c - message queues (POSIX.1-2008, <mqueue.h>). Messages wait in order of their priority; those
 * of one priority as they came. A queue lives until it has no name and nobody has it open.
 *
 * A child of fork() has no queues: they would be copies, which nobody else sends to.
 */
#include <mqueue.h>

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/node.h"
#include "files/packed.h"
#include "files/path.h"
#include "signal/notify.h"
#include "signal/signal_internal.h"
#include "start/info.h"
#include "system/identity.h"
#include "time/time_internal.h"

#define DEFAULT_MESSAGES 10 /* as on Linux */
#define DEFAULT_BYTES 8192
#define MESSAGES_MAX 65536
#define BYTES_MAX (16 << 20)

struct message {
    struct message *next;
    size_t bytes;
    unsigned int priority;
    char data[];
};

struct queue {
    struct queue *next; /* of all that have a name */
    struct message *first, *last;
    long count, messages_max, bytes_max;
    struct mf_waitq senders, receivers;
    uint32_t receiver_count;   /* of threads that wait */
    struct queue_file *files;  /* all that are open */
    struct queue_file *wishes; /* through which mq_notify() asked; NULL: nobody is to be told */
    struct sigevent event;     /* what was asked for */
    bool is_named;
    struct mf_node rights; /* mode and owner only */
    char name[];
};

struct queue_file {
    struct mf_open_file file;
    struct queue *queue;
    struct queue_file *next, **link;
};

static struct queue *queues;

static bool is_child(void)
{
    return mf_info()->process.ppid != 0;
}

/* ---- queues -------------------------------------------------------------------------------- */

static struct queue **find(const char *name)
{
    struct queue **link = &queues;
    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static void drop(struct queue *q)
{
    if (q->is_named || q->files != NULL) {
        return;
    }
    while (q->first != NULL) {
        struct message *const m = q->first;
        q->first = m->next;
        free(m);
    }
    free(q);
}

static int make(const char *name, mode_t mode, const struct mq_attr *attributes, struct queue **out)
{
    static const struct mq_attr usual = {.mq_maxmsg = DEFAULT_MESSAGES,
                                         .mq_msgsize = DEFAULT_BYTES};
    const struct mq_attr *const a = attributes != NULL ? attributes : &usual;
    if (a->mq_maxmsg <= 0 || a->mq_maxmsg > MESSAGES_MAX || a->mq_msgsize <= 0 ||
        a->mq_msgsize > BYTES_MAX) {
        return -EINVAL;
    }
    struct queue *const q = calloc(1, sizeof(*q) + strlen(name) + 1);
    if (q == NULL) {
        return -ENOSPC;
    }
    strcpy(q->name, name);
    q->messages_max = a->mq_maxmsg;
    q->bytes_max = a->mq_msgsize;
    q->rights.mode = S_IFREG | (mode & ~mf_creation_mask & 0777);
    q->rights.uid = mf_identity.uid.effective;
    q->rights.gid = mf_identity.gid.effective;
    q->is_named = true;
    q->next = queues;
    queues = q;
    *out = q;
    return 0;
}

static void notify_files(struct queue *q, uint32_t events)
{
    for (struct queue_file *f = q->files; f != NULL; f = f->next) {
        mf_file_notify(&f->file, events);
    }
}

/* Behind all messages of its priority or of a higher one. */
static void insert(struct queue *q, struct message *m)
{
    struct message **link = &q->first;
    if (q->last != NULL && q->last->priority >= m->priority) {
        link = &q->last->next;
    }
    while (*link != NULL && (*link)->priority >= m->priority) {
        link = &(*link)->next;
    }
    m->next = *link;
    *link = m;
    if (m->next == NULL) {
        q->last = m;
    }
    q->count++;
}

static struct message *take_first(struct queue *q)
{
    struct message *const m = q->first;
    q->first = m->next;
    if (q->first == NULL) {
        q->last = NULL;
    }
    q->count--;
    return m;
}

/* The queue was empty, nobody waits for a message: who asked for it is told, once. */
static void tell(struct queue *q)
{
    const struct sigevent event = q->event;
    if (q->wishes == NULL) {
        return;
    }
    q->wishes = NULL;
    if (event.sigev_notify == SIGEV_SIGNAL) {
        const siginfo_t info = {.si_signo = event.sigev_signo,
                                .si_code = SI_MESGQ,
                                .si_pid = getpid(),
                                .si_uid = getuid(),
                                .si_value = event.sigev_value};
        (void)mf_signal_post_info(&info);
    } else if (event.sigev_notify == SIGEV_THREAD) {
        (void)mf_notice_thread(&event);
    }
}

/* ---- descriptors --------------------------------------------------------------------------- */

static uint32_t queue_poll(struct mf_open_file *f)
{
    const struct queue *const q = ((struct queue_file *)f)->queue;
    return (q->count != 0 ? POLLIN : 0) | (q->count < q->messages_max ? POLLOUT : 0);
}

static void queue_close(struct mf_open_file *f)
{
    struct queue_file *const file = (struct queue_file *)f;
    struct queue *const q = file->queue;
    *file->link = file->next;
    if (file->next != NULL) {
        file->next->link = file->link;
    }
    if (q->wishes == file) {
        q->wishes = NULL;
    }
    drop(q);
    free(file);
}

static const struct mf_fd_ops queue_ops = {.poll = queue_poll, .close = queue_close};

static int open_queue(struct queue *q, int flags)
{
    struct queue_file *const f = malloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    mf_file_init(&f->file, &queue_ops, (uint32_t)flags & (O_ACCMODE | O_NONBLOCK));
    f->queue = q;
    f->next = q->files;
    f->link = &q->files;
    if (f->next != NULL) {
        f->next->link = &f->next;
    }
    q->files = f;
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
    int err = 0;
    if (f == NULL || f->ops != &queue_ops ||
        (needed >= 0 && access != needed && access != O_RDWR)) {
        err = -EBADF;
    } else if (is_child()) {
        err = -ENOSYS;
    }
    if (err != 0) {
        mf_file_put(f);
        return err;
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

static int open_or_make(const char *name, int flags, mode_t mode, const struct mq_attr *attributes)
{
    const int access = flags & O_ACCMODE;
    const int rights = (access != O_WRONLY ? R_OK : 0) | (access != O_RDONLY ? W_OK : 0);
    struct queue *q = *find(name);
    int err = access == O_ACCMODE ? -EINVAL : 0;
    if (err == 0 && q == NULL) {
        err = (flags & O_CREAT) == 0 ? -ENOENT : make(name, mode, attributes, &q);
    } else if (err == 0) {
        const int both = O_CREAT | O_EXCL;
        err = (flags & both) == both ? -EEXIST : mf_node_check(&q->rights, rights);
    }
    return err != 0 ? err : open_queue(q, flags);
}

mqd_t mq_open(const char *name, int flags, ...)
{
    mode_t mode = 0;
    const struct mq_attr *attributes = NULL;
    va_list arguments;
    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0) {
        mode = (mode_t)va_arg(arguments, unsigned int);
        attributes = va_arg(arguments, const struct mq_attr *);
    }
    va_end(arguments);
    const int err = is_child() ? -ENOSYS : check_name(name);
    return (mqd_t)mf_ret(err != 0 ? err : open_or_make(name, flags, mode, attributes));
}

int mq_close(mqd_t mqd)
{
    struct mf_open_file *const f = mf_fd_peek(mqd);
    return (int)mf_ret(f == NULL || f->ops != &queue_ops ? -EBADF : mf_fd_remove(mqd));
}

int mq_unlink(const char *name)
{
    int err = is_child() ? -ENOSYS : check_name(name);
    struct queue **const link = find(name);
    struct queue *const q = *link;
    const uid_t user = mf_identity.uid.effective;
    if (err == 0) {
        err = q == NULL ? -ENOENT : user != 0 && user != q->rights.uid ? -EACCES : 0;
    }
    if (err == 0) {
        *link = q->next;
        q->is_named = false;
        drop(q);
    }
    return (int)mf_ret(err);
}

/* ---- sending and receiving ------------------------------------------------------------------ */

/* Waits in `w` for what another thread does to the queue. */
static int wait_in(struct mf_waitq *w, const struct queue_file *f, const struct timespec *deadline)
{
    uint64_t deadline_ns = MF_NEVER;
    if ((f->file.flags & O_NONBLOCK) != 0) {
        return -EAGAIN;
    }
    if (deadline != NULL) {
        if (!mf_timespec_is_valid(deadline)) {
            return -EINVAL;
        }
        deadline_ns = mf_deadline_of_time(CLOCK_REALTIME, deadline);
    }
    const int err = mf_thread_block(w, deadline_ns, MF_WAIT_CANCEL);
    return err == -EINTR && mf_signal_restarts() ? 0 : err;
}

static int send(struct queue_file *f, const char *data, size_t bytes, unsigned int priority,
                const struct timespec *deadline)
{
    struct queue *const q = f->queue;
    if (bytes > (size_t)q->bytes_max || priority >= MQ_PRIO_MAX) {
        return priority >= MQ_PRIO_MAX ? -EINVAL : -EMSGSIZE;
    }
    while (q->count >= q->messages_max) {
        const int err = wait_in(&q->senders, f, deadline);
        if (err != 0 && q->count >= q->messages_max) {
            return err;
        }
    }
    struct message *const m = malloc(sizeof(*m) + bytes);
    if (m == NULL) {
        return -ENOMEM;
    }
    m->bytes = bytes;
    m->priority = priority;
    memcpy(m->data, data, bytes);
    insert(q, m);
    mf_waitq_wake_one(&q->receivers);
    notify_files(q, POLLIN);
    if (q->count == 1 && q->receiver_count == 0) {
        tell(q);
    }
    return 0;
}

static ssize_t receive(struct queue_file *f, char *data, size_t bytes, unsigned int *priority,
                       const struct timespec *deadline)
{
    struct queue *const q = f->queue;
    if (bytes < (size_t)q->bytes_max) {
        return -EMSGSIZE;
    }
    while (q->count == 0) {
        q->receiver_count++;
        const int err = wait_in(&q->receivers, f, deadline);
        q->receiver_count--;
        if (err != 0 && q->count == 0) {
            return err;
        }
    }
    struct message *const m = take_first(q);
    const ssize_t n = (ssize_t)m->bytes;
    memcpy(data, m->data, m->bytes);
    if (priority != NULL) {
        *priority = m->priority;
    }
    free(m);
    mf_waitq_wake_one(&q->senders);
    notify_files(q, POLLOUT);
    return n;
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
    const struct queue *const q = f->queue;
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

/* There is one process: whoever takes a wish back may do so. */
int mq_notify(mqd_t mqd, const struct sigevent *event)
{
    struct queue_file *f;
    int err = get(mqd, -1, &f);
    if (err != 0) {
        return (int)mf_ret(err);
    }
    struct queue *const q = f->queue;
    if (event == NULL) {
        q->wishes = NULL;
    } else if (!mf_notice_is_valid(event)) {
        err = -EINVAL;
    } else if (q->wishes != NULL) {
        err = -EBUSY;
    } else {
        q->wishes = f;
        q->event = *event;
    }
    mf_file_put(&f->file);
    return (int)mf_ret(err);
}
