#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Memory that the processes of a family share, as users meet it: kills, copies, limits, and that it comes back.

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 -m 256M "$PROGRAMS/together.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "a child that is killed while it has a robust mutex gives it back" {
    shell start together name=c memory=16M count
    wait_for "c: together: counted to 30"
    run shell info c
    echo "$output"
    grep -q '^shared *2 MiB' <<<"$output"
    shell kill c.2
    wait_for "c: together: (the owner|it) died at [0-9]+"
    wait_for "\[c exited with status 0\]"
}

@test "stop ends a process that shares memory, knows its group, and never forked" {
    shell start together name=a memory=16M alone
    wait_for "a: together: alone in group 1"
    shell stop a
    wait_for "\[a(: | )(killed|ended|exited).*(SIGTERM|signal 15|143)"
    run grep -c "a: did not stop in time" "$SERIAL"
    [ "$output" = 0 ]
}

@test "the child goes on when the parent is killed" {
    shell start together name=p memory=16M count
    wait_for "p: together: counted to 20"
    shell kill p
    shell list | grep -q '^p.2 '
    shell kill p.2
}

@test "a clone has memory of its own, with all that was in it" {
    shell start together name=k memory=16M keep
    wait_for "k: together: turn [0-9]+"
    run shell clone k name=copy
    [[ "$output" == *copy* ]]
    wait_for "copy: together: alone, kept"
    wait_for "\[copy exited with status 0\]"
    before=$(grep -c "k: together: turn" "$SERIAL")
    wait_for -c $((before + 3)) "k: together: turn"
    run shell clone k.2 name=second # it goes on with the owner's memory as it was
    [[ "$output" == *second* ]]
    before=$(grep -c "k: together: turn" "$SERIAL")
    wait_for -c $((before + 3)) "k: together: turn"
    shell kill second
}

@test "many clones are of one moment" {
    run shell clone k count=3
    [[ "$output" == *"3 guests"* ]]
    wait_for -c 3 "\\[together-?[0-9]* exited with status 0\\]"
    [ "$(grep -o "together-\?[0-9]*: together: alone, kept [0-9]*" "$SERIAL" | sed 's/.* //' | sort -u | wc -l)" -eq 1 ]
    run grep -c "alone, lost" "$SERIAL"
    [ "$output" = 0 ]
}

@test "pausing and resuming loses nothing" {
    shell pause k
    shell pause k.2
    shell resume k
    shell resume k.2
    before=$(grep -c "k: together: turn" "$SERIAL")
    wait_for -c $((before + 3)) "k: together: turn"
    shell kill k
    shell kill k.2
}

@test "a family has as much shared memory as a process may have" {
    shell start together name=few memory=4M many 2
    wait_for "few: together: mmap: Cannot allocate memory"
}

children() {
    shell start together name=many memory=32M many 40
    wait_for -c "$1" "many: together: 40 of 40"
    wait_for -c "$1" "many exited with status 0"
}

@test "children map and end one after the other, and all memory comes back" {
    all_comes_back children
}
