# SPDX-License-Identifier: Apache-2.0
# Public test suites against the runtime; not a part of `make test`, it takes a quarter of an hour.
#   make conformance              all, and writes docs/conformance.md
#   make conformance ONLY=word    only tests whose names contain the word; prints what failed, writes nothing
# CONF_JOBS: at a time; CONF_SECONDS: for one test (240: some make 10,000 threads 24 times); CONF_LIMIT: for all of them (5400)

CONF_B := $(B)/tests/conformance
CONF_JOBS ?= 6 # most tests sleep
CONF := tests/conformance

$(TP)/posixtestsuite.src.stamp: $(RT)/third-party/fetch $(CONF)/packages
	@mkdir -p $(TP)
	$(Q)$(RT)/third-party/fetch $(TP) posixtestsuite $(abspath $(CONF)/packages)
	@touch $@

.PHONY: conformance
conformance: $(HOSTRUN) $(SDK_READY) $(MAYFLY) all $(TP)/newlib.src.stamp $(TP)/posixtestsuite.src.stamp
	$(Q)$(CONF)/run-suites $(abspath $(B)) $(abspath $(TP)) $(CONF_JOBS)
