#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# edit.sh SUPPORT: in libuv's unpacked source, adds Mayfly to the systems that it knows by name. Each edit
# fails when the line that it expects is not there exactly once.
set -eu

# insert_before FILE LINE TEXT
insert_before() {
    [ "$(grep -cFx -- "$2" "$1")" = 1 ] || {
        echo "edit.sh: $1: expected one line '$2'" >&2
        exit 1
    }
    LINE=$2 TEXT=$3 awk '$0 == ENVIRON["LINE"] { print ENVIRON["TEXT"] } { print }' "$1" >"$1.new"
    mv "$1.new" "$1"
}

# Its own poll() loop: epoll is for Linux' system calls. Of ifaddrs the part without a link layer's addresses,
# which is GNU's; of files the one with utimensat() and statvfs(), Haiku's. What it asks the system for is in mayfly.c.
insert_before CMakeLists.txt 'if(CMAKE_SYSTEM_NAME STREQUAL "QNX")' "if(CMAKE_SYSTEM_NAME STREQUAL \"Mayfly\")
  list(APPEND uv_defines _GNU_SOURCE)
  list(APPEND uv_sources src/unix/bsd-ifaddrs.c src/unix/no-fsevents.c src/unix/no-proctitle.c
       src/unix/posix-hrtime.c src/unix/posix-poll.c src/unix/sysinfo-loadavg.c
       src/unix/sysinfo-memory.c $1/mayfly.c)
  set_source_files_properties(src/unix/bsd-ifaddrs.c PROPERTIES COMPILE_DEFINITIONS __GNU__)
  set_source_files_properties(src/unix/fs.c PROPERTIES COMPILE_DEFINITIONS __HAIKU__)
endif()
"
insert_before include/uv/unix.h '      defined(__GNU__)' '      defined(__mayfly__) || \'
