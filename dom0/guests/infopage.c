/* SPDX-License-Identifier: Apache-2.0 */
/* infopage.c - see infopage.h. */
#include "guests/infopage.h"

#include <stdlib.h>
#include <string.h>

#include "fault/touch.h"
#include "net/bytes.h"
#include "net/frame.h"
#include "virtq/virtq.h"

/* Bytes of a queue: descriptors, two rings, padding. */
#define QUEUE_BYTES(size) (16u * (size) + 6 + 2u * (size) + 2 + 6 + 8u * (size))

_Static_assert(INFO_TX % 16 == 0 && INFO_IN + INFO_IN_BYTES <= INFO_TX - HV_INFO_PAGE &&
                   INFO_TX - HV_INFO_PAGE + QUEUE_BYTES(INFO_TX_SIZE) <= INFO_OUT &&
                   INFO_OUT + INFO_OUT_BYTES <= HV_PAGE_BYTES &&
                   QUEUE_BYTES(INFO_RX_SIZE) <= HV_PAGE_BYTES,
               "nothing overlaps");

static void describe_queue(struct mf_virtq *q, uint32_t at, uint16_t size)
{
    struct virtq_place place;
    virtq_lay_out(&place, at, size);
    *q = (struct mf_virtq){place.desc, place.avail, place.used, place.size, 0};
}

static void describe_net(struct mf_net *net, const struct plan *plan, uint32_t buffers)
{
    net->features = MF_NET_F_CSUM | MF_NET_F_LARGE | MF_NET_F_CUT;
    describe_queue(&net->rx, INFO_RX, INFO_RX_SIZE);
    describe_queue(&net->tx, INFO_TX, INFO_TX_SIZE);
    net->buffers = buffers;
    net->buffers_bytes = infopage_area(true) - buffers;
    net->mtu = INFO_MTU;
    net->mtu_inside = FRAME_MTU_INSIDE;
    put32(net->ip4_gateway, plan_gateway_ip4(plan));
    put32(net->dns4, plan_dns_ip4(plan));
    net->ip4_prefix = (uint8_t)__builtin_popcount(plan->mask);
    net->ip6_prefix = 64;
    plan_gateway_ip6(plan, net->ip6_gateway);
    plan_gateway_mac(net->gateway_mac);
}

static uint32_t console_flags;

void infopage_set_console(uint32_t flags)
{
    console_flags = flags;
}

static void describe_console(struct mf_console *c)
{
    c->flags = console_flags;
    c->out = (struct mf_ring){.offset = HV_INFO_PAGE + INFO_OUT, .bytes = INFO_OUT_BYTES};
    c->in = (struct mf_ring){.offset = HV_INFO_PAGE + INFO_IN, .bytes = INFO_IN_BYTES};
}

/* Puts the strings into the page, or aside. Returns where packet buffers can start, 0: no room. */
static uint32_t place_strings(struct infopage *proto, const struct info_strings *s)
{
    const uint32_t bytes = s->args_bytes + s->env_bytes;
    char *to = (char *)proto->page + INFO_STRINGS;

    proto->strings_bytes = bytes;
    proto->strings_at = HV_INFO_PAGE + INFO_STRINGS;
    if (bytes > sizeof(proto->page) - INFO_STRINGS) {
        to = bytes <= INFO_STRINGS_MAX_BYTES ? malloc(bytes) : NULL;
        if (to == NULL) {
            return 0;
        }
        proto->strings = to;
        proto->strings_at = INFO_REST;
    }
    if (s->args_bytes > 0) {
        memcpy(to, s->args, s->args_bytes);
    }
    if (s->env_bytes > 0) {
        memcpy(to + s->args_bytes, s->env, s->env_bytes);
    }
    const uint32_t pages = (bytes + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES;
    return proto->strings == NULL ? INFO_REST : INFO_REST + pages * HV_PAGE_BYTES;
}

bool infopage_make(struct infopage *proto, const struct plan *plan, const struct info_strings *s,
                   bool network)
{
    struct mf_info *info = (struct mf_info *)(void *)proto->page;

    *proto = (struct infopage){0};
    const uint32_t buffers = place_strings(proto, s);
    if (buffers == 0) {
        return false;
    }
    info->magic = MF_INFO_MAGIC;
    info->version = MF_INFO_VERSION;
    info->bytes = INFO_STRINGS;
    info->argc = s->arg_count;
    info->envc = s->env_count;
    info->args = proto->strings_at;
    info->args_bytes = s->args_bytes;
    info->env = proto->strings_at + s->args_bytes;
    info->env_bytes = s->env_bytes;
    info->net.port = MF_NO_PORT;
    describe_console(&info->console);
    if (network) {
        describe_net(&info->net, plan, buffers);
    }
    return true;
}

void infopage_free(struct infopage *proto)
{
    free(proto->strings);
    proto->strings = NULL;
}

bool infopage_touch(const struct infopage *proto, const void *window, bool network)
{
    const uint8_t *const at = window;

    return mf_touch(at + HV_INFO_PAGE, HV_PAGE_BYTES) &&
           (!network || mf_touch(at + INFO_RX, QUEUE_BYTES(INFO_RX_SIZE))) &&
           (proto->strings == NULL || mf_touch(at + proto->strings_at, proto->strings_bytes));
}

void infopage_fill(const struct infopage *proto, void *window, const struct plan *plan,
                   const struct info_guest *g)
{
    struct mf_info *const info = infopage_in(window);

    if (proto->strings == NULL) {
        memcpy(info, proto->page, INFO_STRINGS + ((proto->strings_bytes + 7) & ~7u));
    } else {
        memcpy(info, proto->page, INFO_STRINGS);
        memcpy((uint8_t *)window + proto->strings_at, proto->strings, proto->strings_bytes);
    }
    memcpy(info->name, g->name, sizeof(info->name));
    memcpy(info->seed, g->seed, sizeof(info->seed));
    info->memory_bytes = g->memory_bytes;
    info->generation = g->generation;
    info->clock_offset_ns = g->clock_offset_ns;
    info->ready = g->is_ready;
    info->area = infopage_area(g->has_network);
    info->process.pid = g->pid;
    info->console.port = g->console_port;
    info->control_port = g->console_port; /* readiness arrives like output */
    if (g->net_port != MF_NO_PORT) {
        info->net.port = g->net_port;
        plan_guest_mac(g->guest, info->net.mac);
        put32(info->net.ip4, plan_guest_ip4(plan, g->guest));
        plan_guest_ip6(plan, g->guest, info->net.ip6);
    }
}
