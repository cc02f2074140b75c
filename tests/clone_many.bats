#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many clones at once: the machine does its other work meanwhile.

load lib/system

setup_file() {
    load lib/system
    system_start --shell -m 1G "$PROGRAMS/ticker.img" "$IMAGES/hello.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

# longest: for how long the ticker was kept from running since it was asked last, in microseconds.
longest() {
    local count
    count=$(plain_log | grep -c "ticker: at most") || true
    shell signal ticker USR1 >/dev/null
    wait_for -c $((count + 1)) "ticker: at most"
    plain_log | sed -n 's/.*ticker: at most \([0-9]*\) us.*/\1/p' | tail -n 1
}

@test "the origin goes on while 5,000 clones of it are made, all of one moment" {
    shell start ticker
    wait_for "ticker: running"
    longest
    SHELL_LIMIT=120 run shell clone ticker count=5000 output=log
    [[ "$output" == *"5000 guests in "*", the last one is ticker-5001"* ]]
    all=$(sed -n 's/5000 guests in \([0-9]*\) us.*/\1/p' <<<"$output")
    us=$(longest)
    echo "kept from running for $us us at most, of $all us"
    [ "$us" -lt $((all / 2)) ] # a busy host takes its part
    SHELL_LIMIT=120 run shell clone template:ticker count=200 output=log
    [[ "$output" == *"200 guests in "*", the last one is ticker-5201"* ]]
    SHELL_LIMIT=120 run shell kill -a
    [[ "$output" == *"5201 guests killed"* ]]
}

domains() {
    shell info | sed -n 's/^domains *\([0-9]*\) .*/\1/p'
}

@test "the copy that clones are made from is gone afterwards, also when the origin has ended" {
    local before
    shell kill -a >/dev/null
    before=$(domains)
    shell start ticker name=origin
    wait_for "origin: ticker: running"
    type "clone origin count=2000 output=log" # what is typed meanwhile waits for it
    type "kill -a"
    wait_for "2001 guests killed" 60
    [ "$(domains)" -eq "$before" ]
}
