# SPDX-License-Identifier: Apache-2.0
# dom0, the first domain: an image for our own runtime, built with the SDK like any guest.

DOM0_B := $(B)/dom0
DOM0_SRC := $(wildcard dom0/*.c dom0/net/*.c)
CJSON_SRC := $(TP)/src/cjson
DOM0_OBJ := $(patsubst dom0/%.c,$(DOM0_B)/%.o,$(DOM0_SRC)) $(DOM0_B)/cJSON.o

DOM0_CFLAGS := -std=gnu11 -O2 -g -ffunction-sections -fdata-sections $(WARN) \
	-Idom0 -Idom0/net -Iunikernel-runtime/src -I$(CJSON_SRC) -ffile-prefix-map=$(CURDIR)/= -MMD -MP

$(DOM0_B)/%.o: dom0/%.c $(TP)/cjson.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs dom0/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(SDK_CC) $(DOM0_CFLAGS) -c $< -o $@

$(DOM0_B)/cJSON.o: $(TP)/cjson.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs dom0/part.mk
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) -O2 -ffunction-sections -fdata-sections -c $(CJSON_SRC)/cJSON.c -o $@

$(DOM0_B)/dom0.debug: $(DOM0_OBJ) $(SDK_READY)
	@echo "  LD      $@"
	$(Q)$(SDK_CC) -O2 -g $(DOM0_OBJ) -o $@

# Packaged for its symbol table: a fault of dom0 is reported with function names, too.
$(B)/dom0.elf: $(DOM0_B)/dom0.debug $(MAYFLY)
	$(Q)$(MAYFLY) pack $< --name dom0 -o $@

ALL += $(B)/dom0.elf

-include $(DOM0_OBJ:.o=.d)
