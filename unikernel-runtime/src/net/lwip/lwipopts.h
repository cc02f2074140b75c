/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwipopts.h - lwIP 2.1.3 for one application that calls it directly: NO_SYS=1, raw API, no thread,
 * no locks. memory.c replaces its mem.c and memp.c, timers.c its timeouts.c. What an option does is
 * said in lwIP's opt.h; here stands why it differs from the default.
 */
#pragma once

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0 /* socket*.c */
#define LWIP_NETCONN 0
#define LWIP_TIMERS 1
#define LWIP_TIMERS_CUSTOM 1 /* timers.c: nothing ticks while nothing needs it */
#define LWIP_STATS 0
#define LWIP_NOASSERT 1
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

/* Memory: everything from memory.c, which touches pages only when they are needed. */
#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 0
#define MEMP_NUM_TCP_PCB 16384
#define MEMP_NUM_TCP_PCB_LISTEN 1024
#define MEMP_NUM_UDP_PCB 1024
#define MEMP_NUM_TCP_SEG 65535
#define MEMP_NUM_PBUF 65535
#define MEMP_NUM_REASSDATA 16
#define MEMP_NUM_FRAG_PBUF 256
#define IP_REASS_MAX_PBUFS 64
#define PBUF_POOL_SIZE 256
#define PBUF_POOL_BUFSIZE 1600
#define LWIP_SUPPORT_CUSTOM_PBUF 1      /* receive without a copy */
#define PBUF_LINK_ENCAPSULATION_HLEN 16 /* room for struct virtio_net_hdr */

/*
 * TCP. With 128 KiB the copies stay in the cache, and what one connection has on its way, 90
 * segments, fits the 128 buffers of a guest's ring: with 256 KiB, guest to guest on one CPU loses
 * segments while the receiver does not run (measured: 18 against 116 MB/s).
 */
#define LWIP_TCP 1
#define TCP_MSS 1460 /* to the outside; between guests as mf_tcp_mtu() says */
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_WND (128 * 1024)
#define TCP_SND_BUF (128 * 1024)
#define TCP_SND_QUEUELEN (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_SNDLOWAT (32 * 1024)
#define TCP_SNDQUEUELOWAT (TCP_SND_QUEUELEN / 2)
#define TCP_OVERSIZE TCP_MSS
/* Room for what may follow: up to the end of the buffer that it will have (memory.h). */
#define TCP_OVERSIZE_CALC_LENGTH(length) ((length) <= TCP_MSS ? TCP_MSS : 0xfff8)
#define TCP_QUEUE_OOSEQ 1
#define LWIP_TCP_SACK_OUT 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 255
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1
#define SO_REUSE_RXTOALL 1
/* Closed connections are kept 2 * MSL; at the default of 60 s a busy server drowns in them. */
#define TCP_MSL 1000UL
/* A round trip takes microseconds here: a lost segment is to cost 0.3 s, not 1.5 s. */
#define TCP_TMR_INTERVAL 50
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298, 2.1 */

/* Checksums: per interface, and per packet by netfront.c. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM mf_checksum_add

/* Protocols */
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ICMP 1
#define LWIP_ICMP6 1
#define LWIP_UDP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0 /* the address is on the info page */
#define LWIP_AUTOIP 0
#define LWIP_IGMP 0
#define LWIP_IPV6_MLD 0 /* dom0 knows who is where: no multicast groups to join */
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0 /* dom0 gives addresses out */
#define LWIP_IPV6_DHCP6 0
#define LWIP_MULTICAST_TX_OPTIONS 0
#define IPV6_FRAG_COPYHEADER 1 /* LP64 */
#define ARP_TABLE_SIZE 32
#define ARP_QUEUEING 1
#define LWIP_ND6_NUM_NEIGHBORS 32
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_NETIF_HWADDRHINT 0

/* Loopback */
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 1024
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0

/* DNS */
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 8
#define DNS_MAX_SERVERS 1
#define DNS_MAX_TTL 600
