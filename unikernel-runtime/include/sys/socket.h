/* SPDX-License-Identifier: Apache-2.0 */
/* sys/socket.h - sockets (POSIX.1-2008), Linux numbers and layouts (no sa_len). */
#pragma once

#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

typedef unsigned short sa_family_t;

#ifndef _SOCKLEN_T_DECLARED
#define _SOCKLEN_T_DECLARED
typedef __socklen_t socklen_t;
#endif

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    char __padding[118];
    unsigned long __align;
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};

struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};

struct cmsghdr {
    size_t cmsg_len;
    int cmsg_level;
    int cmsg_type;
};

#define CMSG_ALIGN(bytes) (((bytes) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_DATA(header) ((unsigned char *)((struct cmsghdr *)(header) + 1))
#define CMSG_SPACE(bytes) (CMSG_ALIGN(bytes) + CMSG_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_LEN(bytes) (CMSG_ALIGN(sizeof(struct cmsghdr)) + (bytes))
#define CMSG_FIRSTHDR(message)                                                                     \
    ((message)->msg_controllen >= sizeof(struct cmsghdr)                                           \
         ? (struct cmsghdr *)(message)->msg_control                                                \
         : (struct cmsghdr *)0)
#define CMSG_NXTHDR(message, header) __mf_cmsg_next((message), (header))

/* The header after `header`, or NULL when the rest of the buffer holds no whole one. */
static __inline struct cmsghdr *__mf_cmsg_next(const struct msghdr *message, struct cmsghdr *header)
{
    const size_t used = (size_t)((char *)header - (char *)message->msg_control);
    const size_t left = message->msg_controllen - used;
    if (header->cmsg_len < sizeof(*header) || header->cmsg_len > left ||
        left - header->cmsg_len <
            CMSG_ALIGN(header->cmsg_len) - header->cmsg_len + sizeof(*header)) {
        return (struct cmsghdr *)0;
    }
    return (struct cmsghdr *)((char *)header + CMSG_ALIGN(header->cmsg_len));
}

struct ucred {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

#define SCM_RIGHTS 1      /* int[]: descriptors */
#define SCM_CREDENTIALS 2 /* struct ucred */

struct linger {
    int l_onoff;
    int l_linger; /* seconds */
};

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_RDM 4
#define SOCK_SEQPACKET 5
#define SOCK_NONBLOCK 0x4000 /* newlib's O_NONBLOCK */
#define SOCK_CLOEXEC 0x40000 /* newlib's O_CLOEXEC */

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_LOCAL AF_UNIX
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define AF_MAX 46
#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX AF_UNIX
#define PF_LOCAL AF_UNIX
#define PF_INET AF_INET
#define PF_INET6 AF_INET6
#define PF_NETLINK AF_NETLINK
#define PF_PACKET AF_PACKET
#define PF_MAX AF_MAX

#define SOL_SOCKET 1

#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_LINGER 13
#define SO_PRIORITY 12
#define SO_REUSEPORT 15
#define SO_PASSCRED 16
#define SO_PEERCRED 17
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_BINDTODEVICE 25
#define SO_TIMESTAMP 29
#define SO_ACCEPTCONN 30
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#define SO_PROTOCOL 38
#define SO_DOMAIN 39

#define SOMAXCONN 4096

#define MSG_OOB 0x1
#define MSG_PEEK 0x2
#define MSG_DONTROUTE 0x4
#define MSG_CTRUNC 0x8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_EOR 0x80
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000
#define MSG_ERRQUEUE 0x2000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

__BEGIN_DECLS
int accept(int fd, struct sockaddr *__restrict address, socklen_t *__restrict bytes);
int accept4(int fd, struct sockaddr *__restrict address, socklen_t *__restrict bytes, int flags);
int bind(int fd, const struct sockaddr *address, socklen_t bytes);
int connect(int fd, const struct sockaddr *address, socklen_t bytes);
int getpeername(int fd, struct sockaddr *__restrict address, socklen_t *__restrict bytes);
int getsockname(int fd, struct sockaddr *__restrict address, socklen_t *__restrict bytes);
int getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict bytes);
int listen(int fd, int backlog);
ssize_t recv(int fd, void *buffer, size_t bytes, int flags);
ssize_t recvfrom(int fd, void *__restrict buffer, size_t bytes, int flags,
                 struct sockaddr *__restrict address, socklen_t *__restrict address_bytes);
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
             struct timespec *timeout);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
ssize_t send(int fd, const void *buffer, size_t bytes, int flags);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t sendto(int fd, const void *buffer, size_t bytes, int flags, const struct sockaddr *address,
               socklen_t address_bytes);
int setsockopt(int fd, int level, int name, const void *value, socklen_t bytes);
int shutdown(int fd, int how);
int sockatmark(int fd);
int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, int fds[2]);
__END_DECLS
