/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_listener.c - stream sockets that listen. A connection becomes a socket as soon as it is
 * established, so that what its client sends is not lost before accept() gives it a descriptor.
 */
#include <errno.h>
#include <poll.h>

#include "lwip/tcp.h"
#include "net/tcp_socket.h"
#include "time/clock.h"

/*
 * lwIP drops a SYN when the queue is full, and the client repeats it a second later. An application
 * that asks for 5 does not want that: Linux, too, keeps more.
 */
#define BACKLOG_MIN 64
#define BACKLOG_MAX 255

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct mf_socket *const listener = arg;

    if (error != ERR_OK || pcb == NULL || listener == NULL) {
        return ERR_VAL;
    }
    struct mf_socket *const s = mf_socket_create(listener->domain, SOCK_STREAM, &listener->options);
    if (s == NULL) {
        return ERR_MEM;
    }
    mf_tcp_attach(s, pcb);
    mf_socket_apply_options(s);
    tcp_backlog_delayed(pcb);
    if (listener->accept_first == NULL) {
        listener->accept_first = s;
    } else {
        listener->accept_last->accept_next = s;
    }
    listener->accept_last = s;
    mf_file_notify(&listener->file, POLLIN | POLLRDNORM);
    return ERR_OK;
}

static u8_t backlog_for(int backlog)
{
    return (u8_t)(backlog < BACKLOG_MIN   ? BACKLOG_MIN
                  : backlog > BACKLOG_MAX ? BACKLOG_MAX
                                          : backlog);
}

int mf_tcp_listen(struct mf_socket *s, int backlog)
{
    err_t error;

    if (s->state == MF_SOCKET_LISTENING) {
        tcp_backlog_set((struct tcp_pcb_listen *)(void *)s->tcp, backlog_for(backlog));
        return 0;
    }
    if (s->state != MF_SOCKET_NEW) {
        return -EINVAL;
    }
    if (!s->is_bound) {
        const int r = s->transport->bind(s, mf_address_any(s), 0);
        if (r < 0) {
            return r;
        }
        s->is_bound = true;
    }
    struct tcp_pcb *const pcb =
        tcp_listen_with_backlog_and_err(s->tcp, backlog_for(backlog), &error);
    if (pcb == NULL) {
        return mf_socket_errno(error);
    }
    s->tcp = pcb;
    s->state = MF_SOCKET_LISTENING;
    tcp_arg(pcb, s);
    tcp_accept(pcb, on_accept);
    return 0;
}

static struct mf_socket *take_accepted(struct mf_socket *s)
{
    struct mf_socket *const first = s->accept_first;

    if (first != NULL) {
        s->accept_first = first->accept_next;
        first->accept_next = NULL;
        if (first->tcp != NULL) {
            tcp_backlog_accepted(first->tcp);
        }
    }
    return first;
}

int mf_tcp_accept(struct mf_socket *s, struct mf_socket **accepted)
{
    const uint64_t timeout_ns = s->options.receive_timeout_ns;
    const uint64_t until = timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(timeout_ns);

    while (s->accept_first == NULL) {
        if (s->state != MF_SOCKET_LISTENING) {
            return -EINVAL;
        }
        const int r = mf_socket_wait(s, POLLIN, 0, until);
        if (r < 0 && s->accept_first == NULL) {
            return r;
        }
    }
    *accepted = take_accepted(s);
    return 0;
}

void mf_tcp_drop_accepted(struct mf_socket *s)
{
    for (;;) {
        struct mf_socket *const accepted = take_accepted(s);
        if (accepted == NULL) {
            return;
        }
        accepted->options.linger = (struct linger){.l_onoff = 1};
        mf_file_put(&accepted->file);
    }
}
