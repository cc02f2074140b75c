#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the machine's own tool: x86-64 ELF is x86-64 ELF. gcc-ar and the like know LTO objects.
tool=${0##*-}
case $tool in ar | nm | ranlib) tool=gcc-$tool ;; esac
exec "$tool" "$@"
