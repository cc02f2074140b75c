/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/if_ether.h - Ethernet and ARP's packets over it. */
#pragma once

#include <net/ethernet.h>
#include <net/if_arp.h>
