#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Guests that attack hv, dom0 and each other, one kind per test, while another guest serves requests that
# are counted: not one of them may fail. tests/hv/test_attack.c does the same below dom0.

load lib/system

setup_file() {
    load lib/system
    PORT=$(free_port)
    export PORT
    system_start --shell --cpus "${CPUS:-2}" -p "$PORT:$PORT" "$IMAGES" "$PROGRAMS/attack.img" "$PROGRAMS/spin.img" \
        "$PROGRAMS/memhog.img" "$PROGRAMS/udpflood.img"
    wait_for "^mayfly> "
    shell start http name=victim "publish=$PORT:80"
    wait_for "victim: http: listening"
}

teardown_file() {
    load lib/system
    system_stop
}

# Serves 1,000 requests while the attackers that the test started are at work.
victim_serves() {
    run "$NETCLIENT" http-load "$PORT" 8 1000
    [ "$output" = "1000 requests, 1000 good, 0 bad" ]
}

# begin KIND [OPTION...]: three attackers with different seeds.
begin() {
    local kind=$1 seed
    shift
    for seed in 1 2 3; do
        shell start attack "name=$kind-$seed" "$@" "$kind" "$seed"
    done
}

# finish KIND: requests while they are at work, and when they have been ended.
finish() {
    local seed
    victim_serves
    for seed in 1 2 3; do
        shell kill "$1-$seed"
    done
    victim_serves
    run shell list
    [[ "$output" == *"victim "*ready* ]]
}

# attack KIND [OPTION...]: both, for those whose console works.
attack() {
    local seed
    begin "$@"
    for seed in 1 2 3; do
        wait_for "$1-$seed: attack: $1 begins"
    done
    finish "$1"
}

@test "random hypercalls" { attack hypercalls; }
@test "broken network rings" { attack net; }
@test "garbage in everything that is shared with dom0" { begin window && finish window; }
@test "broken console rings" { begin console && finish console; }
@test "broken requests for shares" { attack share "share=*"; }
@test "guests that never take the answers that they ask for" {
    address=$(shell info victim | grep -oE '10\.[0-9.]+' | head -n 1)
    for seed in 1 2 3; do
        shell start attack "name=deaf-$seed" net=yes deaf "$address"
        wait_for "deaf-$seed: attack: deaf begins"
    done
    finish deaf
}
@test "senders that end while they wait for a guest that is paused" {
    for i in 1 2 3; do
        shell start udpflood "name=sink-$i" sink
        wait_for "sink-$i: udpflood: serving"
        address=$(shell info "sink-$i" | grep -oE '10\.[0-9.]+' | head -n 1)
        shell pause "sink-$i"
        shell start udpflood "name=sender-$i" "$address"
        wait_for "sender-$i: udpflood: begins"
        shell kill "sender-$i"
    done
    victim_serves
    for i in 1 2 3; do
        shell kill "sink-$i"
    done
}
@test "forks, pipes and signals with garbage" { begin family fork=6 output=log && finish family; }
@test "output without end" { attack flood; }

@test "privileged instructions" {
    shell start attack name=privileged privileged
    wait_for "^\[privileged"
    victim_serves
}

@test "every kind of crash" {
    for kind in null divide illegal privileged stack abort text; do
        shell start crash "name=crash-$kind" "$kind"
    done
    victim_serves
    for kind in null divide illegal privileged stack abort text; do
        wait_for "^\[crash-$kind"
    done
}

@test "endless loops on every CPU" {
    for i in 1 2 3 4; do
        shell start spin "name=loop-$i"
        wait_for "loop-$i: spin: running"
    done
    victim_serves
    for i in 1 2 3 4; do
        shell kill "loop-$i"
    done
}

@test "requests that take memory while the machine has none" {
    shell start attack name=late "share=*" late
    wait_for "^late: attack: late waits: 0"
    shell start memhog name=hog memory=8G output=log 4096
    wait_for "^hog: paused, the machine has no memory left" 60
    shell stop late
    wait_for "^late: attack: late share -[0-9]+ pipe -[0-9]+"
    run shell list
    [[ "$output" == *"hog "*"no memory"* ]]
    shell kill hog
    victim_serves
}

@test "the machine is as it was: guests come and go, nothing is said to be wrong" {
    shell start hello name=afterwards
    wait_for "afterwards exited with status 0"
    ! plain_log | grep -iE "panic|BUG"
}
