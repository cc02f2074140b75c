# SPDX-License-Identifier: Apache-2.0
# The SDK: compiler, headers and libraries for guests, in $(SDK)/{bin,lib,include,newlib,share}. It can
# be copied anywhere. Other makefiles use
#   $(SDK_CC)       the compiler (also x86_64-mayfly-cc)
#   $(SDK_HEADERS)  depend on it to compile
#   $(SDK_READY)    depend on it to link a guest
# and add what else belongs into lib/ to SDK_LIBS.

SDK := $(B)/sdk
SDK_CC := $(SDK)/bin/x86_64-mayfly-elf-gcc
SDK_HEADERS := $(SDK)/headers.stamp
SDK_READY := $(SDK)/ready.stamp

# The machine's own tools under our names.
SDK_BINUTILS := ar nm ranlib strip objcopy objdump readelf size strings addr2line ld as
SDK_SCRIPTS := gcc pkg-config configure run
SDK_BIN := $(addprefix $(SDK)/bin/x86_64-mayfly-,cc $(addprefix elf-,$(SDK_SCRIPTS) cc g++ c++ $(SDK_BINUTILS)))
SDK_SHARE := $(addprefix $(SDK)/share/,config.site mayfly.cmake cmake/Platform/Mayfly.cmake \
	meson/cross/x86_64-mayfly-elf meson/cross/x86_64-mayfly-elf-run)
# Programs name these; all that they would hold is in libc.a and libmayfly.a.
SDK_EMPTY := $(patsubst %,$(SDK)/lib/lib%.a,pthread rt dl util crypt resolv)
SDK_LIBS += $(SDK)/lib/libc.a $(SDK)/lib/libm.a $(SDK)/lib/mayfly.ld $(SDK)/lib/mayfly.specs

$(addprefix $(SDK)/bin/x86_64-mayfly-elf-,$(SDK_SCRIPTS)): $(SDK)/bin/x86_64-mayfly-elf-%: build-tool/sdk/%.sh
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

$(addprefix $(SDK)/bin/x86_64-mayfly-elf-,$(SDK_BINUTILS)): build-tool/sdk/binutil.sh
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

$(addprefix $(SDK)/bin/x86_64-mayfly-elf-,g++ c++): build-tool/sdk/cxx.sh
	@mkdir -p $(@D)
	$(Q)install -m 755 $< $@

$(addprefix $(SDK)/bin/x86_64-mayfly-,cc elf-cc): $(SDK_CC)
	$(Q)ln -sf $(notdir $<) $@

$(SDK)/lib/mayfly.specs: build-tool/sdk/mayfly.specs
	@mkdir -p $(@D)
	$(Q)install -m 644 $< $@

$(SDK)/lib/mayfly.ld: unikernel-runtime/mayfly.ld include/mayfly/layout.h
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -undef -x c -Iinclude $< -o $@

$(SDK)/share/meson/cross/x86_64-mayfly-elf%: build-tool/sdk/mayfly%.meson
	@mkdir -p $(@D)
	$(Q)install -m 644 $< $@

$(SDK)/share/meson/cross/x86_64-mayfly-elf: build-tool/sdk/mayfly.meson
	@mkdir -p $(@D)
	$(Q)install -m 644 $< $@

$(SDK)/share/%: build-tool/sdk/%
	@mkdir -p $(@D)
	$(Q)install -m 644 $< $@

# Without the members that libmayfly-c.a has in their place: libc.a's own would find them first.
SDK_NO_MEMBERS := $(patsubst %,lib_a-%.o,assert fnmatch getpwent getsubopt jrand48 mrand48 random regcomp regerror regexec regfree \
	setjmp strerror strerror_r strptime strsignal strtod strtodg strtold strtorx tzcalc_limits tzset_r u_strerr wcstod wcstold \
	wordexp wordfree xpg_strerror_r)

$(SDK)/lib/libc.a: $(TP)/newlib.stamp build-tool/sdk/sdk.mk
	@mkdir -p $(@D)
	$(Q)cp $(TP)/newlib/lib/libc.a $@ && ar dD $@ $(SDK_NO_MEMBERS)

# Those of complex long double, and log2: src/libc has them.
SDK_NO_MATH := $(patsubst %,lib_a-%.o,$(foreach f,acos acosh asin asinh atan atanh cos cosh exp log pow sin sinh sqrt tan tanh,\
	c$f c$ff c$fl) cephes_subr cephes_subrf cephes_subrl s_fma s_fdim sf_fdim s_lround s_llround s_modf sf_modf \
	w_lgamma wf_lgamma wr_lgamma wrf_lgamma w_tgamma wf_tgamma)

$(SDK)/lib/libm.a: $(TP)/newlib.stamp build-tool/sdk/sdk.mk
	@mkdir -p $(@D)
	$(Q)cp $(TP)/newlib/lib/libm.a $@ && ar dD $@ $(SDK_NO_MATH)

$(SDK_EMPTY):
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar qcD $@

# Of newlib's headers those that do not compile, or whose functions need what a guest has not (fork,
# other processes). A configure script must not find them.
SDK_NO_HEADERS := ndbm.h regdef.h rpc spawn.h sys/custom_file.h utmp.h

# Of musl's headers those that come with its functions and need nothing of musl.
SDK_MUSL_HEADERS := resolv.h arpa/nameser.h

# Replaced as a whole, so that a header that is no more does not stay.
$(SDK_HEADERS): $(RT_HEADERS) $(TP)/newlib.stamp $(TP)/musl.src.stamp build-tool/sdk/sdk.mk
	@mkdir -p $(SDK)
	$(Q)rm -rf $(SDK)/include $(SDK)/newlib
	$(Q)cp -R unikernel-runtime/include $(SDK)/include
	$(Q)cp -R include/mayfly $(SDK)/include/mayfly
	$(Q)$(foreach h,$(SDK_MUSL_HEADERS),cp $(TP)/src/musl/include/$(h) $(SDK)/include/$(h) &&) true
	$(Q)mkdir $(SDK)/newlib && cp -R $(TP)/newlib/include $(SDK)/newlib/include
	$(Q)cd $(SDK)/newlib/include && rm -rf $(SDK_NO_HEADERS)
	@# It is for the end of the types: gnulib puts a file before it, which needs them.
	$(Q)sed -i -e '/^#include <sys\/select.h>$$/d' \
		-e 's|^#endif  /\* !__need_inttypes \*/$$|#if __BSD_VISIBLE\n#include <sys/select.h>\n#endif\n&|' \
		$(SDK)/newlib/include/sys/types.h
	@touch $@

# Recursive: other makefiles still add to SDK_LIBS after this one.
.SECONDEXPANSION:
$(SDK_READY): $(SDK_BIN) $(SDK_EMPTY) $(SDK_SHARE) $(SDK_HEADERS) $$(SDK_LIBS)
	$(Q)cd $(SDK)/lib && LC_ALL=C && export LC_ALL && cat *.a crt0.o mayfly.ld mayfly.specs | sha256sum | cut -c 1-64 >runtime.sha256
	@touch $@

ALL += $(SDK_READY)
