/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready.c - random calls on pipes, sockets of AF_UNIX, counters, timers and epoll, none of which waits, see
 * differ.h. After each step it prints what is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "differ.h"

#define FDS 24
#define COUNT(a) ((unsigned int)(sizeof(a) / sizeof((a)[0])))

static char buffer[5000];

/* ---- arguments ----------------------------------------------------------------------------------- */

static int number(int n)
{
    printf(" %d", n);
    return n;
}

static int fd(void)
{
    return number(3 + (int)pick(FDS - 3));
}

static char kinds[FDS]; /* of what is open: 'p'ipe, 's'ocket, 'c'ounter, 't'imer, 'e'poll */

/* One that is open, of a kind, if there is one soon; 0: any. */
static int fd_of(char kind)
{
    int f = 0;
    for (int i = 0; i < 30; i++) {
        f = 3 + (int)pick(FDS - 3);
        if (kinds[f] != 0 && (kind == 0 || kinds[f] == kind)) {
            break;
        }
    }
    return number(f);
}

/* Not many descriptors: most calls are to meet ones that are open. */
static void keep(long got, char kind)
{
    if (got >= FDS) {
        close((int)got);
    } else if (got >= 0) {
        kinds[got] = kind;
    }
}

/* Without the error's name: for what POSIX and Linux call it otherwise. */
static long outcome(long value)
{
    return value >= 0 ? result(value) : (printf(" = an error"), value);
}

static int type_of(int f)
{
    int type = 0;
    socklen_t bytes = sizeof(type);
    (void)getsockopt(f, SOL_SOCKET, SO_TYPE, &type, &bytes);
    return type;
}

/* When a datagram cannot be sent Linux may throw away what came in. */
static void settle(int f, long sent)
{
    while (sent < 0 && type_of(f) == SOCK_DGRAM &&
           recv(f, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0) {
    }
}

static void show_bytes(long bytes)
{
    unsigned int h = 17;
    for (long i = 0; i < bytes; i++) {
        h = h * 31 + (unsigned char)buffer[i];
    }
    if (bytes > 0) {
        printf(" [%x]", h);
    }
}

static size_t fill(void)
{
    const size_t bytes = 1 + pick(60); /* empty packets: Linux has changed what they do */
    memset(buffer, 'a' + (int)pick(26), bytes);
    printf(" %zu", bytes);
    return bytes;
}

static const struct {
    unsigned int bit;
    const char *name;
} poll_names[] = {{POLLIN, "IN"},   {POLLOUT, "OUT"},     {POLLPRI, "PRI"},  {POLLERR, "ERR"},
                  {POLLHUP, "HUP"}, {POLLRDHUP, "RDHUP"}, {POLLNVAL, "NVAL"}};

static void show_events(unsigned int events)
{
    for (unsigned int i = 0; i < COUNT(poll_names); i++) {
        if ((events & poll_names[i].bit) != 0) {
            printf(" %s", poll_names[i].name);
        }
    }
}

/* ---- what is ready ------------------------------------------------------------------------------- */

static void show_ready(void)
{
    struct pollfd p[FDS];
    const short events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP;

    for (int i = 3; i < FDS; i++) {
        p[i - 3] = (struct pollfd){.fd = i, .events = events};
    }
    printf("  ");
    (void)poll(p, FDS - 3, 0);
    for (int i = 3; i < FDS; i++) {
        const short r = p[i - 3].revents;
        if (r != 0 && (r & POLLNVAL) == 0) {
            printf(" %d:", i);
            show_events((unsigned int)r);
        }
    }
    printf("\n");
}

static int by_descriptor(const void *a, const void *b)
{
    const struct epoll_event *const x = a, *const y = b;
    return x->data.u32 < y->data.u32 ? -1 : x->data.u32 > y->data.u32;
}

static void do_wait(void)
{
    struct epoll_event e[64];
    const int f = fd_of('e');
    const long count = result(epoll_wait(f, e, 64, 0));

    if (count > 0) {
        qsort(e, (size_t)count, sizeof(e[0]), by_descriptor);
    }
    for (long i = 0; i < count; i++) {
        printf(" %u:", (unsigned int)e[i].data.u32);
        show_events(e[i].events);
    }
}

static void do_select(void)
{
    fd_set sets[3];
    struct timeval now = {0, 0};

    for (int i = 0; i < 3; i++) {
        FD_ZERO(&sets[i]);
        for (unsigned int f = 3; f < FDS; f++) {
            if (fcntl((int)f, F_GETFD) >= 0) {
                FD_SET(f, &sets[i]);
            }
        }
    }
    result(select(FDS, &sets[0], &sets[1], &sets[2], &now));
    for (int i = 0; i < 3; i++) {
        for (unsigned int f = 3; f < FDS; f++) {
            if (FD_ISSET(f, &sets[i])) {
                printf(" %u%c", f, "rwx"[i]);
            }
        }
    }
}

/* ---- making -------------------------------------------------------------------------------------- */

static int socket_type(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    const unsigned int which = pick(COUNT(types));
    printf(" type %u", which);
    return types[which] | SOCK_NONBLOCK;
}

static void do_pipe(void)
{
    int fds[2] = {-1, -1};
    if (result(pipe2(fds, O_NONBLOCK)) == 0) {
        printf(" %d %d", fds[0], fds[1]);
    }
    keep(fds[0], 'p');
    keep(fds[1], 'p');
}

static void do_pair(void)
{
    int fds[2] = {-1, -1};
    const int type = socket_type();
    if (result(socketpair(AF_UNIX, type, 0, fds)) == 0) {
        printf(" %d %d", fds[0], fds[1]);
    }
    if (fds[1] >= FDS && type_of(fds[0]) == SOCK_DGRAM) {
        close(fds[0]); /* none without its peer, see is_free_to_go() */
        fds[0] = -1;
    }
    keep(fds[0], 's');
    keep(fds[1], 's');
}

static void do_counter(void)
{
    const int is_semaphore = number((int)pick(2));
    const unsigned int value = (unsigned int)number((int)pick(3));
    keep(result(eventfd(value, EFD_NONBLOCK | (is_semaphore ? EFD_SEMAPHORE : 0))), 'c');
}

static void do_timer(void)
{
    keep(result(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK)), 't');
}

static void do_epoll(void)
{
    keep(result(epoll_create1(0)), 'e');
}

/* On Linux a datagram socket has a peer that is closed until it sends. */
static bool is_free_to_go(int f)
{
    return kinds[f] != 's' || type_of(f) != SOCK_DGRAM;
}

static void do_dup(void)
{
    const int f = fd();
    const int to = fd();
    if (is_free_to_go(to)) {
        keep(result(one_of(2) ? dup(f) : dup2(f, to)), kinds[f]);
    }
}

static void do_close(void)
{
    const int f = fd();
    if (is_free_to_go(f)) {
        result(close(f));
        kinds[f] = 0;
    }
}

/* ---- transfers ----------------------------------------------------------------------------------- */

static void do_write(void)
{
    const int f = fd_of(one_of(2) ? 's' : 'p');
    if (kinds[f] == 's' || kinds[f] == 'p') {
        settle(f, outcome(write(f, buffer, fill())));
    }
}

static void do_read(void)
{
    const int f = fd_of(one_of(2) ? 's' : 'p');
    if (kinds[f] == 's' || kinds[f] == 'p') {
        const size_t bytes = pick(4) != 0 ? sizeof(buffer) : pick(50);
        printf(" %zu", bytes);
        show_bytes(outcome(read(f, buffer, bytes)));
    }
}

static int flags(void)
{
    static const int all[] = {0,          MSG_PEEK, MSG_DONTWAIT, MSG_TRUNC, MSG_PEEK | MSG_TRUNC,
                              MSG_WAITALL};
    const unsigned int which = pick(COUNT(all));
    printf(" flags %u", which);
    return all[which] | MSG_NOSIGNAL;
}

static void do_send(void)
{
    const int f = fd_of('s');
    const size_t bytes = fill();
    settle(f, outcome(send(f, buffer, bytes, MSG_NOSIGNAL | (one_of(3) ? MSG_EOR : 0))));
}

static void do_receive(void)
{
    struct iovec v = {buffer, pick(3) != 0 ? sizeof(buffer) : 1 + pick(50)};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    const int f = fd_of('s'), how = flags();
    const long got = outcome(recvmsg(f, &m, how));

    if (got >= 0) {
        printf("%s%s", (m.msg_flags & MSG_TRUNC) != 0 ? " trunc" : "",
               (m.msg_flags & MSG_CTRUNC) != 0 ? " ctrunc" : "");
        show_bytes(got < (long)v.iov_len ? got : (long)v.iov_len);
    }
}

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* A descriptor in a message. */
static void do_pass(void)
{
    union control control = {0};
    struct iovec v = {buffer, 1};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = CMSG_LEN(sizeof(int))};
    const int f = fd_of('s'), passed = fd();
    struct cmsghdr *const c = CMSG_FIRSTHDR(&m);

    if (kinds[passed] == 0 || kinds[passed] == 's' || type_of(f) == SOCK_STREAM) {
        /* Sockets in each other's queues are found by Linux only; and which bytes of a stream are
         * received along with descriptors is left open. */
        return;
    }
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &passed, sizeof(int));
    buffer[0] = 'p';
    settle(f, outcome(sendmsg(f, &m, MSG_NOSIGNAL)));
}

static void do_take(void)
{
    union control control = {0};
    struct iovec v = {buffer, 20};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    const int f = fd_of('s');
    const long got = outcome(recvmsg(f, &m, one_of(4) ? MSG_CMSG_CLOEXEC : 0));

    if (got < 0) {
        return;
    }
    show_bytes(got);
    printf(" flags %x", (unsigned int)(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        int given;
        memcpy(&given, CMSG_DATA(c), sizeof(given));
        printf(" got %d cloexec %d", given, fcntl(given, F_GETFD));
        keep(given, '?');
    }
}

static void do_shutdown(void)
{
    struct sockaddr_un a;
    socklen_t bytes = sizeof(a);
    const int f = fd_of('s');
    /* Linux allows it for others, too; datagrams are received afterwards there. */
    if (getpeername(f, (struct sockaddr *)&a, &bytes) == 0 && type_of(f) != SOCK_DGRAM) {
        result(shutdown(f, number((int)pick(4))));
    }
}

static void do_count(void)
{
    static const uint64_t values[] = {0, 1, 5, UINT64_MAX - 1, UINT64_MAX, 1};
    const int f = fd_of(one_of(3) ? 't' : 'c');
    uint64_t value = values[pick(COUNT(values))];

    if (kinds[f] == 'c' && one_of(2)) {
        printf(" value %llu", (unsigned long long)value);
        result(write(f, &value, one_of(12) ? 4 : sizeof(value)));
    } else if ((kinds[f] == 'c' || kinds[f] == 't') &&
               outcome(read(f, &value, one_of(12) ? 7 : sizeof(value))) > 0 && kinds[f] == 'c') {
        printf(" value %llu", (unsigned long long)value);
    }
}

static void do_set_timer(void)
{
    const int f = fd_of(0);
    const unsigned int how = pick(4);
    struct itimerspec t = {0}, before = {0};

    printf(" how %u", how);
    if (how == 1) {
        t.it_value.tv_nsec = 1;
    } else if (how == 2) {
        t.it_value.tv_sec = 1000;
    } else if (how == 3) {
        t = (struct itimerspec){.it_interval.tv_sec = 500, .it_value.tv_sec = 1};
    }
    const long done = result(timerfd_settime(f, how == 3 ? TFD_TIMER_ABSTIME : 0, &t, &before));
    printf(" before %d", before.it_value.tv_sec > 0);
    if (done == 0 && (how == 1 || how == 3)) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    if (result(timerfd_gettime(f, &t)) == 0) {
        printf(" left %d", t.it_value.tv_sec != 0 || t.it_value.tv_nsec != 0);
    }
}

/* ---- epoll --------------------------------------------------------------------------------------- */

/* Edges may be more than there must be: here of pipes (any read), on Linux of sockets (a failed send). */
static bool has_edges(int f)
{
    return kinds[f] != 'p' && kinds[f] != '?' && (kinds[f] != 's' || type_of(f) == SOCK_STREAM);
}

static void do_control(void)
{
    static const unsigned int odd[] = {EPOLLET, EPOLLONESHOT, EPOLLRDHUP};
    const int e = fd_of('e'), f = fd_of(one_of(4) ? 'e' : 0);
    const int command = number(1 + (int)pick(3));
    unsigned int events = (one_of(3) ? 0 : EPOLLIN) | (one_of(2) ? 0 : EPOLLOUT);

    for (unsigned int i = 0; i < COUNT(odd); i++) {
        if (one_of(4) && (odd[i] != EPOLLET || has_edges(f))) {
            events |= odd[i];
            printf(" odd%u", i);
        }
    }
    show_events(events & (EPOLLIN | EPOLLOUT));
    struct epoll_event event = {.events = events, .data.u32 = (unsigned int)f};
    result(epoll_ctl(e,
                     command == 1   ? EPOLL_CTL_ADD
                     : command == 2 ? EPOLL_CTL_MOD
                                    : EPOLL_CTL_DEL,
                     f, &event));
}

/* ---- names --------------------------------------------------------------------------------------- */

static socklen_t address(int f, struct sockaddr_un *a)
{
    const unsigned int which = pick(5);

    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    printf(" name %u", which);
    if (which == 4) {
        return sizeof(sa_family_t);
    }
    snprintf(a->sun_path, sizeof(a->sun_path), "s%u", which);
    if (one_of(3)) { /* each type has abstract names of its own on Linux */
        a->sun_path[0] = '\0';
        a->sun_path[1] = (char)('0' + 5 * type_of(f) + (int)which);
        printf("a");
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 2);
}

static void do_socket(void)
{
    keep(result(socket(AF_UNIX, socket_type(), 0)), 's');
}

static void do_bind(void)
{
    struct sockaddr_un a;
    const int f = fd_of('s');
    outcome(bind(f, (struct sockaddr *)&a, address(f, &a)));
}

static void do_listen(void)
{
    const int f = fd_of('s');
    outcome(listen(f, number((int)pick(4))));
}

static void do_connect(void)
{
    struct sockaddr_un a;
    const int f = fd_of('s');
    socklen_t bytes = sizeof(a);
    if (type_of(f) == SOCK_DGRAM && getpeername(f, (struct sockaddr *)&a, &bytes) == 0) {
        return; /* Linux tells the old peer, and throws away what that has received */
    }
    outcome(connect(f, (struct sockaddr *)&a, address(f, &a)));
}

static void do_accept(void)
{
    struct sockaddr_un a;
    socklen_t bytes = sizeof(a);
    const int f = fd_of('s');
    const long got = result(accept4(f, (struct sockaddr *)&a, &bytes, SOCK_NONBLOCK));
    if (got >= 0) {
        printf(" bytes %d", bytes == 7 ? 2 : (int)bytes);
    }
    keep(got, 's');
}

static void do_unlink(void)
{
    char path[8];
    snprintf(path, sizeof(path), "s%d", number((int)pick(4)));
    result(unlink(path));
}

static void do_option(void)
{
    static const int names[] = {SO_TYPE, SO_ERROR, SO_ACCEPTCONN, SO_DOMAIN};
    const int f = fd_of('s'), which = number((int)pick(COUNT(names)));
    int value = 0, queued = 0;
    socklen_t bytes = sizeof(value);

    if (kinds[f] != 's') {
        return;
    }
    if (result(getsockopt(f, SOL_SOCKET, names[which], &value, &bytes)) == 0) {
        printf(" value %s", names[which] == SO_ERROR && value != 0 ? error_name(value)
                            : value == 0                           ? "0"
                                                                   : "some");
    }
    if (result(ioctl(f, FIONREAD, &queued)) == 0) {
        printf(" queued %d", queued);
    }
}

static void do_peer(void)
{
    struct sockaddr_un a = {0};
    socklen_t bytes = sizeof(a);
    const int f = fd_of('s');
    const bool is_own = number((int)pick(2)) != 0;
    if (type_of(f) == SOCK_DGRAM) {
        return; /* as above */
    }
    const long r = is_own ? getsockname(f, (struct sockaddr *)&a, &bytes)
                          : getpeername(f, (struct sockaddr *)&a, &bytes);
    if (result(r) == 0) {
        printf(" family %d name %d%s", a.sun_family == AF_UNIX, a.sun_path[0] != '\0',
               a.sun_path[0] == 's' ? a.sun_path : "");
    }
}

static const struct differ_call calls[] = {
    {"pipe", do_pipe, 3},           {"pair", do_pair, 3},         {"counter", do_counter, 2},
    {"timer", do_timer, 1},         {"epoll", do_epoll, 2},       {"dup", do_dup, 2},
    {"close", do_close, 5},         {"write", do_write, 10},      {"read", do_read, 10},
    {"send", do_send, 6},           {"receive", do_receive, 8},   {"pass", do_pass, 2},
    {"take", do_take, 2},           {"shutdown", do_shutdown, 2}, {"count", do_count, 5},
    {"set timer", do_set_timer, 2}, {"control", do_control, 14},  {"wait", do_wait, 14},
    {"select", do_select, 2},       {"socket", do_socket, 3},     {"bind", do_bind, 3},
    {"listen", do_listen, 3},       {"connect", do_connect, 6},   {"accept", do_accept, 4},
    {"unlink", do_unlink, 1},       {"option", do_option, 3},     {"peer", do_peer, 2},
};

int main(int argc, char **argv)
{
    const int steps = differ_begin(argc, argv);

    signal(SIGPIPE, SIG_IGN);
    for (int i = 3; i < FDS; i++) {
        close(i);
    }
    for (int i = 0; i < steps; i++) {
        printf("%d ", i);
        differ_step(calls, COUNT(calls));
        show_ready();
    }
    return 0;
}
