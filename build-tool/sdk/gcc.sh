#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C compiler for Mayfly guests: Debian's gcc with the specs, headers and libraries beside it.
self=$(readlink -f -- "$0")
exec gcc -specs="${self%/bin/*}/lib/mayfly.specs" --sysroot="${self%/bin/*}" "$@"
