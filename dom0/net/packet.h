/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet.h - the network and transport headers of a frame, checked: what a struct packet says lies
 * inside of frame->head. Nothing here trusts a length field.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"

struct packet {
    struct frame *frame; /* borrows */
    uint8_t *ip;         /* network header */
    uint8_t *transport;  /* what follows it; at least transport_head bytes are in head[] */
    uint32_t transport_head, transport_bytes; /* in head[], and in all */
    uint8_t protocol;
    bool fragment;     /* IPv4: a part of a larger packet */
    uint32_t src, dst; /* IPv4, host order */
};

/**
 * Checks the IPv4 header of `f` and cuts padding off. A transport header that is TCP, UDP or ICMP
 * (and no fragment) is whole afterwards. Returns false for anything malformed.
 */
bool packet_parse_ip4(struct frame *f, struct packet *p);

/** Likewise for IPv6; extension headers are not looked into: then protocol names the first one. */
bool packet_parse_ip6(struct frame *f, struct packet *p);

/** Where the checksum of the transport header is; NULL when there is none that dom0 knows. */
uint8_t *packet_checksum(const struct packet *p);

/**
 * Changes an IPv4 address of the packet (`offset`: IP4_SRC or IP4_DST) and all checksums that
 * cover it.
 */
void packet_set_ip4(struct packet *p, uint32_t offset, uint32_t ip);

/**
 * Changes an address and the port that belongs to it, of TCP or UDP (`offset`: IP4_SRC or IP4_DST),
 * and all checksums that cover them.
 */
void packet_set_end(struct packet *p, uint32_t offset, uint32_t ip, uint16_t port);

/** One hop less. Returns false when the packet has come to its end. */
bool packet_age_ip4(struct packet *p);

/**
 * Fills in an IPv4 header without options at `ip`. `bytes`: what follows it. Addresses in host
 * order.
 */
void packet_put_ip4(uint8_t *ip, uint32_t src, uint32_t dst, uint8_t protocol, uint32_t bytes);

/** Swaps the MACs of a frame: it goes back where it came from. */
void packet_turn_mac(struct frame *f);
