# SPDX-License-Identifier: Apache-2.0
# Long double mathematics from musl (Debian's source package, pinned in third-party/packages): newlib
# has it only for machines where long double is double. Those of its functions that are short x87
# code as assembly, the others in C; what math_long.c has is not taken.

MUSL := $(TP)/src/musl/src/math
MUSL_ASM := acosl asinl atan2l atanl expl log10l log1pl log2l logl
MUSL_C := acoshl asinhl atanhl cbrtl coshl cosl __cosl erfl exp10l exp2l expm1l fma fmal hypotl ilogbl lgammal nextafterl nexttowardl \
	__polevll powl __rem_pio2_large __rem_pio2l remquol scalblnl sinhl sinl __sinl sincosl tanhl tanl __tanl tgammal
MUSL_OBJ := $(patsubst %,$(RT_B)/musl/%.o,$(MUSL_ASM) $(MUSL_C))
MUSL_CFLAGS := -std=gnu11 -O2 -g -ffunction-sections -fdata-sections -fno-builtin -frounding-math -D_GNU_SOURCE= \
	-w -include $(RT)/third-party/musl/features.h -I$(RT)/third-party/musl -I$(TP)/src/musl/src/internal \
	-I$(TP)/src/musl/arch/generic $(RT_PREFIX_MAP)

$(RT_B)/musl/%.o: $(TP)/musl.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs $(RT)/src/libc/part.mk \
		$(RT)/third-party/musl/features.h
	@mkdir -p $(@D)
	@echo "  CC      musl/$*"
	$(Q)$(SDK_CC) $(MUSL_CFLAGS) -c $(if $(filter $*,$(MUSL_ASM)),$(MUSL)/x86_64/$*.s,$(MUSL)/$*.c) -o $@

# Numbers from text (libc/number.h). Compiled from a copy: beside it lies musl's shgetc.h, which it would find
# before the one in third-party/musl. One line is changed: the lowest bit of x may stand for all that is lost only
# if it is not the first one that is lost ("0x3a2771afb3.5p-1081" was rounded up).
$(RT_B)/musl/floatscan.o: $(TP)/musl.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs $(RT)/src/libc/part.mk \
		$(RT)/third-party/musl/features.h $(RT)/third-party/musl/shgetc.h $(RT)/src/libc/number.h
	@mkdir -p $(@D)
	@echo "  CC      musl/floatscan"
	$(Q)sed '/^\tif (bits<32 && y && !(x&1)) x++, y=0;$$/c\
	if (bits<31 && y && !(x&1)) x++, y=0; else if (bits==31 && y) y = (x&1)*2, x &= -2U;' \
		$(TP)/src/musl/src/internal/floatscan.c >$(@D)/floatscan.c && grep -q '&= -2U' $(@D)/floatscan.c && \
		$(SDK_CC) -I$(RT)/src $(MUSL_CFLAGS) -c $(@D)/floatscan.c -o $@

# Regular expressions and patterns; random() with initstate(); <resolv.h> (net/resolver.c); hashes of passwords for <crypt.h>, <shadow.h>, <mntent.h>.
MUSL_OTHER := $(addprefix regex/,fnmatch regexec tre-mem) \
	prng/random $(addprefix network/,dn_comp dn_expand dn_skipname ns_parse res_mkquery res_query res_querydomain) \
	 $(addprefix crypt/,crypt crypt_r crypt_des crypt_md5 crypt_blowfish crypt_sha256 crypt_sha512) \
	$(addprefix passwd/,fgetspent getspnam getspnam_r putspent) misc/mntent
MUSL_OTHER_OBJ := $(patsubst %,$(RT_B)/musl/%.o,$(MUSL_OTHER))

$(MUSL_OTHER_OBJ): $(RT_B)/musl/%.o: $(TP)/musl.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs \
		$(RT)/src/libc/part.mk $(RT)/third-party/musl/features.h
	@mkdir -p $(@D)
	@echo "  CC      musl/$*"
	$(Q)$(SDK_CC) $(MUSL_CFLAGS) -c $(TP)/src/musl/src/$*.c -o $@

# Back references in extended expressions, too, as glibc has them.
$(RT_B)/musl/regcomp.o: $(TP)/musl.src.stamp $(SDK_HEADERS) $(SDK_CC) $(SDK)/lib/mayfly.specs $(RT)/src/libc/part.mk \
		$(RT)/third-party/musl/features.h
	@mkdir -p $(@D)
	@echo "  CC      musl/regcomp"
	$(Q)sed 's/if (!ere && (unsigned)\*s-/if ((unsigned)*s-/' $(TP)/src/musl/src/regex/regcomp.c >$(@D)/regcomp.c && \
		! cmp -s $(TP)/src/musl/src/regex/regcomp.c $(@D)/regcomp.c && \
		$(SDK_CC) -I$(TP)/src/musl/src/regex $(MUSL_CFLAGS) -c $(@D)/regcomp.c -o $@

$(SDK)/lib/libmayfly-c.a: $(MUSL_OBJ) $(MUSL_OTHER_OBJ) $(addprefix $(RT_B)/musl/,floatscan.o regcomp.o)

# In every program that prints: small before fast.
$(RT_B)/libc/ldcvt.c.o: RT_CFLAGS += -Os
