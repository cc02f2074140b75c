/* SPDX-License-Identifier: Apache-2.0 */
/* tcp_ack.c - see tcp_ack.h. Called from lwIP's tcp_ack() as lwip/edit has changed it. */
#include "net/tcp_ack.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip_hooks.h"

#define PENDING_MAX 16

static struct pending {
    struct tcp_pcb *pcb;
    unsigned int segments;
} pending[PENDING_MAX];

static unsigned int pending_count;
static bool has_more;

void mf_tcp_set_more(bool more)
{
    has_more = more;
}

int mf_tcp_put_off_ack(struct tcp_pcb *pcb)
{
    unsigned int i = 0;

    if (!has_more) {
        return 0;
    }
    while (i < pending_count && pending[i].pcb != pcb) {
        i++;
    }
    if (i == pending_count) {
        if (pending_count == PENDING_MAX) {
            return 0;
        }
        pending[pending_count++] = (struct pending){.pcb = pcb, .segments = 1};
    }
    if (++pending[i].segments < MF_ACK_SEGMENTS) {
        return 1;
    }
    pending[i] = pending[--pending_count];
    return 0;
}

void mf_tcp_send_acks(void)
{
    has_more = false;
    while (pending_count > 0) {
        struct tcp_pcb *const pcb = pending[--pending_count].pcb;
        if ((pcb->flags & TF_ACK_DELAY) != 0) {
            tcp_clear_flags(pcb, TF_ACK_DELAY);
            tcp_ack_now(pcb);
            tcp_output(pcb);
        }
    }
}

void mf_tcp_forget_ack(const struct tcp_pcb *pcb)
{
    for (unsigned int i = 0; i < pending_count; i++) {
        if (pending[i].pcb == pcb) {
            pending[i] = pending[--pending_count];
            return;
        }
    }
}
