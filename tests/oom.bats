#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each command of the shell that needs memory, with less and less of it (tests/programs/oom.c).

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 -m 384M --disk "$RUN/saved.disk:128M" "$PROGRAMS/ledger.img" "$PROGRAMS/flows.img" \
        "$PROGRAMS/memhog.img" "$IMAGES/hello.img"
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

@test "an image that there is no memory for is not called a bad one" {
    shell start memhog name=hog memory=1G output=log
    for ((i = 0; i < 100; i++)); do
        [[ "$(shell list)" == *"hog "*"no memory"* ]] && break
        sleep 0.2
    done
    run shell start hello
    [[ "$output" == *"image hello: the machine has no memory left for it"* ]]
    shell kill hog
    shell start hello
    wait_for "hello: Hello from Mayfly!"
}
