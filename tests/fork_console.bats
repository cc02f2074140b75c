#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One terminal for a family: what children read, and what they write.

load lib/system

PROGRAM=$PROGRAMS/readers.img

teardown() {
    system_stop
}

@test "children read on where their parent stopped, up to the end" {
    printf '%s\n' read "for a child" poll "for another" below deep end a b c >"$BATS_TEST_TMPDIR/in"
    run timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAM" <"$BATS_TEST_TMPDIR/in"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "reads
2 got for a child
read is done
poll says 1, 1, some
3 got for another
poll is done
5 got deep
below is done
3 lines, then 0
end is done
the end" ]
}

@test "what children write arrives whole where nobody is quick to read it" {
    printf '%s\n' "many 9000" "many 9000" >"$BATS_TEST_TMPDIR/in"
    timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAM" <"$BATS_TEST_TMPDIR/in" | { sleep 3; cat; } >"$BATS_TEST_TMPDIR/out"
    tail -n 3 "$BATS_TEST_TMPDIR/out"
    [ "$(grep -c "^line [0-9]* of many" "$BATS_TEST_TMPDIR/out")" -eq 18000 ]
    grep -q "^the end" "$BATS_TEST_TMPDIR/out"
}

@test "the shell's console of a process is its family's input" {
    system_start --shell -m 256M "$PROGRAM"
    wait_for "^mayfly> "
    shell start readers name=r
    wait_for "r: reads"
    type console r
    wait_for "console of r"
    type read
    wait_for "read"
    type typed for a child
    wait_for "^2 got typed for a child" # raw: without a name in front
    type read
    printf '\035' >"$RUN/input"
    shell list
    type console r.3
    wait_for "console of r.3"
    type to the child
    wait_for "^3 got to the child"
    printf '\035' >"$RUN/input"
    wait_for -c 2 "read is done"
    shell kill -a
}
