#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# x86_64-mayfly-elf-configure [--source=DIR] [OPTION...]: runs DIR/configure (default: the one here) for
# Mayfly. The same as
#   PATH=SDK/bin:$PATH CONFIG_SITE=SDK/share/config.site ./configure --host=x86_64-mayfly-elf --disable-shared
self=$(readlink -f -- "$0")
sdk=${self%/bin/*}
source=.
case ${1-} in --source=*) source=${1#*=} && shift ;; esac
[ -x "$source/configure" ] || {
    echo "${0##*/}: there is no $source/configure" >&2
    exit 1
}
export PATH="$sdk/bin:$PATH"

# Not by CONFIG_SITE, which autoconf splits at blanks.
set -a
. "$sdk/share/config.site"
set +a

! grep -q enable_shared "$source/configure" || set -- --disable-shared "$@"
exec "$source/configure" --host=x86_64-mayfly-elf --build="$(gcc -dumpmachine)" "$@"
