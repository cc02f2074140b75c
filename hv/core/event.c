/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - event ports. A port is one end of a binding; sending makes the other end pending and
 * queues it once, in order of arrival, so that taking an event costs the same with 1 and with
 * 100,000 ports. The tag is the owner's own name for the port.
 *
 * A sender reads its own port under its own port_lock, then raises the peer's under the peer's:
 * never both at once. A binding holds a reference on the peer, so the peer's frame is there even
 * when the peer has ended; sending to it does nothing.
 */
#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/sched.h"

static struct port *port_at(struct domain *d, uint32_t n)
{
    if (n >= d->port_count) {
        return NULL;
    }
    if (n < PORTS_INLINE) {
        return &d->ports[n];
    }
    n -= PORTS_INLINE;
    struct port *page = d->port_pages[n / PORTS_PER_LIST][n / PORTS_PER_PAGE % FRAME_LIST_MAX];
    return &page[n % PORTS_PER_PAGE];
}

static enum hv_err grow(struct domain *d)
{
    const uint32_t n = d->port_count - PORTS_INLINE;

    if (d->port_count < PORTS_INLINE || n % PORTS_PER_PAGE != 0) {
        return HV_OK;
    }
    if (d->port_count >= (d->caps & HV_CAP_CREATE ? PORTS_MAX : PORTS_GUEST_MAX)) {
        return HV_ERR_LIMIT;
    }
    return frame_list_grow(&d->port_pages[n / PORTS_PER_LIST], n / PORTS_PER_PAGE % FRAME_LIST_MAX);
}

enum hv_err port_open(struct domain *d, enum port_kind kind, struct domain *peer, uint32_t tag,
                      uint32_t *port)
{
    enum hv_err err = HV_OK;

    lock_take(&d->port_lock);
    uint32_t n = d->port_free;
    if (d->state == DOMAIN_DESTROYED) {
        err = HV_ERR_STATE;
    } else if (n != PORT_NONE) {
        d->port_free = port_at(d, n)->next;
    } else {
        err = grow(d);
        n = d->port_count;
        d->port_count += err ? 0 : 1;
    }
    if (!err) {
        *port_at(d, n) = (struct port){.peer = peer, .tag = tag, .kind = (uint8_t)kind};
        if (peer != NULL) {
            domain_get(peer);
        }
        *port = n;
    }
    lock_drop(&d->port_lock);
    return err;
}

void port_connect(struct domain *a, uint32_t port_a, struct domain *b, uint32_t port_b)
{
    lock_take(&a->port_lock);
    port_at(a, port_a)->peer_port = port_b;
    lock_drop(&a->port_lock);
    lock_take(&b->port_lock);
    port_at(b, port_b)->peer_port = port_a;
    lock_drop(&b->port_lock);
}

void port_set_vector(struct domain *d, uint32_t port, uint8_t vector)
{
    lock_take(&d->port_lock);
    port_at(d, port)->peer_port = vector;
    lock_drop(&d->port_lock);
}

static void put_free(struct domain *d, uint32_t n)
{
    *port_at(d, n) = (struct port){.next = d->port_free};
    d->port_free = n;
}

/* One that is pending stays in that list, as a free port, until it is its turn there. */
enum hv_err port_close(struct domain *d, uint32_t port, struct port *was)
{
    lock_take(&d->port_lock);
    struct port *p = port_at(d, port);
    if (p == NULL || p->kind == PORT_FREE) {
        lock_drop(&d->port_lock);
        return HV_ERR_NOENT;
    }
    *was = *p;
    p->kind = PORT_FREE;
    if (!p->is_pending) {
        put_free(d, port);
    }
    lock_drop(&d->port_lock);
    if (was->peer != NULL) {
        domain_put(was->peer);
    }
    return HV_OK;
}

void port_unbind(struct domain *d, const struct port *was)
{
    if (was->kind == PORT_DEVICE && was->peer_port != 0) {
        irq_free((uint8_t)was->peer_port);
    } else if (was->kind == PORT_CONSOLE) {
        irq_unbind_console(d);
    }
}

void port_close_all(struct domain *d)
{
    struct port was;

    for (uint32_t n = 0; n < d->port_count; n++) {
        if (!port_close(d, n, &was)) {
            port_unbind(d, &was);
        }
    }
    lock_take(&d->port_lock); /* somebody may be sending */
    d->port_count = 0;
    for (uint32_t i = 0; i < PORT_LISTS; i++) {
        frame_list_free(&d->port_pages[i]);
    }
    lock_drop(&d->port_lock);
}

/* The caller's own ports are closed by the caller only, so that its port is read without a lock. */
enum hv_err port_send(struct domain *d, uint32_t port)
{
    const struct port *p = port_at(d, port);

    if (p == NULL || p->kind != PORT_PEER) {
        return HV_ERR_NOENT;
    }
    port_raise(p->peer, p->peer_port, d, port);
    return HV_OK;
}

/* Puts port `n` behind the other pending ones. */
static void queue_pending(struct domain *d, uint32_t n, struct port *p)
{
    p->is_pending = true;
    p->next = PORT_NONE;
    if (d->pending_head == PORT_NONE) {
        d->pending_head = n;
    } else {
        port_at(d, d->pending_tail)->next = n;
    }
    d->pending_tail = n;
}

void port_raise(struct domain *d, uint32_t port, const struct domain *from, uint32_t from_port)
{
    struct vcpu *v = &d->vcpu;
    bool wake = false;

    lock_take(&d->port_lock);
    struct port *p = port_at(d, port);
    if (p != NULL && p->kind != PORT_FREE && !p->is_pending &&
        (from == NULL || (p->peer == from && p->peer_port == from_port))) {
        wake = v->is_waiting;
        if (wake) { /* handed over at once: this is what HC_EVENT_WAIT returns */
            v->is_waiting = false;
            v->wait_deadline = 0;
            v->tf.rax = 1;
            v->tf.rdx = p->tag;
        } else {
            queue_pending(d, port, p);
        }
    }
    lock_drop(&d->port_lock);
    if (wake) {
        sched_wake(v);
    }
}

bool port_wait_over(struct domain *d, bool expired)
{
    struct vcpu *v = &d->vcpu;

    lock_take(&d->port_lock);
    if (expired && v->wait_deadline != 0) {
        v->is_waiting = false;
        v->wait_deadline = 0;
        v->tf.rax = 0;
        v->tf.rdx = 0;
    }
    const bool over = v->wait_deadline == 0;
    lock_drop(&d->port_lock);
    return over;
}

bool port_take(struct domain *d, uint64_t wait_until, uint32_t *tag)
{
    uint32_t n;

    lock_take(&d->port_lock);
    while ((n = d->pending_head) != PORT_NONE) {
        struct port *p = port_at(d, n);
        d->pending_head = p->next;
        p->is_pending = false;
        if (likely(p->kind != PORT_FREE)) {
            *tag = p->tag;
            break;
        }
        put_free(d, n);
    }
    if (n == PORT_NONE && wait_until != 0) {
        d->vcpu.is_waiting = true;
        d->vcpu.wait_deadline = wait_until;
    }
    lock_drop(&d->port_lock);
    return n != PORT_NONE;
}
