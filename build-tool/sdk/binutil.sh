#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the machine's own tool: x86-64 ELF is x86-64 ELF. gcc-ar and the like know LTO objects.
tool=${0##*-}
case $tool in ar | nm | ranlib) tool=gcc-$tool ;; esac
command -v "$tool" >/dev/null || {
    echo "${0##*/}: $tool is missing: sudo apt install gcc binutils" >&2
    exit 127
}
exec "$tool" "$@"
