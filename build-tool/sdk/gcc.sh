#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C compiler for Mayfly guests: Debian's gcc with the specs, headers and libraries beside it.
self=$(readlink -f -- "$0")
sdk=${self%/bin/*}

command -v gcc >/dev/null || {
    echo "${0##*/}: gcc is missing: sudo apt install gcc" >&2
    exit 127
}

# Nothing of the host may get into a guest, and where the SDK lies must not matter.
unset CPATH C_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX

# What build systems ask gcc, and gcc would answer for the host.
for word; do
    case $word in
    -dumpmachine | --dump-machine) echo x86_64-mayfly-elf && exit ;;
    -print-multiarch | --print-multiarch) exit ;;
    -print-sysroot | --print-sysroot) echo "$sdk" && exit ;;
    -print-search-dirs | --print-search-dirs)
        gcc -print-search-dirs | sed "s|^libraries: .*|libraries: =$sdk/lib/|"
        exit
        ;;
    -print-file-name=libgcc* | --print-file-name=libgcc*) ;;
    -print-file-name=* | --print-file-name=*.a | --print-file-name=*.o)
        name=${word#*=}
        [ ! -e "$sdk/lib/$name" ] || name=$sdk/lib/$name
        case $name in
        *.a | *.o | *.so | /*) echo "$name" && exit ;;
        esac
        ;;
    esac
done

exec gcc -specs="$sdk/lib/mayfly.specs" --sysroot="$sdk" -ffile-prefix-map="$sdk=mayfly-sdk" "$@"
