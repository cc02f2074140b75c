/* SPDX-License-Identifier: Apache-2.0 */
/*
 * headers.h - where the fields of the protocols that dom0 looks at lie. Offsets are from the start
 * of the header named in front. RFC 791 (IP), 792 (ICMP), 768 (UDP), 9293 (TCP), 826 (ARP), 8200
 * (IPv6), 4443 (ICMPv6), 4861 (NDP).
 */
#pragma once

#define ETH_DST 0
#define ETH_SRC 6
#define ETH_TYPE 12
#define ETH_BYTES 14
#define ETH_MAC_BYTES 6
#define ETH_MIN_BYTES 60 /* without the check sequence */
#define ETH_TYPE_IP4 0x0800
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_IP6 0x86dd

#define ARP_OPERATION 6
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP 14
#define ARP_TARGET_MAC 18
#define ARP_TARGET_IP 24
#define ARP_BYTES 28
#define ARP_REQUEST 1
#define ARP_REPLY 2

#define IP4_VERSION_IHL 0
#define IP4_TOS 1
#define IP4_TOTAL_BYTES 2
#define IP4_ID 4
#define IP4_FRAGMENT 6
#define IP4_TTL 8
#define IP4_PROTOCOL 9
#define IP4_CHECKSUM 10
#define IP4_SRC 12
#define IP4_DST 16
#define IP4_BYTES 20
#define IP4_FRAGMENT_MASK 0x3fffu /* more-fragments flag and offset */

#define IP_PROTOCOL_ICMP 1
#define IP_PROTOCOL_TCP 6
#define IP_PROTOCOL_UDP 17
#define IP_PROTOCOL_ICMP6 58

#define IP6_VERSION 0
#define IP6_PAYLOAD_BYTES 4
#define IP6_NEXT 6
#define IP6_HOP_LIMIT 7
#define IP6_SRC 8
#define IP6_DST 24
#define IP6_BYTES 40

#define TCP_SRC 0
#define TCP_DST 2
#define TCP_SEQUENCE 4
#define TCP_ACKNOWLEDGED 8
#define TCP_OFFSET 12
#define TCP_FLAGS 13
#define TCP_WINDOW 14
#define TCP_CHECKSUM 16
#define TCP_BYTES 20
#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u
#define TCP_URG 0x20u

#define UDP_SRC 0
#define UDP_DST 2
#define UDP_LENGTH 4
#define UDP_CHECKSUM 6
#define UDP_BYTES 8

#define ICMP_TYPE 0
#define ICMP_CHECKSUM 2
#define ICMP_ID 4
#define ICMP_BYTES 8
#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER 12

#define ICMP6_ECHO 128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_NS 135 /* neighbour solicitation */
#define ICMP6_NA 136 /* neighbour advertisement */
#define ICMP6_ND_TARGET 8
#define ICMP6_ND_OPTIONS 24
#define ICMP6_NA_SOLICITED_OVERRIDE 0x60000000u
