#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The guest's console under `mayfly run`: a terminal where people are, else a stream with an end.

load lib/system

PROGRAM=$PROGRAMS/console.img

@test "a guest between pipes has no terminal" {
    run timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAM" </dev/null
    [ "$status" -eq 0 ]
    [[ "$output" == *"isatty 0 0 0 0"*"tcgetattr -1 -1"* ]]
}

@test "a guest at a terminal has one" {
    script -qec "timeout 60 '$MAYFLY' run --timeout 50 '$PROGRAM'" "$BATS_TEST_TMPDIR/out" </dev/null >&2
    grep -q "isatty 1 1 1 1" "$BATS_TEST_TMPDIR/out"
    grep -q "tcgetattr 0 0" "$BATS_TEST_TMPDIR/out"
}

@test "output to a file is no terminal, though the input is one" {
    script -qec "timeout 60 '$MAYFLY' run --timeout 50 '$PROGRAM' >'$BATS_TEST_TMPDIR/out'" /dev/null </dev/null >&2
    grep -q "isatty 1 0 0 0" "$BATS_TEST_TMPDIR/out"
}

@test "input from a file arrives whole, and ends" {
    # every byte, the escape of the line among them, more than its buffers hold
    awk 'BEGIN { for (i = 0; i < 40; i++) for (c = 0; c < 256; c++) printf "%c", c }' | LC_ALL=C cat >"$BATS_TEST_TMPDIR/in"
    printf '\020\004\020\020\004' >>"$BATS_TEST_TMPDIR/in"
    bytes=$(wc -c <"$BATS_TEST_TMPDIR/in")
    sum=$(od -An -v -tu1 "$BATS_TEST_TMPDIR/in" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s }')
    run timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAM" count <"$BATS_TEST_TMPDIR/in"
    [ "$status" -eq 0 ]
    [[ "$output" == *"$bytes bytes, sum $sum, then 0 0"* ]]
}

@test "no input is the end at once" {
    run timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAM" count </dev/null
    [ "$status" -eq 0 ]
    [[ "$output" == *"0 bytes, sum 0, then 0 0"* ]]
}
