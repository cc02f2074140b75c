#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# limit: 3600
# Random creating, copying, saving and ending of guests, each of which must find in its memory what was
# written there (tests/programs/lifecycle.c). For a longer run than that of `make test`, of thousands of
# steps: LIFECYCLE_STEPS=2000; to repeat one: LIFECYCLE_SEED=N, which the log tells.

load lib/system

setup_file() {
    load lib/system
    LIMIT=3500
    system_start --shell --cpus 2 -m 384M --disk "$RUN/saved.disk:128M" "$PROGRAMS/ledger.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "any order of lifecycle steps keeps each guest's memory, and all memory comes back" {
    seed=${LIFECYCLE_SEED:-$RANDOM}
    echo "seed $seed"
    run "$B/tests/bin/lifecycle" "$RUN/input" "$SERIAL" "$seed" "${LIFECYCLE_STEPS:-250}" 3
    echo "$output"
    [ "$status" -eq 0 ]
}
