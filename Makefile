# SPDX-License-Identifier: Apache-2.0
# Mayfly. `make help` lists the targets. Each part has its rules in its own folder's part.mk.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B ?= build
VERSION := 0.1.0
CC = gcc
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror

include hv/part.mk
include unikernel-runtime/part.mk
include build-tool/part.mk
include dom0/part.mk
include examples/part.mk
include tests/part.mk
include bench/part.mk
include docs/part.mk

.PHONY: all
all: $(ALL)
