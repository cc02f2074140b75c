# SPDX-License-Identifier: Apache-2.0
# Recipes, and the script that fetches their sources, as they lie beside an installed mayfly too.
PORTS_FILES := $(shell find build-tool/ports -type f | sort)

$(B)/ports.stamp: $(PORTS_FILES) unikernel-runtime/third-party/fetch build-tool/part.mk
	$(Q)rm -rf $(B)/ports && mkdir -p $(B) && cp -R build-tool/ports $(B)/ports
	$(Q)install -m 755 unikernel-runtime/third-party/fetch $(B)/ports/fetch
	@touch $@

ALL += $(B)/ports.stamp

# Of `make test` and `make ports-test`: beside the other third-party sources.
export MAYFLY_CACHE ?= $(abspath $(TP))/ports
