/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - a small HTTP/1.1 server: `/` says hello, `/metrics` counts in the Prometheus text format.
 *
 * One thread, one epoll set. A request costs epoll_wait, recv and one send for all requests that
 * arrived together (pipelining). Nothing is allocated after the start: a connection is a slot of a
 * table, requests are parsed in a buffer that all connections share, and what a slow client leaves
 * over is held in the slot's part of two tables that stay untouched, and so cost no memory,
 * otherwise. A client that completes no request and takes no answer for IDLE_MS is dropped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "parse.h"

#define CONNECTIONS_MAX 1024
#define INPUT_BYTES 4096  /* a request head must fit */
#define OUTPUT_BYTES 4096 /* answers that are sent at once */
#define ANSWER_MAX 1024   /* one answer, head included */
#define EVENTS_MAX 64
#define IDLE_MS 30000
#define DRAIN_MS 2000
#define NONE 0xffffu
#define LISTENER CONNECTIONS_MAX /* epoll data of the listening socket */

enum state {
    READING,  /* wants a request */
    WRITING,  /* wants to send held_out, then goes on with held_in */
    CLOSING,  /* as WRITING, then no more answers */
    DRAINING, /* half closed; throws away what comes until the client closes */
};

struct connection {
    int fd;
    enum state state;
    uint16_t older, newer; /* list of open connections by last activity; free list: older */
    uint16_t in_bytes;     /* valid bytes of held_in[] */
    uint16_t out_bytes;    /* of held_out[], to be sent */
    uint32_t skip_bytes;   /* of a body */
    int64_t active_ms;
};

static struct connection connections[CONNECTIONS_MAX];
static char held_in[CONNECTIONS_MAX][INPUT_BYTES];
static char held_out[CONNECTIONS_MAX][OUTPUT_BYTES];
static char input[INPUT_BYTES], output[OUTPUT_BYTES];

static int epoll_fd, listen_fd;
static uint16_t slots_used, free_slot = NONE, oldest = NONE, newest = NONE;
static int64_t now_ms;
static struct {
    unsigned long long requests, errors, connections, sent_bytes;
    unsigned int open;
} count;

static void update_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- connections ----------------------------------------------------------------------------- */

static uint16_t slot_of(const struct connection *c)
{
    return (uint16_t)(c - connections);
}

static void list_remove(struct connection *c)
{
    *(c->older != NONE ? &connections[c->older].newer : &oldest) = c->newer;
    *(c->newer != NONE ? &connections[c->newer].older : &newest) = c->older;
}

static void list_append(struct connection *c)
{
    c->active_ms = now_ms;
    c->newer = NONE;
    c->older = newest;
    *(newest != NONE ? &connections[newest].newer : &oldest) = slot_of(c);
    newest = slot_of(c);
}

/* Makes it the next one to be dropped, in DRAIN_MS. */
static void list_prepend(struct connection *c)
{
    c->active_ms = now_ms - IDLE_MS + DRAIN_MS;
    c->older = NONE;
    c->newer = oldest;
    *(oldest != NONE ? &connections[oldest].older : &newest) = slot_of(c);
    oldest = slot_of(c);
}

static void touch(struct connection *c)
{
    if (slot_of(c) == newest) {
        c->active_ms = now_ms;
        return;
    }
    list_remove(c);
    list_append(c);
}

static struct connection *connection_new(int fd)
{
    struct connection *c;
    if (free_slot != NONE) {
        c = &connections[free_slot];
        free_slot = c->older;
    } else if (slots_used < CONNECTIONS_MAX) {
        c = &connections[slots_used++];
    } else {
        return NULL;
    }
    *c = (struct connection){.fd = fd, .state = READING};
    list_append(c);
    count.open++;
    count.connections++;
    return c;
}

static void connection_end(struct connection *c)
{
    close(c->fd); /* leaves the epoll set by that */
    c->fd = -1;
    list_remove(c);
    c->older = free_slot;
    free_slot = slot_of(c);
    count.open--;
}

static void want(struct connection *c, enum state state, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.u32 = slot_of(c)};
    c->state = state;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* ---- answers --------------------------------------------------------------------------------- */

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    default:
        return "HTTP Version Not Supported";
    }
}

/* Writes an answer to `to` (ANSWER_MAX bytes) and returns its length. */
static size_t put_answer(char *to, int status, const struct http_request *r, const char *body,
                         size_t body_bytes)
{
    const char *connection = "";
    if (!r->keep_alive) {
        connection = "Connection: close\r\n";
    } else if (r->version_1_0) {
        connection = "Connection: keep-alive\r\n";
    }
    const int head =
        snprintf(to, ANSWER_MAX,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n%s%sContent-Length: %u\r\n\r\n",
                 status, reason_of(status), connection, status == 405 ? "Allow: GET, HEAD\r\n" : "",
                 (unsigned int)body_bytes);
    const size_t head_bytes = (size_t)head;
    if (r->method == HTTP_HEAD) {
        return head_bytes;
    }
    memcpy(to + head_bytes, body, body_bytes);
    return head_bytes + body_bytes;
}

static size_t put_hello(char *to, const struct http_request *r)
{
    static const char ready[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n"
        "\r\nHello from Mayfly!\n";
    if (r->method == HTTP_GET && r->keep_alive && !r->version_1_0) {
        memcpy(to, ready, sizeof(ready) - 1);
        return sizeof(ready) - 1;
    }
    return put_answer(to, 200, r, "Hello from Mayfly!\n", 19);
}

static size_t put_metrics(char *to, const struct http_request *r)
{
    char body[512];
    const int bytes =
        snprintf(body, sizeof(body),
                 "# TYPE http_requests_total counter\nhttp_requests_total %llu\n"
                 "# TYPE http_errors_total counter\nhttp_errors_total %llu\n"
                 "# TYPE http_connections_total counter\nhttp_connections_total %llu\n"
                 "# TYPE http_connections_open gauge\nhttp_connections_open %u\n"
                 "# TYPE http_sent_bytes_total counter\nhttp_sent_bytes_total %llu\n",
                 count.requests, count.errors, count.connections, count.open, count.sent_bytes);
    return put_answer(to, 200, r, body, (size_t)bytes);
}

static size_t put_error(char *to, int status, const struct http_request *r)
{
    char body[64];
    count.errors++;
    return put_answer(to, status, r, body,
                      (size_t)snprintf(body, sizeof(body), "%d %s\n", status, reason_of(status)));
}

static bool target_is(const struct http_request *r, const char *path, size_t bytes)
{
    return r->target_bytes == bytes && memcmp(r->target, path, bytes) == 0;
}

static size_t put_response(char *to, const struct http_request *r)
{
    count.requests++;
    if (r->method == HTTP_OTHER) {
        return put_error(to, 405, r);
    }
    if (target_is(r, "/", 1)) {
        return put_hello(to, r);
    }
    if (target_is(r, "/metrics", 8)) {
        return put_metrics(to, r);
    }
    return put_error(to, 404, r);
}

/* ---- the life of a connection ---------------------------------------------------------------- */

/* Sends; what the socket does not take is held. False: the connection has ended. */
static bool send_some(struct connection *c, const char *data, size_t bytes)
{
    ssize_t sent = send(c->fd, data, bytes, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            connection_end(c);
            return false;
        }
        sent = 0;
    }
    count.sent_bytes += (unsigned long long)sent;
    if ((size_t)sent < bytes) {
        memmove(held_out[slot_of(c)], data + sent, bytes - (size_t)sent);
        c->out_bytes = (uint16_t)(bytes - (size_t)sent);
    }
    return true;
}

static void finish(struct connection *c, bool input_left)
{
    if (!input_left) {
        connection_end(c);
        return;
    }
    /* close() with unread input would reset the connection, and the client may lose our answer. */
    shutdown(c->fd, SHUT_WR);
    want(c, DRAINING, EPOLLIN);
    list_remove(c);
    list_prepend(c);
}

/*
 * Answers the requests in data[0 .. bytes). Returns the bytes used up, with the answers' length in
 * *answers and c->state CLOSING when the last of them is the last of the connection.
 */
static size_t answer_all(struct connection *c, const char *data, size_t bytes, size_t *answers)
{
    size_t at = 0, out = 0;
    while (at < bytes && c->state == READING && OUTPUT_BYTES - out >= ANSWER_MAX) {
        struct http_request r;
        if (c->skip_bytes > 0) {
            const size_t skip = c->skip_bytes < bytes - at ? c->skip_bytes : bytes - at;
            c->skip_bytes -= (uint32_t)skip;
            at += skip;
            continue;
        }
        int used = http_parse(data + at, bytes - at, &r);
        if (used == 0 && at == 0 && bytes == INPUT_BYTES) {
            used = -431;
        }
        if (used == 0) {
            break;
        }
        if (used < 0) {
            r = (struct http_request){.method = HTTP_GET, .keep_alive = false};
            out += put_error(output + out, -used, &r);
        } else {
            at += (size_t)used;
            c->skip_bytes = r.body_bytes;
            out += put_response(output + out, &r);
        }
        if (!r.keep_alive) {
            c->state = CLOSING;
        }
    }
    *answers = out;
    return at;
}

/* Works on data[0 .. bytes) until it is used up, incomplete, or the client does not take
 * answers. */
static void process(struct connection *c, const char *data, size_t bytes)
{
    for (;;) {
        size_t answers;
        const size_t used = answer_all(c, data, bytes, &answers);
        data += used;
        bytes -= used;
        if (answers > 0) {
            touch(c);
            if (!send_some(c, output, answers)) {
                return;
            }
        }
        if (c->out_bytes > 0 || c->state == CLOSING || answers == 0 || bytes == 0) {
            break;
        }
    }
    if (c->state == CLOSING && c->out_bytes == 0) {
        finish(c, bytes > 0 || c->skip_bytes > 0);
        return;
    }
    if (bytes > 0) {
        memmove(held_in[slot_of(c)], data, bytes);
    }
    c->in_bytes = (uint16_t)bytes;
    if (c->out_bytes > 0) {
        want(c, c->state == CLOSING ? CLOSING : WRITING, EPOLLOUT);
    }
}

static void on_readable(struct connection *c)
{
    const size_t held = c->in_bytes;
    const ssize_t got = recv(c->fd, input + held, INPUT_BYTES - held, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            connection_end(c);
        }
        return;
    }
    if (c->state == DRAINING) {
        return;
    }
    if (held > 0) {
        memcpy(input, held_in[slot_of(c)], held);
    }
    process(c, input, held + (size_t)got);
}

static void on_writable(struct connection *c)
{
    const uint16_t slot = slot_of(c);
    const size_t bytes = c->out_bytes;
    c->out_bytes = 0;
    if (!send_some(c, held_out[slot], bytes)) {
        return;
    }
    if (c->out_bytes < bytes) {
        touch(c);
    }
    if (c->out_bytes > 0) {
        return;
    }
    if (c->state == CLOSING) {
        finish(c, true);
        return;
    }
    want(c, READING, EPOLLIN);
    if (c->in_bytes > 0) { /* requests that came before the client stopped taking answers */
        memcpy(input, held_in[slot], c->in_bytes);
        process(c, input, c->in_bytes);
    }
}

static void on_listener(void)
{
    for (;;) {
        const int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        struct connection *c = connection_new(fd);
        if (c == NULL) {
            connection_end(&connections[oldest]); /* full: the one that was silent longest goes */
            c = connection_new(fd);
        }
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = slot_of(c)};
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0) {
            connection_end(c);
        }
    }
}

/* Ends silent connections. Returns how long to wait for the next one, -1 when there is none. */
static int expire(void)
{
    while (oldest != NONE) {
        struct connection *c = &connections[oldest];
        const int64_t left = c->active_ms + IDLE_MS - now_ms;
        if (left > 0) {
            return (int)left;
        }
        connection_end(c);
    }
    return -1;
}

static void on_event(const struct epoll_event *e)
{
    if (e->data.u32 == LISTENER) {
        on_listener();
        return;
    }
    struct connection *c = &connections[e->data.u32];
    if (c->fd < 0) {
        return; /* ended by an earlier event of the same batch */
    }
    if (c->state == WRITING || c->state == CLOSING) {
        on_writable(c);
    } else {
        on_readable(c);
    }
}

static int listen_on(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int one = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 512) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int main(int argc, char **argv)
{
    const uint16_t port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 80);
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event listener = {.events = EPOLLIN, .data.u32 = LISTENER};

    listen_fd = listen_on(port);
    epoll_fd = epoll_create1(0);
    if (listen_fd < 0 || epoll_fd < 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &listener) != 0) {
        fprintf(stderr, "http: port %u: %s\n", (unsigned int)port, strerror(errno));
        return 1;
    }
    printf("http: listening on port %u\n", (unsigned int)port);
    fflush(stdout);
    for (;;) {
        update_clock();
        const int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, expire());
        update_clock();
        for (int i = 0; i < ready; i++) {
            on_event(&events[i]);
        }
    }
}
