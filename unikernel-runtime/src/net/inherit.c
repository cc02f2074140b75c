/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inherit.c - sockets in a child of fork() that stay with its parent (family/family.h). Linked into
 * programs that fork only. What has come in, and connections that nobody has accepted, are forgotten:
 * they lay in the parent's window.
 */
#include "family/family.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"
#include "net/socket.h"

const char mf_socket_inherit_link;

static void forget_tcp(struct mf_socket *s)
{
    struct tcp_pcb *const pcb = s->tcp;

    tcp_arg(pcb, NULL);
    if (s->state == MF_SOCKET_LISTENING) {
        tcp_close(pcb); /* nobody is told of that */
        return;
    }
    /* Those that are open are freed when the network is attached (reattach.c). */
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    if (s->state == MF_SOCKET_NEW) {
        tcp_abandon(pcb, 0);
    }
}

void mf_socket_inherit(struct mf_open_file *f)
{
    struct mf_socket *const s = (struct mf_socket *)f;

    *s->list_link = s->list_next;
    if (s->list_next != NULL) {
        s->list_next->list_link = s->list_link;
    }
    if (s->pcb != NULL && s->type == SOCK_STREAM) {
        forget_tcp(s);
    } else if (s->pcb != NULL) {
        udp_remove(s->udp);
    }
}
