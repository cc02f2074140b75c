#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many guests at once: 10,000 of examples/http in 2 GiB, and that all memory comes back.

load lib/system

GUESTS=10000
SAMPLES=200

setup_file() {
    load lib/system
    system_start --shell --accel tcg -m 2G "$IMAGES/http.img" "$IMAGES/hello.img" "$PROGRAMS/visitor.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

guest_count() {
    shell info | sed -n 's/.*(guests: \([0-9]*\)).*/\1/p'
}

# Starts $1 guests of http and waits until they listen: the last one is ready, and no more memory is used up.
start_many() {
    local last before now=none i
    shell start http "count=$1" output=log >"$RUN/started"
    tail -n 1 "$RUN/started"
    last=$(sed -n "s/^$1 guests in .*the last one is //p" "$RUN/started")
    [ -n "$last" ] || return 1
    for ((i = 0; i < 300; i++)); do
        before=$now
        now=$(free_pages)
        [ "$now" = "$before" ] && shell info "$last" | grep -q '^state *ready' && return 0
        sleep 0.1
    done
    echo "the guests do not get ready"
    return 1
}

@test "10,000 http guests are alive at once in 2 GiB" {
    SHELL_LIMIT=150
    start_many $GUESTS
    [ "$(guest_count)" -eq $GUESTS ]
}

@test "200 of them, chosen at random, answer" {
    seed=$RANDOM
    echo "seed $seed"
    # The first guests of a machine have the addresses from 10.77.0.2 on, without a gap.
    shell start visitor name=visitor 10.77.0.2 $GUESTS $SAMPLES $seed
    wait_for "visitor: $SAMPLES of $SAMPLES guests answered" 60
    wait_for "visitor exited with status 0"
}

@test "one more starts, prints and ends" {
    shell start hello name=late
    wait_for "late exited with status 0"
}

@test "all of them are killed by one command" {
    SHELL_LIMIT=100
    run shell kill -a
    [ "$output" = "$GUESTS guests killed" ]
    [ "$(guest_count)" -eq 0 ]
}

# dom0's own tables are as large now as they were for 10,000: what is missing after this was lost.
@test "1,000 guests started and killed give every page back" {
    before=$(free_pages)
    start_many 1000
    during=$(free_pages)
    shell kill -a
    after=$(free_pages)
    echo "free pages before: $before, with the guests: $during, after: $after"
    [ "$during" -lt $((before - 9000)) ]
    [ "$after" -ge "$before" ]
}
