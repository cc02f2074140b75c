/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - see net.h. Start, polling, and the few functions that lwIP wants of its surroundings. */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "files/own.h"
#include "lwip/dns.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip_hooks.h"
#include "net/netfront.h"
#include "net/reattach.h"
#include "net/timers.h"
#include "start/clone.h"
#include "start/info.h"
#include "thread/idle.h"
#include "thread/thread.h"
#include "time/clock.h"

#define FINISH_NS (3 * MF_NS_PER_S) /* at exit, for data that the peer has not confirmed */

static bool is_started;
static bool has_front;
static struct netif front;
static struct netif *loopback;

void (*mf_udp_on_unreachable)(struct pbuf *icmp);

/* ---- polling ------------------------------------------------------------------------------ */

/* Packets to ourselves; handling one may send more. */
static unsigned int poll_loopback(struct netif *netif)
{
    if (netif->loop_first == NULL) {
        return 0;
    }
    netif_poll(netif);
    return 1;
}

static void net_poll(void *arg)
{
    (void)arg;
    unsigned int count = poll_loopback(loopback);
    if (has_front) {
        count += netfront_poll();
        count += poll_loopback(&front); /* to our own outside address */
        netfront_flush();
    }
    if (count > 0) {
        mf_net_timer_needed();
    }
}

static uint64_t net_prepare(void *arg)
{
    (void)arg;
    if (loopback->loop_first != NULL) {
        return 0;
    }
    if (has_front) {
        netfront_flush(); /* timers may have sent something */
        if (front.loop_first != NULL || netfront_prepare()) {
            return 0;
        }
    }
    return MF_NEVER;
}

static struct mf_poller poller = {.poll = net_poll, .prepare = net_prepare};

/* ---- start -------------------------------------------------------------------------------- */

static COLD void start_loopback(void)
{
    loopback = netif_find("lo0");
    NETIF_SET_CHECKSUM_CTRL(loopback, NETIF_CHECKSUM_DISABLE_ALL);
}

static COLD void start_dns(const struct mf_info *info)
{
    ip_addr_t server;

    memcpy(ip_2_ip4(&server), info->net.dns4, sizeof(info->net.dns4));
    IP_SET_TYPE_VAL(server, IPADDR_TYPE_V4);
    if (!ip4_addr_isany_val(*ip_2_ip4(&server))) {
        dns_setserver(0, &server);
    }
}

/* ---- in a clone --------------------------------------------------------------------------- */

static uint32_t random_values[16];
static unsigned int random_left;

static COLD void net_attach(void)
{
    const struct mf_info *const info = (const struct mf_info *)mf_info();

    random_left = 0;
    has_front = mf_net_reattach(info, loopback, has_front ? &front : NULL);
    if (has_front) {
        start_dns(info);
    }
}

static struct mf_clone_hook clone_hook = {.attach = net_attach};

/* ---- start, continued --------------------------------------------------------------------- */

COLD void mf_net_start(void)
{
    /* What dom0 wrote there before we started stays. */
    const struct mf_info *const info = (const struct mf_info *)mf_info();

    if (is_started) {
        return;
    }
    is_started = true;
    mf_critical_enter();
    lwip_init();
    start_loopback();
    has_front = netfront_start(info, &front);
    if (has_front) {
        start_dns(info);
    }
    mf_poller_register(&poller);
    mf_clone_register(&clone_hook);
    mf_critical_leave();
}

struct netif *mf_net_interface(void)
{
    return has_front ? &front : NULL;
}

void mf_net_kick(void)
{
    mf_net_timer_needed();
    if (has_front) {
        netfront_kick();
    }
}

/* ---- end ---------------------------------------------------------------------------------- */

/* Is there data, or a FIN, that the peer has not confirmed? */
static bool is_unconfirmed(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->state >= ESTABLISHED && (pcb->unsent != NULL || pcb->unacked != NULL)) {
            return true;
        }
    }
    return false;
}

extern int fflush(FILE *f) __attribute__((weak));

/*
 * The end of a process closes its connections in an orderly way on other systems, where the kernel
 * lives on and sends what is left. Here that has to happen first.
 */
COLD void mf_own_net_finish(void)
{
    if (!is_started) {
        return;
    }
    if (fflush != NULL) {
        fflush(NULL); /* stdio on sockets; exit() would do so only after us */
    }
    mf_critical_enter();
    for (struct tcp_pcb *pcb = tcp_active_pcbs, *next; pcb != NULL; pcb = next) {
        next = pcb->next;
        if (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) {
            tcp_shutdown(pcb, 0, 1);
        }
    }
    mf_net_kick();
    mf_critical_leave();
    const uint64_t deadline_ns = mf_clock_deadline(FINISH_NS);
    mf_idle_poll();
    while (is_unconfirmed() && mf_clock_ns() < deadline_ns) {
        mf_thread_sleep(mf_clock_deadline(TCP_TMR_INTERVAL * MF_NS_PER_MS));
    }
}

COLD void mf_net_finish(void) MF_OWN(net_finish);

static void (*const at_exit)(void) __attribute__((section(".fini_array"), used)) = mf_net_finish;

/* ---- what lwIP asks for -------------------------------------------------------------------- */

uint32_t mf_net_random(void)
{
    if (random_left == 0) {
        if (getrandom(random_values, sizeof(random_values), 0) != (ssize_t)sizeof(random_values)) {
            mf_net_panic("no random numbers");
        }
        random_left = sizeof(random_values) / sizeof(random_values[0]);
    }
    return random_values[--random_left];
}

void mf_net_panic(const char *message)
{
    fputs("network: ", stderr);
    fputs(message, stderr);
    fputc('\n', stderr);
    abort();
}
