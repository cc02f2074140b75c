// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// timeout: 60
/* AF_UNIX sockets: names, streams, datagrams, packets, descriptors and credentials, readiness. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap.h"

static char big[300000];

/* A path, or (with a '@' in front) an abstract name. Returns the length for bind(). */
static socklen_t name(struct sockaddr_un *un, const char *path)
{
    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    if (path[0] == '@') {
        un->sun_path[0] = '\0';
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

static int call(int (*fn)(int, const struct sockaddr *, socklen_t), int fd, const char *path)
{
    struct sockaddr_un un;
    const socklen_t n = name(&un, path);
    return fn(fd, (struct sockaddr *)&un, n);
}

static int listener(const char *path, int type)
{
    const int fd = socket(AF_UNIX, type, 0);
    return call(bind, fd, path) == 0 && listen(fd, 5) == 0 ? fd : -1;
}

static int ready(int fd, int events)
{
    struct pollfd p = {.fd = fd, .events = (short)events};
    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

#define FAILS(call, error) ((call) == -1 && errno == (error))

/* ---- names -------------------------------------------------------------------------------- */

static void test_names(void)
{
    struct stat st;
    struct sockaddr_un un;
    socklen_t n = sizeof(un);
    const int s = listener("/tmp/name", SOCK_STREAM);

    tap_check(s >= 0, "a socket is bound to a path and listens");
    tap_check(lstat("/tmp/name", &st) == 0 && S_ISSOCK(st.st_mode), "the path is a socket");
    tap_check(FAILS(open("/tmp/name", O_RDONLY), ENXIO), "it cannot be opened: ENXIO");
    const int t = socket(AF_UNIX, SOCK_STREAM, 0);
    tap_check(FAILS(call(bind, t, "/tmp/name"), EADDRINUSE), "a path is bound once: EADDRINUSE");
    tap_check(FAILS(call(bind, t, "/nowhere/x"), ENOENT), "no such directory: ENOENT");
    tap_check(FAILS(call(bind, s, "/tmp/other"), EINVAL), "a bound socket is not bound again");
    tap_check(getsockname(s, (struct sockaddr *)&un, &n) == 0 && un.sun_family == AF_UNIX &&
                  strcmp(un.sun_path, "/tmp/name") == 0 &&
                  n == offsetof(struct sockaddr_un, sun_path) + sizeof("/tmp/name"),
              "getsockname() gives the path and its length");
    n = sizeof(un);
    tap_check(getsockname(t, (struct sockaddr *)&un, &n) == 0 && n == sizeof(sa_family_t),
              "an unbound socket has an empty name");
    tap_check(FAILS(call(connect, t, "/tmp/none"), ENOENT), "connect() to no path: ENOENT");
    close(open("/tmp/file", O_CREAT | O_WRONLY, 0600));
    tap_check(FAILS(call(connect, t, "/tmp/file"), ECONNREFUSED),
              "connect() to a regular file: ECONNREFUSED");
    tap_check(symlink("/tmp/name", "/tmp/link") == 0 && call(connect, t, "/tmp/link") == 0,
              "connect() follows a symbolic link");
    tap_check(FAILS(call(connect, t, "/tmp/name"), EISCONN), "connect() twice: EISCONN");
    close(s);
    const int u = socket(AF_UNIX, SOCK_STREAM, 0);
    tap_check(FAILS(call(connect, u, "/tmp/name"), ECONNREFUSED),
              "the path of a closed socket: ECONNREFUSED");
    tap_check(unlink("/tmp/name") == 0 && call(bind, u, "/tmp/name") == 0,
              "after unlink() it can be bound again");
    close(t);
    close(u);
}

static void test_abstract_names(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t n = sizeof(un);
    const int s = listener("@here", SOCK_STREAM), c = socket(AF_UNIX, SOCK_STREAM, 0);
    const int t = socket(AF_UNIX, SOCK_STREAM, 0);

    tap_check(s >= 0 && call(connect, c, "@here") == 0, "an abstract name is bound and found");
    tap_check(FAILS(call(connect, t, "@her"), ECONNREFUSED), "not by a shorter one");
    tap_check(FAILS(call(bind, t, "@here"), EADDRINUSE), "it is bound once");
    close(s);
    tap_check(call(bind, t, "@here") == 0, "it is free when its socket is closed");
    const int u = socket(AF_UNIX, SOCK_STREAM, 0);
    tap_check(bind(u, (struct sockaddr *)&un, sizeof(sa_family_t)) == 0 &&
                  getsockname(u, (struct sockaddr *)&un, &n) == 0 &&
                  n == offsetof(struct sockaddr_un, sun_path) + 6 && un.sun_path[0] == '\0',
              "bind() without a name picks an abstract one");
    tap_check(FAILS(bind(u, (struct sockaddr *)&un, 1), EINVAL), "too short an address: EINVAL");
    close(c);
    close(t);
    close(u);
}

/* ---- streams ------------------------------------------------------------------------------ */

static void test_connections(void)
{
    struct sockaddr_un un;
    socklen_t n = sizeof(un);
    char b[16];
    const int s = listener("/tmp/s", SOCK_STREAM), c = socket(AF_UNIX, SOCK_STREAM, 0);
    struct ucred cred;

    tap_equal(ready(c, POLLIN | POLLOUT), POLLOUT | POLLHUP, "a new stream is hung up");
    tap_equal(ready(s, POLLIN), 0, "nobody has come yet");
    tap_check(call(bind, c, "/tmp/c") == 0 && call(connect, c, "/tmp/s") == 0,
              "connect() does not wait for accept()");
    tap_check(write(c, "early", 5) == 5, "what is sent before accept() is kept");
    tap_equal(ready(s, POLLIN), POLLIN, "the listener is readable");
    const int a = accept4(s, (struct sockaddr *)&un, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    tap_check(a >= 0 && strcmp(un.sun_path, "/tmp/c") == 0, "accept() says who it is");
    tap_check((fcntl(a, F_GETFL) & O_NONBLOCK) != 0 && fcntl(a, F_GETFD) == FD_CLOEXEC,
              "accept4() sets both flags");
    tap_check(read(a, b, sizeof(b)) == 5 && memcmp(b, "early", 5) == 0, "the bytes arrive");
    tap_check(FAILS(read(a, b, 1), EAGAIN), "and no others: EAGAIN");
    n = sizeof(un);
    tap_check(getpeername(c, (struct sockaddr *)&un, &n) == 0 && strcmp(un.sun_path, "/tmp/s") == 0,
              "getpeername() gives the listener's path");
    n = sizeof(cred);
    tap_check(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 && cred.pid == getpid() &&
                  cred.uid == getuid(),
              "SO_PEERCRED is this process");
    close(c);
    tap_equal(ready(a, POLLIN | POLLOUT | POLLRDHUP), POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
              "the peer is gone");
    tap_check(read(a, b, 1) == 0, "read() says 0");
    signal(SIGPIPE, SIG_IGN);
    tap_check(FAILS(write(a, b, 1), EPIPE), "write() says EPIPE");
    close(a);
    close(s);
    unlink("/tmp/s");
    unlink("/tmp/c");
}

static void test_backlog(void)
{
    const int s = socket(AF_UNIX, SOCK_STREAM, 0);
    int c[3];

    tap_check(FAILS(listen(s, 1), EDESTADDRREQ), "listen() without a name: EDESTADDRREQ");
    call(bind, s, "@backlog");
    listen(s, 2);
    for (int i = 0; i < 3; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    }
    tap_check(call(connect, c[0], "@backlog") == 0 && call(connect, c[1], "@backlog") == 0 &&
                  FAILS(call(connect, c[2], "@backlog"), EAGAIN),
              "a full backlog: EAGAIN");
    close(accept(s, NULL, NULL));
    tap_check(call(connect, c[2], "@backlog") == 0, "room again after accept()");
    const int d = socket(AF_UNIX, SOCK_DGRAM, 0);
    tap_check(FAILS(call(connect, d, "@backlog"), EPROTOTYPE), "another type: EPROTOTYPE");
    tap_check(FAILS(accept(d, NULL, NULL), EOPNOTSUPP), "datagrams do not accept");
    close(s);
    char b;
    tap_check(FAILS(read(c[2], &b, 1), ECONNRESET), "never accepted: ECONNRESET");
    for (int i = 0; i < 3; i++) {
        close(c[i]);
    }
    close(d);
}

static void test_pair(void)
{
    int p[2], n = 0;
    char b[16] = {0};

    tap_check(FAILS(socketpair(AF_INET, SOCK_STREAM, 0, p), EOPNOTSUPP), "no pairs of AF_INET");
    tap_check(FAILS(socketpair(AF_UNIX, SOCK_RAW, 0, p), EPROTONOSUPPORT), "nor raw ones");
    tap_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0, "a pair is made");
    tap_check(send(p[0], "abc", 3, 0) == 3 && send(p[0], "def", 3, 0) == 3 &&
                  ioctl(p[1], FIONREAD, &n) == 0 && n == 6,
              "FIONREAD counts what is there");
    tap_check(recv(p[1], b, 4, MSG_PEEK) == 4 && memcmp(b, "abcd", 4) == 0, "MSG_PEEK looks");
    tap_check(recv(p[1], b, 6, MSG_WAITALL) == 6 && memcmp(b, "abcdef", 6) == 0,
              "a stream joins what was sent");
    ssize_t total = 0, r;
    while ((r = write(p[0], big, sizeof(big))) > 0) {
        total += r;
    }
    tap_check(r < 0 && errno == EAGAIN && total > 100000, "a full stream: EAGAIN");
    tap_equal(ready(p[0], POLLOUT), 0, "it is not writable");
    while ((r = read(p[1], big, sizeof(big))) > 0) {
        total -= r;
    }
    tap_check(total == 0, "all bytes arrive");
    tap_equal(ready(p[0], POLLOUT), POLLOUT, "it is writable again");
    tap_check(shutdown(p[0], SHUT_WR) == 0 && read(p[1], b, 1) == 0, "SHUT_WR ends the stream");
    tap_equal(ready(p[1], POLLIN | POLLRDHUP | POLLOUT), POLLIN | POLLRDHUP | POLLOUT,
              "half closed: still writable");
    tap_check(write(p[1], "back", 4) == 4 && read(p[0], b, sizeof(b)) == 4,
              "the other direction goes on");
    tap_check(FAILS(write(p[0], b, 1), EPIPE), "no more in this one: EPIPE");
    tap_check(shutdown(p[0], SHUT_RD) == 0 && FAILS(write(p[1], b, 1), EPIPE),
              "SHUT_RD: the peer's write fails");
    close(p[0]);
    tap_check(FAILS(connect(p[1], NULL, 0), EINVAL), "no address: EINVAL");
    close(p[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    write(p[1], "unread", 6);
    close(p[0]);
    tap_check(FAILS(read(p[1], b, 1), ECONNRESET), "closed with unread bytes: ECONNRESET");
    tap_check(read(p[1], b, 1) == 0, "once");
    close(p[1]);
}

/* ---- threads that wait ---------------------------------------------------------------------- */

static void *write_big(void *arg)
{
    return (void *)(intptr_t)write(*(int *)arg, big, sizeof(big));
}

static void *accept_and_read(void *arg)
{
    char b[8];
    const int a = accept(*(int *)arg, NULL, NULL);
    const ssize_t r = recv(a, b, sizeof(b), MSG_WAITALL);
    close(a);
    return (void *)r;
}

static void test_blocking(void)
{
    int p[2];
    pthread_t t;
    void *r;
    ssize_t total = 0, n;

    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    pthread_create(&t, NULL, write_big, &p[0]);
    while (total < (ssize_t)sizeof(big) && (n = read(p[1], big, 7000)) > 0) {
        total += n;
    }
    pthread_join(t, &r);
    tap_check(total == sizeof(big) && (ssize_t)r == (ssize_t)sizeof(big),
              "a writer waits for the reader");
    const struct timeval tv = {.tv_usec = 20000};
    setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    tap_check(FAILS(read(p[1], big, 1), EAGAIN), "SO_RCVTIMEO ends a read");
    setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    n = write(p[0], big, sizeof(big));
    tap_check(n > 0 && n < (ssize_t)sizeof(big), "SO_SNDTIMEO ends a write, which was partial");
    close(p[0]);
    close(p[1]);
    int s = listener("@wait", SOCK_STREAM);
    pthread_create(&t, NULL, accept_and_read, &s);
    const int c = socket(AF_UNIX, SOCK_STREAM, 0);
    sched_yield();
    call(connect, c, "@wait");
    write(c, "1234", 4);
    sched_yield();
    write(c, "5678", 4);
    pthread_join(t, &r);
    tap_check((ssize_t)r == 8, "accept() and recv(MSG_WAITALL) wait");
    close(c);
    close(s);
}

/* ---- datagrams and packets -------------------------------------------------------------------- */

static void test_datagrams(void)
{
    struct sockaddr_un from;
    socklen_t n = sizeof(from);
    char b[16];
    const int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_un to;
    const socklen_t to_bytes = name(&to, "/tmp/d");

    call(bind, s, "/tmp/d");
    call(bind, c, "@sender");
    tap_check(FAILS(send(c, "x", 1, 0), EDESTADDRREQ), "no destination: EDESTADDRREQ");
    tap_check(sendto(c, "one", 3, 0, (struct sockaddr *)&to, to_bytes) == 3 &&
                  sendto(c, "", 0, 0, (struct sockaddr *)&to, to_bytes) == 0 &&
                  sendto(c, "three", 5, 0, (struct sockaddr *)&to, to_bytes) == 5,
              "datagrams are sent, also an empty one");
    tap_check(recvfrom(s, b, sizeof(b), 0, (struct sockaddr *)&from, &n) == 3 &&
                  n == offsetof(struct sockaddr_un, sun_path) + 7 &&
                  memcmp(from.sun_path, "\0sender", 7) == 0,
              "they say who sent them");
    tap_check(recv(s, b, sizeof(b), 0) == 0, "an empty one is received");
    tap_check(recv(s, b, 2, MSG_TRUNC) == 5 && memcmp(b, "th", 2) == 0, "a long one is cut");
    tap_check(FAILS(recv(s, b, 2, 0), EAGAIN), "there is no more");
    tap_check(call(connect, c, "/tmp/d") == 0 && send(c, "four", 4, 0) == 4, "send() to the peer");
    const int other = socket(AF_UNIX, SOCK_DGRAM, 0);
    tap_check(call(connect, s, "@sender") == 0 &&
                  FAILS(sendto(other, "x", 1, 0, (struct sockaddr *)&to, to_bytes), EPERM),
              "a connected one hears its peer only: EPERM");
    tap_check(FAILS(send(c, big, sizeof(big), 0), EMSGSIZE), "too long: EMSGSIZE");
    int count = 0;
    while (send(c, b, 10, 0) == 10) {
        count++;
    }
    tap_check(errno == EAGAIN && count > 10, "a full queue: EAGAIN");
    tap_equal(ready(c, POLLOUT), 0, "the sender is not writable");
    recv(s, b, sizeof(b), 0);
    tap_equal(ready(c, POLLOUT), POLLOUT, "until something is read");
    close(s);
    tap_check(FAILS(send(c, b, 1, 0), ECONNREFUSED), "the receiver is gone: ECONNREFUSED");
    tap_check(FAILS(sendto(c, b, 1, 0, (struct sockaddr *)&to, to_bytes), ECONNREFUSED),
              "by its name, too");
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    tap_check(connect(c, &none, sizeof(none)) == 0 && FAILS(send(c, b, 1, 0), EDESTADDRREQ),
              "AF_UNSPEC ends the association");
    close(c);
    close(other);
    unlink("/tmp/d");
}

static void test_packets(void)
{
    int p[2];
    char b[16];
    struct iovec iov = {b, 2};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
    tap_check(send(p[0], "first", 5, 0) == 5 && send(p[0], "second", 6, MSG_EOR) == 6,
              "packets are sent");
    tap_check(recvmsg(p[1], &m, 0) == 2 && (m.msg_flags & MSG_TRUNC) != 0,
              "the rest of a packet is lost: MSG_TRUNC");
    tap_check(recv(p[1], b, sizeof(b), 0) == 6 && memcmp(b, "second", 6) == 0,
              "boundaries are kept");
    close(p[0]);
    tap_check(recv(p[1], b, sizeof(b), 0) == 0, "the end");
    close(p[1]);
    const int s = listener("@packets", SOCK_SEQPACKET), c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    tap_check(call(connect, c, "@packets") == 0, "packets are connected, too");
    close(c);
    close(s);
}

/* ---- control messages ----------------------------------------------------------------------- */

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(4 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static ssize_t send_fds(int to, const int *fds, size_t count, const char *data)
{
    union control c = {0};
    struct iovec iov = {(void *)(uintptr_t)data, strlen(data)};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &c,
                       .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *const h = CMSG_FIRSTHDR(&m);
    *h = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(h), fds, count * sizeof(int));
    return sendmsg(to, &m, 0);
}

/* Receives into `data`, and up to `room` bytes of control. Returns the bytes. */
static ssize_t receive(int from, struct iovec data, struct msghdr *m, union control *c, size_t room,
                       int flags)
{
    static struct iovec iov;
    iov = data;
    *m =
        (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c, .msg_controllen = room};
    return recvmsg(from, m, flags);
}

static void test_descriptors(void)
{
    int p[2], pipes[2], got[2];
    char b[32] = {0};
    struct msghdr m;
    union control c;

    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    pipe(pipes);
    write(p[0], "plain", 5);
    tap_check(send_fds(p[0], pipes, 2, "with") == 4, "two descriptors are sent");
    write(p[0], "after", 5);
    close(pipes[0]);
    close(pipes[1]);
    tap_check(receive(p[1], (struct iovec){b, sizeof(b)}, &m, &c, sizeof(c), 0) == 5 &&
                  m.msg_controllen == 0,
              "a receive stops in front of them");
    tap_check(receive(p[1], (struct iovec){b, sizeof(b)}, &m, &c, sizeof(c), MSG_CMSG_CLOEXEC) ==
                      4 &&
                  memcmp(b, "with", 4) == 0 && m.msg_flags == 0,
              "and behind them");
    struct cmsghdr *const h = CMSG_FIRSTHDR(&m);
    tap_check(h != NULL && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof(got)),
              "they come as SCM_RIGHTS");
    memcpy(got, CMSG_DATA(h), sizeof(got));
    tap_check(write(got[1], "pipe", 4) == 4 && read(got[0], b, sizeof(b)) == 4 &&
                  fcntl(got[0], F_GETFD) == FD_CLOEXEC,
              "they are the same pipe, closed on exec");
    tap_check(read(p[1], b, sizeof(b)) == 5, "the bytes behind them");
    send_fds(p[0], got, 2, "x");
    tap_check(receive(p[1], (struct iovec){b, 1}, &m, &c, CMSG_LEN(sizeof(int)), 0) == 1 &&
                  (m.msg_flags & MSG_CTRUNC) != 0,
              "room for one of two: MSG_CTRUNC");
    close(*(int *)CMSG_DATA(CMSG_FIRSTHDR(&m)));
    send_fds(p[0], got, 2, "y");
    tap_check(read(p[1], b, 1) == 1, "read() drops them");
    close(got[1]);
    tap_check(read(got[0], b, 1) == 0, "all other references are closed");
    const int bad = 999;
    tap_check(FAILS(send_fds(p[0], &bad, 1, "z"), EBADF), "no such descriptor: EBADF");
    send_fds(p[0], got, 1, "unread");
    close(p[0]);
    close(p[1]);
    close(got[0]);
}

static void test_credentials(void)
{
    int p[2];
    const int on = 1;
    char b[8];
    struct msghdr m;
    union control c;
    struct ucred cred = {0};

    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    send(p[0], "hi", 2, 0);
    tap_check(receive(p[1], (struct iovec){b, sizeof(b)}, &m, &c, sizeof(c), 0) == 2 &&
                  CMSG_FIRSTHDR(&m) != NULL && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_CREDENTIALS,
              "SO_PASSCRED: credentials come with data");
    memcpy(&cred, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(cred));
    tap_check(cred.pid == getpid() && cred.uid == getuid(), "they are ours");
    cred.pid++;
    struct iovec iov = {b, 1};
    m = (struct msghdr){.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = &c,
                        .msg_controllen = CMSG_SPACE(sizeof(cred))};
    *CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(sizeof(cred)), SOL_SOCKET, SCM_CREDENTIALS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &cred, sizeof(cred));
    tap_check(FAILS(sendmsg(p[0], &m, 0), EPERM), "false ones are refused: EPERM");
    close(p[0]);
    close(p[1]);
}

/* ---- many messages, readiness ------------------------------------------------------------------ */

static void test_mmsg(void)
{
    int p[2];
    char b[3][4];
    struct iovec iov[3];
    struct mmsghdr m[3] = {0};

    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    for (int i = 0; i < 3; i++) {
        iov[i] = (struct iovec){b[i], (size_t)i + 1};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    tap_check(sendmmsg(p[0], m, 3, 0) == 3 && m[2].msg_len == 3, "sendmmsg() sends three");
    tap_check(recvmmsg(p[1], m, 2, 0, NULL) == 2 && m[1].msg_len == 2, "recvmmsg() takes two");
    tap_check(recvmmsg(p[1], m, 3, MSG_WAITFORONE, NULL) == 1,
              "MSG_WAITFORONE takes what is there");
    tap_check(FAILS(recvmmsg(p[1], m, 3, MSG_DONTWAIT, NULL), EAGAIN), "nothing: EAGAIN");
    close(p[0]);
    close(p[1]);
}

static void test_epoll(void)
{
    int p[2];
    char b[8];
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    const int ep = epoll_create1(0);

    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
    tap_check(epoll_wait(ep, &e, 1, 0) == 1 && e.events == EPOLLOUT, "an edge: writable");
    tap_check(epoll_wait(ep, &e, 1, 0) == 0, "once");
    write(p[1], "x", 1);
    tap_check(epoll_wait(ep, &e, 1, 0) == 1 && (e.events & EPOLLIN) != 0, "an edge: readable");
    write(p[1], "y", 1);
    tap_check(epoll_wait(ep, &e, 1, 0) == 1, "more data is another edge");
    read(p[0], b, sizeof(b));
    close(p[1]);
    tap_check(epoll_wait(ep, &e, 1, 0) == 1 &&
                  (e.events & (EPOLLHUP | EPOLLRDHUP)) == (EPOLLHUP | EPOLLRDHUP),
              "the peer's end is an edge");
    close(p[0]);
    close(ep);
}

static void test_options(void)
{
    const int s = listener("@options", SOCK_STREAM);
    int v = 0;
    socklen_t n = sizeof(v);

    tap_check(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &n) == 0 && v == AF_UNIX, "SO_DOMAIN");
    tap_check(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &n) == 0 && v == SOCK_STREAM, "SO_TYPE");
    tap_check(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, &n) == 0 && v == 1, "SO_ACCEPTCONN");
    tap_check(getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &n) == 0 && v == 0, "SO_ERROR");
    v = 20000;
    tap_check(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, n) == 0 &&
                  getsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, &n) == 0 && v >= 20000,
              "SO_SNDBUF");
    tap_check(FAILS(setsockopt(s, 6, 1, &v, n), ENOPROTOOPT), "TCP_NODELAY: ENOPROTOOPT");
    tap_check(FAILS(getsockopt(0, SOL_SOCKET, SO_TYPE, &v, &n), ENOTSOCK), "the console: ENOTSOCK");
    tap_check(FAILS(getsockopt(99, SOL_SOCKET, SO_TYPE, &v, &n), EBADF), "none: EBADF");
    tap_check(FAILS(lseek(s, 0, SEEK_CUR), ESPIPE), "lseek(): ESPIPE");
    close(s);
}

int main(void)
{
    test_names();
    test_abstract_names();
    test_connections();
    test_backlog();
    test_pair();
    test_blocking();
    test_datagrams();
    test_packets();
    test_descriptors();
    test_credentials();
    test_mmsg();
    test_epoll();
    test_options();
    return tap_done();
}
