#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# x86_64-mayfly-elf-run PROGRAM [ARGUMENT...]: runs a linked program as a guest in QEMU, for build
# systems that want to run what they have built (CTest, meson test).
self=$(readlink -f -- "$0")
sdk=${self%/bin/*}
for mayfly in "$sdk/../bin/mayfly" "$sdk/../../../bin/mayfly"; do
    [ ! -x "$mayfly" ] || exec "$mayfly" run --timeout "${MAYFLY_RUN_TIMEOUT:-300}" "$@"
done
echo "${0##*/}: there is no mayfly beside the SDK in $sdk" >&2
exit 1
