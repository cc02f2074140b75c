#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each command of the shell that needs memory, with less and less of it (tests/programs/oom.c).

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 -m 384M --disk "$RUN/saved.disk:128M" "$PROGRAMS/ledger.img" "$PROGRAMS/flows.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "without memory each command works or says why not, and all work again with it" {
    run "$B/tests/bin/oom" "$RUN/input" "$SERIAL"
    echo "$output"
    [ "$status" -eq 0 ]
}
