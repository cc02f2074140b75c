# SPDX-License-Identifier: Apache-2.0
# Man pages, completion, and `make install`. What is installed does not know where it lies:
#   PREFIX/bin                mayfly, x86_64-mayfly-elf-*
#   PREFIX/lib/mayfly         hv.elf, dom0.elf, BOOTX64.EFI, probe.elf, sdk/, ports/
#   PREFIX/share              man pages, bash completion, Meson's cross files
# DESTDIR, if given, stands in front of all of it (for packages of a distribution).

PREFIX ?= /usr/local
DESTDIR ?=

MANUAL := $(B)/share/manual.stamp

# One page for the program and one for each command.
$(MANUAL): $(MAYFLY)
	@rm -rf $(B)/share && mkdir -p $(B)/share/man/man1 $(B)/share/bash-completion/completions
	$(Q)$(MAYFLY) --manual completion >$(B)/share/bash-completion/completions/mayfly
	$(Q)for page in $$($(MAYFLY) --manual list); do \
		$(MAYFLY) --manual $$page >$(B)/share/man/man1/$$page.1 || exit 1; done
	@touch $@

ALL += $(MANUAL)

INSTALL_ROOT = $(DESTDIR)$(PREFIX)
INSTALL_PARTS := hv.elf dom0.elf BOOTX64.EFI probe.elf

.PHONY: install install-files uninstall
install: all install-files

# What was built before, as it is.
install-files: $(if $(filter install,$(MAKECMDGOALS)),all)
	$(Q)mkdir -p $(INSTALL_ROOT)/bin $(INSTALL_ROOT)/share/meson
	$(Q)rm -rf $(INSTALL_ROOT)/lib/mayfly && mkdir -p $(INSTALL_ROOT)/lib/mayfly
	$(Q)install -m 755 $(MAYFLY) $(INSTALL_ROOT)/bin/mayfly
	$(Q)install -m 644 $(addprefix $(B)/,$(INSTALL_PARTS)) $(INSTALL_ROOT)/lib/mayfly
	$(Q)cp -R $(SDK) $(INSTALL_ROOT)/lib/mayfly/sdk && rm -f $(INSTALL_ROOT)/lib/mayfly/sdk/*.stamp
	$(Q)cp -R $(B)/ports $(INSTALL_ROOT)/lib/mayfly/ports
	$(Q)for tool in $(SDK_BIN:$(SDK)/bin/%=%); do \
		ln -sfn ../lib/mayfly/sdk/bin/$$tool $(INSTALL_ROOT)/bin/$$tool || exit 1; done
	$(Q)cp -R $(B)/share/man $(B)/share/bash-completion $(INSTALL_ROOT)/share
	$(Q)cp -R $(SDK)/share/meson/cross $(INSTALL_ROOT)/share/meson
	@echo "installed in $(INSTALL_ROOT)"

uninstall:
	$(Q)rm -rf $(INSTALL_ROOT)/lib/mayfly
	$(Q)cd $(INSTALL_ROOT) && rm -f bin/mayfly $(SDK_BIN:$(SDK)/bin/%=bin/%) share/man/man1/mayfly.1 \
		share/man/man1/mayfly-*.1 share/bash-completion/completions/mayfly share/meson/cross/x86_64-mayfly-elf*
