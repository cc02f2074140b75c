/* SPDX-License-Identifier: Apache-2.0 */
/* timers.c - see timers.h. Takes the place of lwIP's timeouts.c (LWIP_TIMERS_CUSTOM). */
#include "net/timers.h"

#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "net/net.h"
#include "thread/idle.h"
#include "time/clock.h"

#define TCP_TICK_NS (TCP_TMR_INTERVAL * MF_NS_PER_MS)
#define TCP_STEP_NS (2 * TCP_TICK_NS) /* one of tcp_ticks: every second tcp_tmr() */
#define TIME_WAIT_TICK_NS                                                                          \
    (500 * MF_NS_PER_MS)   /* when nothing but connections in TIME-WAIT is left */
#define LATE_TICKS_MAX 600 /* as old as anything in the tables gets: DNS_MAX_TTL, ARP */

static void tcp_expire(struct mf_timer *t);
static void second_expire(struct mf_timer *t);

static struct mf_timer tcp_timer = {.expire = tcp_expire};
static uint64_t tcp_last_ns; /* the time that tcp_ticks stands for */

static bool tcp_is_slow; /* the timer is set, to TIME_WAIT_TICK_NS */

static struct mf_timer second_timer = {.expire = second_expire};
static unsigned int seconds_wanted;
static uint64_t second_last_ns;

u32_t sys_now(void)
{
    return (u32_t)(mf_clock_ns() / MF_NS_PER_MS);
}

void sys_timeouts_init(void)
{
    tcp_last_ns = mf_clock_ns();
    second_last_ns = tcp_last_ns;
}

/* ---- TCP ---------------------------------------------------------------------------------- */

/* Does anything of this connection wait for time to pass? */
static bool pcb_needs_timer(const struct tcp_pcb *pcb)
{
    if (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT) {
        return true;
    }
    return pcb->unsent != NULL || pcb->unacked != NULL || pcb->ooseq != NULL ||
           pcb->refused_data != NULL || pcb->persist_backoff != 0 ||
           (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR)) != 0 ||
           ip_get_option(pcb, SOF_KEEPALIVE);
}

/* How long TCP's timer may sleep; 0: for good. */
static uint64_t tcp_sleep_ns(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb_needs_timer(pcb)) {
            return TCP_TICK_NS;
        }
    }
    return tcp_tw_pcbs != NULL ? TIME_WAIT_TICK_NS : 0;
}

/* Sets TCP's clock right after a sleep; what is less than one step of it stays for the next time. */
static void tcp_catch_up(uint64_t now)
{
    const uint64_t steps = now > tcp_last_ns ? (now - tcp_last_ns) / TCP_STEP_NS : 0;

    tcp_ticks += (u32_t)steps;
    tcp_last_ns += steps * TCP_STEP_NS;
}

static void tcp_expire(struct mf_timer *t)
{
    const uint64_t now = mf_clock_ns();

    tcp_last_ns += TCP_TICK_NS; /* tcp_tmr() counts that itself */
    tcp_catch_up(now);
    tcp_tmr();
    const uint64_t sleep_ns = tcp_sleep_ns();
    tcp_is_slow = sleep_ns == TIME_WAIT_TICK_NS;
    if (sleep_ns != 0) {
        mf_timer_set(t, now + sleep_ns);
    }
}

void mf_net_timer_needed(void)
{
    if ((mf_timer_is_set(&tcp_timer) && !tcp_is_slow) ||
        (tcp_active_pcbs == NULL && tcp_tw_pcbs == NULL)) {
        return;
    }
    const uint64_t now = mf_clock_ns();
    tcp_catch_up(now);
    tcp_is_slow = false;
    mf_timer_set(&tcp_timer, now + TCP_TICK_NS);
}

/* lwIP says that a connection has been put into a list (TCP_REG). */
void tcp_timer_needed(void)
{
    mf_net_timer_needed();
}

/* ---- once a second ------------------------------------------------------------------------ */

static void tick(void)
{
    etharp_tmr();
    ip_reass_tmr();
    nd6_tmr();
    ip6_reass_tmr();
    dns_tmr();
}

static void second_expire(struct mf_timer *t)
{
    second_last_ns = mf_clock_ns();
    tick();
    if (--seconds_wanted > 0) {
        mf_timer_set(t, second_last_ns + MF_NS_PER_S);
    }
}

void mf_net_tick_late(void)
{
    if (mf_timer_is_set(&second_timer)) {
        return;
    }
    const uint64_t now = mf_clock_ns();
    const uint64_t missed = (now - second_last_ns) / MF_NS_PER_S;
    for (uint64_t i = 0; i < missed && i < LATE_TICKS_MAX; i++) {
        tick();
    }
    if (missed > 0) {
        second_last_ns = now;
    }
}

void mf_net_tick_for(unsigned int seconds)
{
    mf_net_tick_late();
    if (seconds > seconds_wanted) {
        seconds_wanted = seconds;
    }
    if (!mf_timer_is_set(&second_timer)) {
        mf_timer_set(&second_timer, mf_clock_ns() + MF_NS_PER_S);
    }
}
