#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pkg-config for libraries of guests: those in the SDK, and those in PKG_CONFIG_PATH; never the host's.
# Everything is linked statically. The paths of a library in the SDK follow it when the SDK is moved.
self=$(readlink -f -- "$0")
sdk=${self%/bin/*}
command -v pkg-config >/dev/null || {
    echo "${0##*/}: pkg-config is missing: sudo apt install pkg-config" >&2
    exit 1
}
unset PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_LIBDIR="$sdk/lib/pkgconfig:$sdk/share/pkgconfig"
exec pkg-config --static --define-prefix "$@"
