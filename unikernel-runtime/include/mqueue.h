/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.h - message queues (POSIX.1-2008, option Message Passing). They exist within the guest, or the
 * family of a fork(), while it runs. As on Linux a queue's descriptor is one of the guest's: poll(),
 * epoll and close() take it.
 */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

typedef int mqd_t;

struct mq_attr {
    long mq_flags;   /* 0 or O_NONBLOCK */
    long mq_maxmsg;  /* messages that it holds */
    long mq_msgsize; /* bytes of a message, at most */
    long mq_curmsgs; /* messages that it holds now */
    long __reserved[4];
};

__BEGIN_DECLS
int mq_close(mqd_t queue);
int mq_getattr(mqd_t queue, struct mq_attr *attributes);
int mq_notify(mqd_t queue, const struct sigevent *event);
mqd_t mq_open(const char *name, int flags, ...);
ssize_t mq_receive(mqd_t queue, char *message, size_t bytes, unsigned int *priority);
int mq_send(mqd_t queue, const char *message, size_t bytes, unsigned int priority);
int mq_setattr(mqd_t queue, const struct mq_attr *__restrict attributes,
               struct mq_attr *__restrict before);
ssize_t mq_timedreceive(mqd_t queue, char *__restrict message, size_t bytes,
                        unsigned int *__restrict priority,
                        const struct timespec *__restrict deadline);
int mq_timedsend(mqd_t queue, const char *message, size_t bytes, unsigned int priority,
                 const struct timespec *deadline);
int mq_unlink(const char *name);
__END_DECLS
