# SPDX-License-Identifier: Apache-2.0
# The runtime: third-party sources, newlib, libmayfly.a and libmayfly-net.a, in the SDK ($(B)/sdk).
# Every .c and .S file below src/ is compiled; nothing has to be listed.
#
#   src/start/crt0.S  crt0.o
#   src/net/**        libmayfly-net.a, searched like any library: only what the program needs of it
#                     is linked, and with it lwIP (liblwip.a)
#   src/libc/**       libmayfly-c.a, searched before newlib: what newlib lacks or has wrong
#   src/family/**     and src/process/fork.c: likewise, so that only programs that fork have it;
#                     src/fd/eventfd.c, mqueue.c: so that fork() finds what shares descriptors where there are any
#   src/**, others    libmayfly.a, always linked, unused sections dropped; it must not need a symbol
#                     of libmayfly-net.a except weakly, or every guest would carry a network stack
#
# A folder src/X may have a part.mk of its own for more (flags of one file, other libraries).

Q ?= @
TP ?= build/third-party
RT := unikernel-runtime
RT_B := $(B)/runtime
RT_HEADERS := $(shell find $(RT)/include include/mayfly -type f | sort)

include build-tool/sdk/sdk.mk

# ---- third-party sources ---------------------------------------------------------------------------

# Use these as prerequisites. The scripts look at contents, not at dates, and do nothing in vain.
$(TP)/%.src.stamp: $(RT)/third-party/fetch $(RT)/third-party/packages
	@mkdir -p $(TP)
	$(Q)$(RT)/third-party/fetch $(TP) $*
	@touch $@

$(TP)/newlib.stamp: $(TP)/newlib.src.stamp $(RT)/third-party/edit-newlib \
		$(RT)/third-party/build-newlib $(filter $(RT)/include/%,$(RT_HEADERS))
	$(Q)$(RT)/third-party/build-newlib $(TP) $(RT)/include
	@touch $@

.PRECIOUS: $(TP)/%.src.stamp

# ---- the libraries -----------------------------------------------------------------------------------

RT_SRC := $(filter-out $(RT)/src/start/crt0.S,$(shell find $(RT)/src -name '*.[cS]' | sort))
RT_NET_SRC := $(filter $(RT)/src/net/%,$(RT_SRC))
RT_C_SRC := $(filter $(RT)/src/libc/% $(RT)/src/family/% $(RT)/src/process/fork.c \
	$(RT)/src/process/daemon.c $(RT)/src/fd/eventfd.c $(RT)/src/fd/mqueue.c,$(RT_SRC))
RT_CORE_SRC := $(filter-out $(RT_NET_SRC) $(RT_C_SRC),$(RT_SRC))
RT_OBJ = $(patsubst $(RT)/src/%,$(RT_B)/%.o,$(1))

# So that debug information, and with it every library, is the same wherever it is built.
RT_PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(TP))=build/third-party \
	-ffile-prefix-map=$(TP)=build/third-party -ffile-prefix-map=$(abspath $(B))=build \
	-ffile-prefix-map=$(B)=build
RT_CFLAGS := -std=gnu11 -O2 -g -ffunction-sections -fdata-sections -D_GNU_SOURCE= $(WARN) -I$(RT)/src \
	-Iinclude $(RT_PREFIX_MAP) -MMD -MP

$(RT_B)/%.o: $(RT)/src/% $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs $(RT)/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(SDK_CC) $(RT_CFLAGS) -c $< -o $@

# floorl() is not to be made of floorl().
$(RT_B)/libc/%.o: RT_CFLAGS += -fno-builtin

# A loop that copies bytes must not become a call of memcpy() in memcpy() itself.
$(RT_B)/string/%.o: RT_CFLAGS += -fno-builtin -fno-tree-loop-distribute-patterns

# Appended to a new archive, not replaced: two folders may have a file of the same name.
RT_ARCHIVE = $(Q)mkdir -p $(@D) && rm -f $@; ar qcsD $@ $(filter %.o,$^)

$(SDK)/lib/libmayfly.a: $(call RT_OBJ,$(RT_CORE_SRC))
	$(RT_ARCHIVE)

$(SDK)/lib/libmayfly-c.a: $(call RT_OBJ,$(RT_C_SRC))
	$(RT_ARCHIVE)

$(SDK)/lib/libmayfly-net.a: $(call RT_OBJ,$(RT_NET_SRC))
	$(RT_ARCHIVE)

$(SDK)/lib/crt0.o: $(RT_B)/start/crt0.S.o
	@mkdir -p $(@D)
	$(Q)cp $< $@

SDK_LIBS += $(SDK)/lib/crt0.o $(patsubst %,$(SDK)/lib/lib%.a,mayfly mayfly-c mayfly-net)

include $(wildcard $(RT)/src/*/part.mk)

# No lwIP in this tree (yet): the compiler still names the library.
ifeq ($(filter %/liblwip.a,$(SDK_LIBS)),)
SDK_LIBS += $(SDK)/lib/liblwip.a
SDK_EMPTY += $(SDK)/lib/liblwip.a
$(SDK)/lib/liblwip.a:
	@mkdir -p $(@D)
	$(Q)ar qcD $@
endif

-include $(patsubst %.o,%.d,$(call RT_OBJ,$(RT_SRC)) $(RT_B)/start/crt0.S.o)

include tests/hostrun/hostrun.mk
include tests/conformance/part.mk
