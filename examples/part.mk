# SPDX-License-Identifier: Apache-2.0
# The examples as images, $(B)/images/NAME.img.

EXAMPLES := $(patsubst examples/%/mayfly.yaml,%,$(wildcard examples/*/mayfly.yaml))
EXAMPLE_IMAGES := $(EXAMPLES:%=$(B)/images/%.img)
ALL += $(EXAMPLE_IMAGES)

.SECONDEXPANSION:
$(EXAMPLE_IMAGES): $(B)/images/%.img: $$(wildcard examples/%/*.[ch]) examples/%/mayfly.yaml $(MAYFLY) $(SDK_READY)
	@mkdir -p $(@D)
	$(Q)$(MAYFLY) build -o $@ examples/$*
