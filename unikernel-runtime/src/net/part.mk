# SPDX-License-Identifier: Apache-2.0
# lwIP: liblwip.a from Debian's source, and the flags of the files that use its headers.

LWIP := $(RT_B)/lwip-src
LWIP_STAMP := $(RT_B)/lwip-src.stamp
LWIP_B := $(RT_B)/lwip
# mem.c, memp.c and timeouts.c are replaced by ours; see lwip/lwipopts.h.
LWIP_SRC := $(addprefix core/,def dns inet_chksum init ip netif pbuf tcp tcp_in tcp_out udp \
	$(addprefix ipv4/,etharp icmp ip4 ip4_addr ip4_frag) \
	$(addprefix ipv6/,ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag nd6)) netif/ethernet
# The same for `make lint`, which takes -I only.
LWIP_CFLAGS := -I$(RT)/src/net/lwip -I$(LWIP)/include
LWIP_INCLUDE := -I$(RT)/src/net/lwip -isystem $(LWIP)/include
LWIP_HEADERS := $(wildcard $(RT)/src/net/lwip/*.h $(RT)/src/net/lwip/arch/*.h)

$(LWIP_STAMP): $(TP)/lwip.src.stamp $(RT)/src/net/lwip/edit
	$(RT)/src/net/lwip/edit $(TP)/src/lwip/src $(LWIP)
	@touch $@

$(RT_B)/net/%.o: RT_CFLAGS += $(LWIP_INCLUDE)
# In every program with a network, and seldom called: small before fast.
$(patsubst %,$(RT_B)/net/%.c.o,interface interface_ioctl hostent name netdb reattach): RT_CFLAGS += -Os
$(call RT_OBJ,$(RT_NET_SRC)): $(LWIP_STAMP)

$(patsubst %,$(B)/lint/%.ok,$(wildcard $(RT)/src/net/*.[ch] $(RT)/src/net/lwip/*.h)): $(LWIP_STAMP)

# Likewise what no packet of a connection goes through; IPv6's neighbours are asked for within the subnet only.
$(patsubst %,$(LWIP_B)/core/%.o,dns init netif ipv4/icmp ipv4/ip4_frag ipv6/icmp6 ipv6/ip6_frag ipv6/nd6): LWIP_O := -Os
$(LWIP_B)/%.o: $(LWIP_STAMP) $(LWIP_HEADERS) $(SDK_HEADERS) $(SDK_CC) \
		$(SDK)/lib/mayfly.specs $(RT)/src/net/part.mk
	@mkdir -p $(@D)
	@echo "  CC      lwip/$*.c"
	$(Q)$(SDK_CC) $(or $(LWIP_O),-O2) -g -ffunction-sections -fdata-sections -Wall -Wno-address -Wno-unused-variable -Wno-unused-variable \
		$(RT_PREFIX_MAP) -I$(RT)/src/net/lwip -I$(LWIP)/include -c $(LWIP)/$*.c -o $@

$(SDK)/lib/liblwip.a: $(patsubst %,$(LWIP_B)/%.o,$(LWIP_SRC))
	$(RT_ARCHIVE)

SDK_LIBS += $(SDK)/lib/liblwip.a
