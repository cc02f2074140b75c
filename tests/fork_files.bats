#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One file system for a family of processes, as users meet it: daemons, kills, copies, memory.

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 -m 256M "$PROGRAMS/filer.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "a daemon keeps its files when the process that started it has exited" {
    shell start filer name=d serve 3
    wait_for "\[d exited with status 3; its children use its files\]"
    wait_for "d.2: filer: 3 lines"
    run shell list
    echo "$output"
    [[ "$output" =~ d\ .*exited ]]
    run shell cat d.2 /tmp/log
    echo "$output"
    grep -q '^line 0' <<<"$output"
    grep -q '^line 2' <<<"$output"
    shell write d.2 /tmp/stop now # the family's files, by any of its names
    wait_for "d.2: filer: done, all is there"
    wait_for "\[d exited with status 3\]"
}

@test "when the owner is killed its children get EIO" {
    shell start filer name=k serve 0
    wait_for "k.2: filer: 2 lines"
    shell kill k
    wait_for "k.2: filer: EIO"
    run shell list
    ! grep -q '^k.* ready\|^k.* running' <<<"$output"
}

@test "stop of a process that only serves ends those that it serves" {
    shell start filer name=s serve 0
    wait_for "s.2: filer: 1 lines"
    shell stop s
    wait_for "\[s exited with status 0\]" 5
    run shell list
    ! grep -q '^s\..* ready\|^s\..* running' <<<"$output"
}

@test "a copy of a child has no files; the child goes on" {
    shell start filer name=c serve 0
    wait_for "c.2: filer: 2 lines"
    run shell clone c.2 name=copy
    [[ "$output" == *copy* ]]
    wait_for "copy: filer: EIO"
    run shell clone c name=owner # has all files, and nobody to serve
    wait_for "\[owner exited with status 0\]"
    shell write c /tmp/stop now
    wait_for "c.2: filer: done, all is there"
    wait_for "\[c exited with status 0\]"
}

@test "after a rollback the owner has other children, and files as they were" {
    shell start filer name=r rounds
    wait_for "r: filer: round 5"
    shell snapshot r then
    wait_for "r: filer: round 15"
    shell rollback r then
    wait_for -c 2 "r: filer: round 15"
    shell write r /tmp/stop now
    wait_for "r: filer: rounds are over"
    wait_for "\[r exited with status 0\]"
}

children() {
    shell start filer name=many many 60
    wait_for -c "$1" "many: filer: 60 of 60"
    wait_for -c "$1" "many exited with status 0"
}

@test "children write files one after the other, and all memory comes back" {
    all_comes_back children
}
