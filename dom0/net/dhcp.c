/* SPDX-License-Identifier: Apache-2.0 */
/* dhcp.c - see dhcp.h. Options: RFC 2132. */
#include "net/dhcp.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/packet.h"

#define BOOTP (ETH_BYTES + IP4_BYTES + UDP_BYTES) /* where the message starts */
#define BOOTP_OP 0
#define BOOTP_XID 4
#define BOOTP_FLAGS 10
#define BOOTP_CIADDR 12
#define BOOTP_YIADDR 16
#define BOOTP_CHADDR 28
#define BOOTP_COOKIE 236
#define BOOTP_OPTIONS 240
#define COOKIE 0x63825363u

#define OPTION_MASK 1
#define OPTION_ROUTER 3
#define OPTION_DNS 6
#define OPTION_ADDRESS 50
#define OPTION_LEASE 51
#define OPTION_TYPE 53
#define OPTION_SERVER 54
#define OPTION_PARAMETERS 55
#define OPTION_END 255

#define DISCOVER 1
#define OFFER 2
#define REQUEST 3
#define ACK 5
#define NAK 6

#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS 32000
#define REQUEST_TRIES 4

struct reply {
    uint8_t type;
    uint32_t address, server, mask, router, dns, lease_s;
};

void dhcp_start(struct dhcp *d, const uint8_t mac[6], uint32_t xid, uint64_t now_ms)
{
    *d = (struct dhcp){.state = DHCP_SELECTING, .xid = xid, .next_ms = now_ms};
    memcpy(d->mac, mac, sizeof(d->mac));
}

static void enter(struct dhcp *d, enum dhcp_state state, uint64_t next_ms)
{
    d->state = state;
    d->tries = 0;
    d->next_ms = next_ms;
}

static uint8_t *put_option32(uint8_t *p, uint8_t code, uint32_t value)
{
    p[0] = code;
    p[1] = 4;
    put32(p + 2, value);
    return p + 6;
}

static void put_message(const struct dhcp *d, uint8_t type, uint8_t *m)
{
    static const uint8_t parameters[] = {OPTION_PARAMETERS, 3, OPTION_MASK, OPTION_ROUTER,
                                         OPTION_DNS};
    uint8_t *p = m + BOOTP_OPTIONS;

    m[BOOTP_OP] = 1;
    m[1] = 1; /* Ethernet */
    m[2] = ETH_MAC_BYTES;
    put32(m + BOOTP_XID, d->xid);
    put16(m + BOOTP_FLAGS, 0x8000); /* answer by broadcast: there is no address yet */
    memcpy(m + BOOTP_CHADDR, d->mac, sizeof(d->mac));
    put32(m + BOOTP_COOKIE, COOKIE);
    p[0] = OPTION_TYPE;
    p[1] = 1;
    p[2] = type;
    p += 3;
    if (d->state == DHCP_REQUESTING) {
        p = put_option32(p, OPTION_ADDRESS, d->address);
        p = put_option32(p, OPTION_SERVER, d->server);
    } else if (d->state == DHCP_REBINDING) {
        put32(m + BOOTP_CIADDR, d->address);
    }
    memcpy(p, parameters, sizeof(parameters));
    p[sizeof(parameters)] = OPTION_END;
}

static void put_frame(const struct dhcp *d, uint8_t type, uint8_t *frame)
{
    uint8_t *ip = frame + ETH_BYTES, *udp = ip + IP4_BYTES;
    const uint32_t udp_bytes = DHCP_FRAME_BYTES - ETH_BYTES - IP4_BYTES;

    memset(frame, 0, DHCP_FRAME_BYTES);
    memset(frame + ETH_DST, 0xff, ETH_MAC_BYTES);
    memcpy(frame + ETH_SRC, d->mac, ETH_MAC_BYTES);
    put16(frame + ETH_TYPE, ETH_TYPE_IP4);
    packet_put_ip4(ip, d->state == DHCP_REBINDING ? d->address : 0, 0xffffffffu, IP_PROTOCOL_UDP,
                   udp_bytes);
    put16(udp + UDP_SRC, 68);
    put16(udp + UDP_DST, 67);
    put16(udp + UDP_LENGTH, (uint16_t)udp_bytes);
    put_message(d, type, frame + BOOTP);
}

uint32_t dhcp_due(struct dhcp *d, uint64_t now_ms, uint8_t frame[DHCP_FRAME_BYTES])
{
    if (now_ms < d->next_ms) {
        return 0;
    }
    if (d->state == DHCP_BOUND) {
        enter(d, DHCP_REBINDING, now_ms);
    }
    if ((d->state == DHCP_REQUESTING && d->tries == REQUEST_TRIES) ||
        (d->state == DHCP_REBINDING && now_ms >= d->end_ms)) {
        enter(d, DHCP_SELECTING, now_ms);
    }
    if (d->tries == 0 && d->state != DHCP_REQUESTING) {
        d->start_ms = now_ms;
    }
    const uint64_t wait = (uint64_t)FIRST_RETRY_MS << (d->tries < 5 ? d->tries : 5);
    d->next_ms = now_ms + (wait < LAST_RETRY_MS ? wait : LAST_RETRY_MS);
    d->tries++;
    put_frame(d, d->state == DHCP_SELECTING ? DISCOVER : REQUEST, frame);
    return DHCP_FRAME_BYTES;
}

static void take_option(struct reply *r, uint8_t code, const uint8_t *p, uint32_t bytes)
{
    if (code == OPTION_TYPE && bytes >= 1) {
        r->type = p[0];
    }
    if (bytes < 4) {
        return;
    }
    const uint32_t value = get32(p);
    switch (code) {
    case OPTION_MASK:
        r->mask = value;
        break;
    case OPTION_ROUTER:
        r->router = value;
        break;
    case OPTION_DNS:
        r->dns = value;
        break;
    case OPTION_LEASE:
        r->lease_s = value;
        break;
    case OPTION_SERVER:
        r->server = value;
        break;
    default:
        break;
    }
}

static bool parse_reply(const struct dhcp *d, const uint8_t *frame, uint32_t bytes, struct reply *r)
{
    const uint8_t *m = frame + BOOTP;
    if (bytes < BOOTP + BOOTP_OPTIONS || frame[ETH_BYTES] != 0x45 ||
        get16(frame + ETH_BYTES + IP4_BYTES) != 67 || m[BOOTP_OP] != 2 ||
        get32(m + BOOTP_XID) != d->xid || memcmp(m + BOOTP_CHADDR, d->mac, 6) != 0 ||
        get32(m + BOOTP_COOKIE) != COOKIE) {
        return false;
    }
    *r = (struct reply){.address = get32(m + BOOTP_YIADDR), .lease_s = 3600};
    const uint8_t *p = m + BOOTP_OPTIONS, *end = frame + bytes;
    while (p < end && *p != OPTION_END) {
        if (*p == 0) { /* padding */
            p++;
        } else if (end - p < 2 || end - p - 2 < p[1]) {
            return false;
        } else {
            take_option(r, p[0], p + 2, p[1]);
            p += 2 + p[1];
        }
    }
    return true;
}

static bool take_lease(struct dhcp *d, const struct reply *r, uint64_t now_ms,
                       struct plan_uplink *u)
{
    const uint64_t lease_ms = (uint64_t)(r->lease_s < 60 ? 60 : r->lease_s) * 1000;
    d->address = r->address;
    d->end_ms = d->start_ms + lease_ms;
    enter(d, DHCP_BOUND, now_ms + lease_ms / 2);
    u->address = r->address;
    u->mask = r->mask == 0 ? 0xffffff00u : r->mask;
    u->gateway = r->router;
    u->dns = r->dns;
    return true;
}

bool dhcp_input(struct dhcp *d, uint64_t now_ms, const uint8_t *frame, uint32_t bytes,
                struct plan_uplink *u)
{
    const bool asking = d->state == DHCP_REQUESTING || d->state == DHCP_REBINDING;
    struct reply r;

    if (!parse_reply(d, frame, bytes, &r)) {
        return false;
    }
    if (r.type == OFFER && d->state == DHCP_SELECTING && r.address != 0) {
        d->address = r.address;
        d->server = r.server;
        enter(d, DHCP_REQUESTING, now_ms);
    } else if (r.type == ACK && asking && r.address != 0) {
        return take_lease(d, &r, now_ms, u);
    } else if (r.type == NAK && asking) {
        enter(d, DHCP_SELECTING, now_ms + FIRST_RETRY_MS);
        u->address = 0;
        return true;
    }
    return false;
}
