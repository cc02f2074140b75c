# SPDX-License-Identifier: Apache-2.0
# dom0, the first domain: an image for our own runtime, built with the SDK like any guest.

DOM0_B := $(B)/dom0
DOM0_SRC := $(wildcard dom0/*.c dom0/*/*.c)
CJSON_SRC := $(TP)/src/cjson
DOM0_OBJ := $(patsubst dom0/%.c,$(DOM0_B)/%.o,$(DOM0_SRC)) $(DOM0_B)/cJSON.o

# Of libsodium what verifying a signature takes; sections that are not needed are dropped.
SODIUM_SRC := $(TP)/src/libsodium/src/libsodium
SODIUM_OBJ := $(addprefix $(DOM0_B)/sodium/,crypto_core/ed25519/ref10/ed25519_ref10.o \
	crypto_hash/sha256/cp/hash_sha256_cp.o crypto_hash/sha512/cp/hash_sha512_cp.o \
	crypto_sign/ed25519/ref10/open.o \
	crypto_sign/ed25519/ref10/sign.o crypto_verify/sodium/verify.o sodium/utils.o)
SODIUM_CFLAGS := -O2 -ffunction-sections -fdata-sections -I$(SODIUM_SRC)/include \
	-I$(SODIUM_SRC)/include/sodium -I$(SODIUM_SRC)/crypto_sign/ed25519/ref10 -DCONFIGURED=1 -DSODIUM_STATIC=1 \
	-DHAVE_TI_MODE=1 -DNATIVE_LITTLE_ENDIAN=1 $(RT_PREFIX_MAP)

DOM0_CFLAGS := -std=gnu11 -O2 -g -ffunction-sections -fdata-sections $(WARN) \
	-Idom0 -Iunikernel-runtime/src -I$(CJSON_SRC) \
	-I$(SODIUM_SRC)/include -DSODIUM_STATIC=1 -ffile-prefix-map=$(CURDIR)/= -MMD -MP
# Optimised as one: most functions are short, and a frame passes many files. The objects have code, too, for
# those who link some of them in another way (bench, tests: -fno-lto).
DOM0_LTO := -flto -flto-partition=one

$(DOM0_B)/%.o: dom0/%.c $(TP)/cjson.src.stamp $(TP)/libsodium.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs dom0/part.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(SDK_CC) $(DOM0_CFLAGS) $(DOM0_LTO) -ffat-lto-objects -c $< -o $@

$(DOM0_B)/cJSON.o: $(TP)/cjson.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs dom0/part.mk
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) -O2 -ffunction-sections -fdata-sections -c $(CJSON_SRC)/cJSON.c -o $@

$(SODIUM_OBJ): $(TP)/libsodium.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs dom0/part.mk
	@mkdir -p $(@D)
	$(Q)$(SDK_CC) $(SODIUM_CFLAGS) -c $(patsubst $(DOM0_B)/sodium/%.o,$(SODIUM_SRC)/%.c,$@) -o $@

$(DOM0_B)/dom0.debug: $(DOM0_OBJ) $(SODIUM_OBJ) $(SDK_READY)
	@echo "  LD      $@"
	$(Q)$(SDK_CC) -O2 -g $(DOM0_LTO) -Wl,--wrap=sbrk $(DOM0_OBJ) $(SODIUM_OBJ) -o $@

# Packaged for its symbol table: a fault of dom0 is reported with function names, too.
$(B)/dom0.elf: $(DOM0_B)/dom0.debug $(MAYFLY)
	$(Q)$(MAYFLY) pack $< --name dom0 -o $@

ALL += $(B)/dom0.elf

-include $(DOM0_OBJ:.o=.d)
