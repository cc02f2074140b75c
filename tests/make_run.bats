#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `make run` and what README.md shows, as a newcomer types it; and the whole way by UEFI and with 4 CPUs.

load lib/system

teardown() {
    system_stop
}

# As system_start, but by `make run`. A proxy that does not answer shows that no network is needed.
make_run() {
    MAYFLY=$BATS_TEST_TMPDIR/make-run
    cat >"$MAYFLY" <<END
#!/bin/sh
cd "$TOP" && exec env -u MAKEFLAGS -u MAKELEVEL http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 make B="$B" $* run
END
    chmod +x "$MAYFLY"
    system_start
}

@test "make run answers curl, and Ctrl-C leaves nothing behind" {
    port=$(free_port)
    make_run "PORT=$port"
    wait_for "http://127.0.0.1:$port/ is port 80 of http" 120
    wait_for "http: listening on port 80" 60
    run curl -sS -m 20 "http://127.0.0.1:$port/"
    [ "$output" = "Hello from Mayfly!" ]
    # Ctrl-C goes to all processes of the terminal: make, mayfly and QEMU.
    make=$(cat "$RUN/pid")
    mayfly=$(cat "/proc/$make/task/$make/children")
    [ -n "$mayfly" ] || mayfly=$make # make has become mayfly
    kill -INT $mayfly
    system_status 20
    for pid in $make $mayfly; do
        wait_gone "$pid"
    done
}

@test "10,000 requests with 4 CPUs" {
    port=$(free_port)
    system_start --cpus 4 -p "$port:80" "$IMAGES/http.img"
    wait_for "http: listening on port 80"
    run "$NETCLIENT" http-load "$port" 16 10000
    [ "$output" = "10000 requests, 10000 good, 0 bad" ]
}

@test "1,000 requests after a boot by UEFI with 2 CPUs" {
    port=$(free_port)
    system_start --uefi --cpus 2 -p "$port:80" "$IMAGES/http.img"
    wait_for "http: listening on port 80" 60
    run "$NETCLIENT" http-load "$port" 16 1000
    [ "$output" = "1000 requests, 1000 good, 0 bad" ]
}

# The first indented block of the README's section: commands behind `$ `, then the output.
@test "the README's first guest works as it stands there" {
    awk '/^## A first guest/ { on = 1 } on && /^    / { print substr($0, 5); seen = 1; next } seen { exit }' \
        "$TOP/README.md" >"$BATS_TEST_TMPDIR/block"
    expected=$(tail -n 1 "$BATS_TEST_TMPDIR/block")
    [ -n "$expected" ]
    sed -e '$d' -e 's/^\$ //' -e "s|build/bin/mayfly|$MAYFLY|" "$BATS_TEST_TMPDIR/block" >"$BATS_TEST_TMPDIR/script"
    cd "$BATS_TEST_TMPDIR"
    run timeout 60 bash -e script </dev/null
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[-1]%$'\r'}" = "$expected" ]
}

@test "make deps has nothing to do for what is built and tested" {
    run sh "$TOP/tests/scripts/deps.sh" "$BATS_TEST_TMPDIR/stamp" build run test
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ ! -e "$BATS_TEST_TMPDIR/stamp" ]
}

@test "make help names every goal" {
    run env -u MAKEFLAGS make -s -C "$TOP" help
    for goal in run test unit check lint bench deps clean; do
        [[ "$output" == *"make $goal"* ]]
    done
}
