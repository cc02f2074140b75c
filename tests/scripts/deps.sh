#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# deps.sh [STAMP] GROUP...: makes sure that the Debian packages of the groups (build run test bench lint) are
# installed. Says which are missing and installs them with apt, through sudo when not root. When
# all are there it does nothing, quickly and without a network. Touches STAMP when it installed
# something, so that make reads its makefiles again.
set -eu

stamp=$1
shift

# What a package is for stands beside it; keep the list as short as possible.
packages_of() {
    case $1 in
    build)
        echo gcc binutils libc6-dev       # compiler for hv, guests and the build tool
        echo gnu-efi                      # the UEFI loader
        echo libcyaml-dev libyaml-dev libjansson-dev # mayfly.yaml, JSON
        echo libelf-dev                   # images are ELF files
        echo libsodium-dev                # images are hashed and signed
        echo dpkg-dev xz-utils patch      # unpack the sources of newlib, lwIP and cJSON
        ;;
    run) echo qemu-system-x86 ovmf ;;
    test)
        echo bats libcmocka-dev curl wrk iproute2
        echo autoconf cmake meson pkg-config man-db # tests/sdk.bats builds projects of others with them
        echo tcl redis-tools python3                # ports: SQLite's build, clients of redis and memcached
        echo automake libtool flex bison            # ports whose package lacks what these make
        ;;
    bench) echo wrk curl redis-tools gnuplot-nox ;;
    lint) echo clang-format clang-tidy ;;
    *) echo "deps.sh: no group $1" >&2 && exit 2 ;;
    esac
}

fail() {
    echo "mayfly: $*" >&2
    exit 1
}

wanted=$(for group; do packages_of "$group"; done | tr ' ' '\n' | sort -u)
# shellcheck disable=SC2086 # names are words, here and below
command -v dpkg-query >/dev/null || fail "no Debian; install by hand what these packages hold:" $wanted
# shellcheck disable=SC2016,SC2086 # the format is dpkg's
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p' | sort -u) || true
missing=$(printf '%s\n' "$wanted" | while read -r name; do
    case "
$installed
" in *"
$name
"*) ;; *) printf ' %s' "$name" ;; esac
done)
[ -n "$missing" ] || exit 0

echo "mayfly: installing missing Debian packages:$missing"
free_kib=$(df -Pk /usr | awk 'NR == 2 { print $4 }')
[ "$free_kib" -gt 1500000 ] || fail "less than 1.5 GB free on $(df -P /usr | awk 'NR == 2 { print $6 }'); make room and repeat"
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; as root run: apt-get install --no-install-recommends$missing"
    as_root=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >"$log" 2>&1
}
explain() {
    tail -n 15 "$log" >&2
    fail "$1"
}
apt update || explain "apt-get update failed; is there a network?"
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing ||
    explain "apt-get could not install:$missing"
echo "mayfly: packages installed"
touch "$stamp"
