#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Templates of processes that share memory: in memory, warm, on a disk; and that the memory comes back.

load lib/system

setup_file() {
    load lib/system
    export DISK=$RUN/saved.disk
    boot
}

boot() {
    system_start --shell --cpus 2 -m 256M --disk "$DISK:64M" "$PROGRAMS/together.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

# NAME: it turns, with a child.
turns() {
    wait_for -c $(($(grep -c "$1: together: turn" "$SERIAL") + 2)) "$1: together: turn"
}

# NAME: the count that a copy has found.
found() {
    wait_for "\[$1 exited with status 0\]"
    sed -n "s/.*$1: together: alone, kept //p" "$SERIAL" | tail -n 1 | tr -d '\r'
}

@test "what is cloned from a snapshot has what was shared then, for itself" {
    shell start together name=k memory=16M keep
    turns k
    run shell snapshot k point
    echo "$output"
    [[ "$output" == *point* ]]
    turns k
    shell clone point name=one
    first=$(found one)
    turns k
    shell clone point name=two
    shell clone point count=3
    second=$(found two)
    echo "one: $first, two: $second"
    [ -n "$first" ]
    [ "$first" = "$second" ]
    wait_for -c 3 "\[together-?[0-9]* exited with status 0\]"
    [ "$(grep -c ": together: alone, kept $first" "$SERIAL")" -eq 5 ]
    run grep -c "alone, lost" "$SERIAL"
    [ "$output" = 0 ]
}

@test "a snapshot of a clone, and one of a child" {
    shell clone point name=again
    shell snapshot again deeper
    first=$(found again)
    shell clone deeper name=third
    [ "$(found third)" = "$first" ]
    run shell snapshot k.2 child
    [[ "$output" == *child* ]]
    shell clone child name=orphan
    shell list | grep -q '^orphan '
    shell kill orphan
    shell remove child
    shell remove deeper
}

@test "a guest is rolled back to it when nobody else has shared memory" {
    run shell rollback k point
    echo "$output"
    [[ "$output" == *"other processes of its family have shared memory"* ]]
    turns k
    shell kill k.2
    shell clone point name=back
    run shell rollback back point
    [[ "$output" == *"back is what it was at point"* ]]
    [ -n "$(found back)" ]
}

@test "what is warm begins with it" {
    shell warm together keep
    shell list | grep -q '^together.2 '
    shell kill together.2
    shell start together name=hot keep
    [ -n "$(found hot)" ]
    shell remove together.warm.1
}

@test "all memory comes back" {
    copies() {
        shell snapshot k many
        shell clone many name=x
        shell kill x
        shell remove many
    }
    shell start together name=k memory=16M keep
    turns k
    for i in 1 2 3 4; do copies; done
    before=$(free_pages)
    for i in 1 2 3 4; do copies; done
    after=$(free_pages)
    echo "before: $before, after: $after"
    [ "$after" -ge $((before - 5)) ]
}

@test "pages that nobody has touched take no memory in a snapshot" {
    shell start together name=sparse memory=16M keep # every other page of 3 MiB; nothing of 3 more
    turns sparse
    before=$(free_pages)
    shell snapshot sparse point2
    taken=$((before - $(free_pages)))
    echo "taken: $taken"
    [ "$taken" -gt 384 ]
    [ "$taken" -lt 500 ]
    shell remove point2
    shell kill sparse
    shell kill sparse.2
}

@test "it is saved, and restored after a reboot, at once or as it is needed" {
    shell clone point name=now
    count=$(found now)
    run shell save point
    echo "$output"
    [[ "$output" == *"point is saved"* ]]
    type poweroff
    [ "$(system_status)" -eq 0 ]
    system_stop
    boot
    run shell restore point whole
    [[ "$output" == *"point is restored"* ]]
    shell clone point name=one
    [ "$(found one)" = "$count" ]
    run shell restore point as part lazy
    [[ "$output" == *"part is restored"* ]]
    shell clone part name=two
    [ "$(found two)" = "$count" ]
    run shell save part other
    [[ "$output" == *"other shares its data"* ]]
}
