/* SPDX-License-Identifier: Apache-2.0 */
/* sys/epoll.h - waiting for many descriptors, as Linux has it (epoll(7)). */
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/cdefs.h>
#include <time.h>

#define EPOLLIN 0x0001u
#define EPOLLPRI 0x0002u
#define EPOLLOUT 0x0004u
#define EPOLLERR 0x0008u
#define EPOLLHUP 0x0010u
#define EPOLLRDNORM 0x0040u
#define EPOLLRDBAND 0x0080u
#define EPOLLWRNORM 0x0100u
#define EPOLLWRBAND 0x0200u
#define EPOLLRDHUP 0x2000u
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3
#define EPOLL_CLOEXEC 0x40000 /* newlib's O_CLOEXEC */

typedef union epoll_data {
    void *ptr;
    int fd;
    uint32_t u32;
    uint64_t u64;
} epoll_data_t;

struct epoll_event {
    uint32_t events;
    epoll_data_t data;
} __attribute__((packed));

__BEGIN_DECLS
int epoll_create(int size);
int epoll_create1(int flags);
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int epoll_pwait(int epoll, struct epoll_event *events, int count, int timeout_ms,
                const sigset_t *mask);
int epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                 const sigset_t *mask);
int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms);
__END_DECLS
