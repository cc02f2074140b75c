#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each step of dom0's commands that needs memory fails once (tests/programs/inject.c, tests/dom0/inject.c).

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 -m 256M --disk "$RUN/saved.disk:64M" --dom0 "$B/tests/dom0/dom0.elf" "$PROGRAMS/ledger.img" "$PROGRAMS/brood.img" "$PROGRAMS/sharer.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "whatever step fails, nothing is lost and the others go on" {
    run "$B/tests/bin/inject" "$RUN/input" "$SERIAL"
    echo "$output"
    [ "$status" -eq 0 ]
}
