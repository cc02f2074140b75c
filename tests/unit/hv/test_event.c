// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/handle.c hv/core/frame_list.c hv/core/event.c hv/core/domain.c hv/core/aspace.c hv/core/frame.c
// sources: tests/unit/hv/fake/fake.c tests/unit/hv/fake/fake_domain.c
// sources: tests/unit/hv/fake/fake_sched.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/* Event ports of real domains: named cases, and random steps against a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake_domain.h"

#define DOMAINS 5u

static struct domain *dom[DOMAINS];

static int start(void **state)
{
    (void)state;
    fake_start(FAKE_RAM_PAGES);
    memset(&fake_calls, 0, sizeof(fake_calls));
    for (uint32_t i = 0; i < DOMAINS; i++) {
        dom[i] = fake_domain();
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < DOMAINS; i++) {
        fake_domain_end(dom[i]);
    }
    return fake_live() == 0 && fake_stop() ? 0 : -1;
}

/* HC_EVENT_BIND without its checks. */
static enum hv_err bind_ports(uint32_t a, uint32_t tag_a, uint32_t b, uint32_t tag_b,
                              uint32_t *port_a, uint32_t *port_b)
{
    struct port was;
    enum hv_err err = port_open(dom[a], PORT_PEER, dom[b], tag_a, port_a);

    if (err) {
        return err;
    }
    err = port_open(dom[b], PORT_PEER, dom[a], tag_b, port_b);
    if (err) {
        assert_int_equal(port_close(dom[a], *port_a, &was), HV_OK);
        return err;
    }
    port_connect(dom[a], *port_a, dom[b], *port_b);
    return HV_OK;
}

static void expect_event(uint32_t d, uint32_t tag)
{
    uint32_t got = ~tag;

    assert_true(port_take(dom[d], HV_WAIT_POLL, &got));
    assert_int_equal(got, tag);
}

static void expect_none(uint32_t d)
{
    uint32_t got = 1234;

    assert_false(port_take(dom[d], HV_WAIT_POLL, &got));
    assert_int_equal(got, 1234);
}

static void event_arrives_at_the_other_end_with_its_tag(void **state)
{
    (void)state;
    uint32_t a, b;
    assert_int_equal(bind_ports(0, 10, 1, 20, &a, &b), HV_OK);
    expect_none(1);
    assert_int_equal(port_send(dom[0], a), HV_OK);
    expect_none(0);
    expect_event(1, 20);
    expect_none(1);
    assert_int_equal(port_send(dom[1], b), HV_OK);
    expect_event(0, 10);
}

static void domain_can_be_bound_to_itself(void **state)
{
    (void)state;
    uint32_t a, b;
    assert_int_equal(bind_ports(2, 1, 2, 2, &a, &b), HV_OK);
    assert_int_equal(port_send(dom[2], a), HV_OK);
    assert_int_equal(port_send(dom[2], b), HV_OK);
    expect_event(2, 2);
    expect_event(2, 1);
}

static void events_come_in_order_and_each_once(void **state)
{
    (void)state;
    uint32_t to[4], from[4];
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(bind_ports(0, 0, 1, 100 + i, &to[i], &from[i]), HV_OK);
    }
    const uint32_t sent[] = {2, 0, 2, 3, 0, 2, 1};
    for (uint32_t i = 0; i < ARRAY_COUNT(sent); i++) {
        assert_int_equal(port_send(dom[0], to[sent[i]]), HV_OK);
    }
    expect_event(1, 102);
    assert_int_equal(port_send(dom[0], to[2]), HV_OK); /* taken: may be sent again */
    expect_event(1, 100);
    expect_event(1, 103);
    expect_event(1, 101);
    expect_event(1, 102);
    expect_none(1);
}

static void closing_drops_a_pending_event_and_keeps_the_others(void **state)
{
    (void)state;
    for (uint32_t closed = 0; closed < 3; closed++) {
        uint32_t to[3], from[3];
        struct port was;
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(bind_ports(0, 0, 1, i, &to[i], &from[i]), HV_OK);
            assert_int_equal(port_send(dom[0], to[i]), HV_OK);
        }
        assert_int_equal(port_close(dom[1], from[closed], &was), HV_OK);
        assert_int_equal(was.tag, closed);
        assert_int_equal(port_close(dom[1], from[closed], &was), HV_ERR_NOENT);
        assert_int_equal(port_send(dom[0], to[closed]), HV_OK); /* does nothing */
        assert_int_equal(port_send(dom[0], to[0]), HV_OK);
        for (uint32_t i = 0; i < 3; i++) {
            if (i != closed) {
                expect_event(1, i);
            }
        }
        expect_none(1);
        assert_int_equal(port_send(dom[0], to[2]), HV_OK);
        if (closed != 2) {
            expect_event(1, 2);
        }
        expect_none(1);
    }
}

/* However many events are pending: a closed port's number is free when its turn in the list comes. */
static void closed_ports_are_used_again_after_their_events(void **state)
{
    (void)state;
    uint32_t to[3], from[3], tag, again;
    struct port was;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(bind_ports(0, 0, 1, i, &to[i], &from[i]), HV_OK);
        assert_int_equal(port_send(dom[0], to[i]), HV_OK);
    }
    assert_int_equal(port_close(dom[1], from[0], &was), HV_OK);
    assert_int_equal(port_close(dom[1], from[1], &was), HV_OK);
    assert_int_equal(port_open(dom[1], PORT_CONSOLE, NULL, 9, &again), HV_OK);
    assert_int_equal(again, 3); /* none is free yet */
    assert_int_equal(port_send(dom[1], from[0]), HV_ERR_NOENT);
    expect_event(1, 2);
    assert_int_equal(port_open(dom[1], PORT_CONSOLE, NULL, 9, &again), HV_OK);
    assert_true(again == from[0] || again == from[1]);
    assert_int_equal(port_close(dom[1], from[2], &was), HV_OK);
    assert_false(port_take(dom[1], HV_WAIT_POLL, &tag));
}

static void stale_end_does_not_reach_a_new_binding(void **state)
{
    (void)state;
    uint32_t old, mine, other, again;
    struct port was;
    assert_int_equal(bind_ports(0, 1, 1, 2, &old, &mine), HV_OK);
    assert_int_equal(port_close(dom[1], mine, &was), HV_OK);
    assert_int_equal(bind_ports(2, 3, 1, 4, &other, &again), HV_OK);
    assert_int_equal(again, mine);
    assert_int_equal(port_send(dom[0], old), HV_OK);
    expect_none(1);
    assert_int_equal(port_send(dom[2], other), HV_OK);
    expect_event(1, 4);
}

static void sending_to_the_dead_does_nothing(void **state)
{
    (void)state;
    uint32_t a, b;
    const uint64_t before = fake_live();
    assert_int_equal(bind_ports(0, 1, 1, 2, &a, &b), HV_OK);
    fake_domain_end(dom[1]);
    assert_int_equal(fake_live(), before - 3); /* its frame stays: the binding refers to it */
    assert_int_equal(port_send(dom[0], a), HV_OK);
    struct port was;
    assert_int_equal(port_close(dom[0], a, &was), HV_OK);
    assert_int_equal(fake_live(), before - 4);
    dom[1] = fake_domain();
    assert_int_equal(port_send(dom[0], a), HV_ERR_NOENT);
}

static void the_dead_get_no_new_ports_and_handles(void **state)
{
    (void)state;
    uint32_t n;
    domain_get(dom[1]);
    struct domain *dead = dom[1];
    fake_domain_end(dead);
    dom[1] = fake_domain();
    assert_int_equal(port_open(dead, PORT_PEER, NULL, 0, &n), HV_ERR_STATE);
    assert_int_equal(handle_add(dead, HANDLE_PCI, 0, HV_RIGHT_DEVICE, &n), HV_ERR_STATE);
    domain_put(dead);
}

static void only_a_bound_port_can_be_sent_on(void **state)
{
    (void)state;
    uint32_t device;
    const uint32_t wrong[] = {0, 5, PORTS_INLINE, PORTS_MAX, PORT_NONE};
    for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct port was;
        assert_int_equal(port_send(dom[0], wrong[i]), HV_ERR_NOENT);
        assert_int_equal(port_close(dom[0], wrong[i], &was), HV_ERR_NOENT);
        port_raise(dom[0], wrong[i], NULL, 0); /* a late interrupt */
    }
    assert_int_equal(port_open(dom[0], PORT_DEVICE, NULL, 9, &device), HV_OK);
    port_set_vector(dom[0], device, 0x31);
    assert_int_equal(port_send(dom[0], device), HV_ERR_NOENT);
    expect_none(0);
    port_raise(dom[0], device, NULL, 0);
    port_raise(dom[0], device, NULL, 0);
    expect_event(0, 9);
    expect_none(0);
    struct port was;
    assert_int_equal(port_close(dom[0], device, &was), HV_OK);
    assert_int_equal(was.kind, PORT_DEVICE);
    assert_int_equal(was.peer_port, 0x31);
}

static void destroyed_domain_gives_its_interrupts_back(void **state)
{
    (void)state;
    uint32_t port;
    assert_int_equal(port_open(dom[3], PORT_DEVICE, NULL, 1, &port), HV_OK); /* no vector as yet */
    assert_int_equal(port_open(dom[3], PORT_DEVICE, NULL, 1, &port), HV_OK);
    port_set_vector(dom[3], port, 0x45);
    assert_int_equal(port_open(dom[3], PORT_CONSOLE, NULL, 1, &port), HV_OK);
    fake_domain_end(dom[3]);
    assert_int_equal(fake_calls.irq_free, 1);
    assert_int_equal(fake_calls.vector, 0x45);
    assert_ptr_equal(fake_calls.console, dom[3]);
    dom[3] = fake_domain();
}

static void waiter_gets_its_event_at_once(void **state)
{
    (void)state;
    uint32_t a, b, tag;
    struct vcpu *v = &dom[1]->vcpu;
    assert_int_equal(bind_ports(0, 1, 1, 2, &a, &b), HV_OK);
    assert_int_equal(port_send(dom[0], a), HV_OK);
    assert_int_equal(fake_calls.wake, 0); /* nobody waits */
    assert_true(port_take(dom[1], HV_WAIT_FOREVER, &tag));
    assert_int_equal(port_send(dom[0], a), HV_OK);
    assert_int_equal(fake_calls.wake, 0); /* it got one, so it does not */
    expect_event(1, 2);
    assert_false(port_take(dom[1], HV_WAIT_FOREVER, &tag));
    assert_false(port_wait_over(dom[1], false));
    assert_int_equal(port_send(dom[0], a), HV_OK);
    assert_int_equal(fake_calls.wake, 1);
    assert_ptr_equal(fake_calls.woken, v);
    assert_int_equal(v->tf.rax, 1);
    assert_int_equal(v->tf.rdx, 2);
    assert_true(port_wait_over(dom[1], false));
    assert_true(port_wait_over(dom[1], true)); /* too late: it has its event */
    assert_int_equal(v->tf.rax, 1);
    expect_none(1);
    assert_int_equal(port_send(dom[0], a), HV_OK); /* the next one is queued */
    assert_int_equal(fake_calls.wake, 1);
    expect_event(1, 2);
    assert_false(port_take(dom[1], HV_WAIT_POLL, &tag)); /* looks, but does not wait */
    assert_int_equal(port_send(dom[0], a), HV_OK);
    assert_int_equal(fake_calls.wake, 1);
}

static void wait_that_is_over_gets_no_event(void **state)
{
    (void)state;
    uint32_t a, b, tag;
    struct vcpu *v = &dom[1]->vcpu;
    assert_int_equal(bind_ports(0, 1, 1, 2, &a, &b), HV_OK);
    assert_false(port_take(dom[1], 1000, &tag));
    v->tf.rax = 77;
    assert_false(port_wait_over(dom[1], false));
    assert_int_equal(v->tf.rax, 77);
    assert_true(port_wait_over(dom[1], true));
    assert_int_equal(v->tf.rax, 0);
    v->tf.rax = 77;
    assert_int_equal(port_send(dom[0], a), HV_OK);
    assert_int_equal(fake_calls.wake, 0);
    assert_int_equal(v->tf.rax, 77);
    expect_event(1, 2);
}

static void ports_grow_to_their_limit_and_not_beyond(void **state)
{
    (void)state;
    const uint64_t before = fake_live();
    uint32_t port = 0;
    dom[0]->caps = HV_CAP_CREATE;
    for (uint32_t n = 0; n < PORTS_MAX; n++) {
        if (port_open(dom[0], PORT_CONSOLE, NULL, n, &port) || port != n) {
            fail_msg("port %u instead of %u", port, n);
        }
    }
    assert_int_equal(fake_live(), before + PORT_LISTS * 513);
    assert_int_equal(port_open(dom[0], PORT_CONSOLE, NULL, 0, &port), HV_ERR_LIMIT);
    for (uint32_t n = 0; n < PORTS_MAX; n++) {
        port_raise(dom[0], n * 7 % PORTS_MAX, NULL, 0);
    }
    for (uint32_t n = 0; n < PORTS_MAX; n++) {
        uint32_t tag;
        if (!port_take(dom[0], HV_WAIT_POLL, &tag) || tag != n * 7 % PORTS_MAX) {
            fail_msg("event %u is %u", n, tag);
        }
    }
    port_close_all(dom[0]);
    assert_int_equal(fake_live(), before);
}

static void who_makes_no_domains_has_few_ports(void **state)
{
    (void)state;
    uint32_t port = 0;
    for (uint32_t n = 0; n < PORTS_GUEST_MAX; n++) {
        assert_int_equal(port_open(dom[0], PORT_CONSOLE, NULL, n, &port), HV_OK);
    }
    assert_int_equal(port_open(dom[0], PORT_CONSOLE, NULL, 0, &port), HV_ERR_LIMIT);
    port_close_all(dom[0]);
}

static void failed_bind_leaves_no_port(void **state)
{
    (void)state;
    dom[0]->caps = HV_CAP_CREATE;
    dom[1]->caps = HV_CAP_CREATE;
    uint32_t failures = 0;
    uint32_t a, b;
    for (uint32_t i = 0; i < PORTS_INLINE + PORTS_PER_PAGE + 3; i++) {
        for (uint64_t n = 1; n <= 4; n++) {
            const uint32_t refs[] = {dom[0]->refs, dom[1]->refs};
            fake_fail_alloc(n);
            if (bind_ports(0, i, 1, i, &a, &b) == HV_OK) {
                assert_false(fake_has_failed());
                fake_fail_alloc(0);
                break;
            }
            assert_true(fake_has_failed());
            assert_int_equal(dom[0]->refs, refs[0]);
            assert_int_equal(dom[1]->refs, refs[1]);
            failures++;
        }
        assert_int_equal(b, i);
    }
    assert_int_equal(failures, 3 + 2); /* list and page for each, then a page for each */
}

/* ---- random steps ---------------------------------------------------------------------------- */

#define MODEL_OPEN 60u
#define MODEL_PORTS PORTS_GUEST_MAX /* closed ones wait for their turn among the pending */

struct model_port {
    bool is_open;
    uint32_t tag, bond; /* both ends of a binding have the same bond */
    uint32_t peer;
    bool is_pending;
};

static struct model {
    struct model_port port[MODEL_PORTS];
    uint32_t queue[MODEL_PORTS]; /* pending ports */
    uint32_t queued, wakes;
    bool waits;
} model[DOMAINS];

static uint64_t random_state;

static uint32_t choose(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % n;
}

/* What waits gets the event as the result of its call; it is not queued. */
static void model_raise(uint32_t d, uint32_t port)
{
    struct model *m = &model[d];
    const struct vcpu *v = &dom[d]->vcpu;

    if (m->waits) {
        m->waits = false;
        m->wakes++;
        assert_int_equal(v->tf.rax, 1);
        assert_int_equal(v->tf.rdx, m->port[port].tag);
    } else if (!m->port[port].is_pending) {
        m->port[port].is_pending = true;
        m->queue[m->queued++] = port;
    }
}

static void model_unqueue(struct model *m, uint32_t port)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->queued; i++) {
        if (m->queue[i] != port) {
            m->queue[n++] = m->queue[i];
        }
    }
    m->queued = n;
}

static void model_send(uint32_t d, uint32_t port)
{
    const struct model_port *p = &model[d].port[port];
    const enum hv_err expected = p->is_open && p->bond != 0 ? HV_OK : HV_ERR_NOENT;

    assert_int_equal(port_send(dom[d], port), expected);
    for (uint32_t i = 0; i < MODEL_PORTS && !expected; i++) {
        const struct model_port *q = &model[p->peer].port[i];
        if (q->is_open && q->bond == p->bond && (p->peer != d || i != port)) {
            model_raise(p->peer, i);
        }
    }
}

static void model_open(uint32_t a, uint32_t b)
{
    static uint32_t bond;
    uint32_t port_a = 0, port_b = 0;
    const uint32_t tag = choose(1000000);

    if (choose(4) == 0) {
        assert_int_equal(port_open(dom[a], PORT_DEVICE, NULL, tag, &port_a), HV_OK);
        model[a].port[port_a] = (struct model_port){true, tag, 0, 0, false};
        return;
    }
    bond++;
    assert_int_equal(bind_ports(a, tag, b, tag + 1, &port_a, &port_b), HV_OK);
    assert_false(model[a].port[port_a].is_open);
    model[a].port[port_a] = (struct model_port){true, tag, bond, b, false};
    assert_false(model[b].port[port_b].is_open);
    model[b].port[port_b] = (struct model_port){true, tag + 1, bond, a, false};
}

static void model_close(uint32_t d, uint32_t port)
{
    struct model_port *p = &model[d].port[port];
    struct port was;

    assert_int_equal(port_close(dom[d], port, &was), p->is_open ? HV_OK : HV_ERR_NOENT);
    if (p->is_open) {
        assert_int_equal(was.tag, p->tag);
        model_unqueue(&model[d], port);
        *p = (struct model_port){0};
    }
}

/* HC_EVENT_WAIT, or the end of its wait. */
static void model_take(uint32_t d)
{
    struct model *m = &model[d];
    const uint64_t until = choose(2) ? HV_WAIT_POLL : 1 + choose(1000);
    uint32_t tag = 0;

    if (m->waits) {
        assert_false(port_wait_over(dom[d], false));
        assert_true(port_wait_over(dom[d], true));
        assert_int_equal(dom[d]->vcpu.tf.rax, 0);
        m->waits = false;
        return;
    }
    assert_int_equal(port_take(dom[d], until, &tag), m->queued != 0);
    if (m->queued != 0) {
        const uint32_t port = m->queue[0];
        assert_int_equal(tag, m->port[port].tag);
        m->port[port].is_pending = false;
        model_unqueue(m, port);
    } else {
        m->waits = until != HV_WAIT_POLL;
    }
}

static void model_replace(uint32_t d)
{
    fake_domain_end(dom[d]);
    dom[d] = fake_domain();
    memset(&model[d], 0, sizeof(model[d]));
    /* the others are bound to the dead one still: their sends go nowhere */
}

static void model_step(void)
{
    const uint32_t d = choose(DOMAINS), port = choose(MODEL_PORTS), what = choose(1000);
    uint32_t open[2] = {0, 0};
    const uint32_t other = choose(DOMAINS);

    for (uint32_t i = 0; i < MODEL_PORTS; i++) {
        open[0] += model[d].port[i].is_open ? 1 : 0;
        open[1] += model[other].port[i].is_open ? 1 : 0;
    }
    if (what < 150 && open[0] < MODEL_OPEN && open[1] < MODEL_OPEN) {
        model_open(d, other);
    } else if (what < 290) {
        model_close(d, port);
    } else if (what < 660) {
        model_send(d, port);
    } else if (what < 700) {
        port_raise(dom[d], port, NULL, 0);
        if (model[d].port[port].is_open) {
            model_raise(d, port);
        }
    } else if (what < 998) {
        model_take(d);
    } else {
        model_replace(d);
    }
}

static void ports_do_what_the_model_does(void **state)
{
    (void)state;
    random_state = 7;
    memset(model, 0, sizeof(model));
    for (uint32_t n = 0; n < 600000; n++) {
        const uint32_t wakes = fake_calls.wake;
        uint32_t expected = 0;
        for (uint32_t i = 0; i < DOMAINS; i++) {
            model[i].wakes = 0;
        }
        model_step();
        for (uint32_t i = 0; i < DOMAINS; i++) {
            expected += model[i].wakes;
        }
        assert_int_equal(fake_calls.wake - wakes, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_arrives_at_the_other_end_with_its_tag, start, stop),
        cmocka_unit_test_setup_teardown(domain_can_be_bound_to_itself, start, stop),
        cmocka_unit_test_setup_teardown(events_come_in_order_and_each_once, start, stop),
        cmocka_unit_test_setup_teardown(closing_drops_a_pending_event_and_keeps_the_others, start,
                                        stop),
        cmocka_unit_test_setup_teardown(closed_ports_are_used_again_after_their_events, start,
                                        stop),
        cmocka_unit_test_setup_teardown(stale_end_does_not_reach_a_new_binding, start, stop),
        cmocka_unit_test_setup_teardown(sending_to_the_dead_does_nothing, start, stop),
        cmocka_unit_test_setup_teardown(the_dead_get_no_new_ports_and_handles, start, stop),
        cmocka_unit_test_setup_teardown(only_a_bound_port_can_be_sent_on, start, stop),
        cmocka_unit_test_setup_teardown(destroyed_domain_gives_its_interrupts_back, start, stop),
        cmocka_unit_test_setup_teardown(waiter_gets_its_event_at_once, start, stop),
        cmocka_unit_test_setup_teardown(wait_that_is_over_gets_no_event, start, stop),
        cmocka_unit_test_setup_teardown(ports_grow_to_their_limit_and_not_beyond, start, stop),
        cmocka_unit_test_setup_teardown(who_makes_no_domains_has_few_ports, start, stop),
        cmocka_unit_test_setup_teardown(failed_bind_leaves_no_port, start, stop),
        cmocka_unit_test_setup_teardown(ports_do_what_the_model_does, start, stop),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
