#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Snapshots, clones, rollback and warm start as users meet them.

load lib/system

setup_file() {
    load lib/system
    ports=($(free_port && free_port && free_port && free_port))
    export A=${ports[0]} B_PORT=${ports[1]} C=${ports[2]} D=${ports[3]}
    system_start --shell --cpus 2 -p "$A:$A" -p "$B_PORT:$B_PORT" -p "$C:$C" -p "$D:$D" \
        "$IMAGES/http.img" "$IMAGES/hello.img" "$PROGRAMS/cloned.img" "$PROGRAMS/spin.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

# Requests that the server at a host port says it has had, this one included.
requests_at() {
    curl -sS -m 20 "http://127.0.0.1:$1/metrics" | awk '$1 == "http_requests_total" { print $2 }'
}

ask() {
    curl -sS -m 20 "http://127.0.0.1:$1/"
}

@test "two clones of a snapshot and their origin answer, each with its own state" {
    shell start http name=web "publish=$A:80"
    wait_for "web: http: listening"
    [ "$(ask "$A")" = "Hello from Mayfly!" ]
    [ "$(requests_at "$A")" -eq 2 ]
    run shell snapshot web point
    [ "$output" = point ]
    run shell clone point name=one "publish=$B_PORT:80"
    [ "$output" = one ]
    run shell clone point name=two "publish=$C:80"
    [ "$output" = two ]
    [ "$(requests_at "$B_PORT")" -eq 3 ]
    [ "$(requests_at "$B_PORT")" -eq 4 ]
    [ "$(requests_at "$C")" -eq 3 ]
    [ "$(requests_at "$A")" -eq 3 ]
    [ "$(ask "$C")" = "Hello from Mayfly!" ]
}

@test "a running guest is cloned directly, under load" {
    "$NETCLIENT" http-load "$A" 8 2000 >"$RUN/load" &
    load=$!
    run shell clone web name=three "publish=$D:80"
    [ "$output" = three ]
    [ "$(ask "$D")" = "Hello from Mayfly!" ]
    wait $load
    [ "$(cat "$RUN/load")" = "2000 requests, 2000 good, 0 bad" ]
    shell kill three
}

@test "copied under load 20 times: each copy answers, and so does the origin" {
    "$NETCLIENT" http-load "$A" 16 30000 >"$RUN/load" &
    load=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do
        shell snapshot web busy
        for from in busy web; do
            shell clone $from name=copy "publish=$D:80"
            run "$NETCLIENT" http-load "$D" 4 50
            [ "$output" = "50 requests, 50 good, 0 bad" ]
            shell kill copy
        done
        shell remove busy
    done
    wait $load
    [ "$(cat "$RUN/load")" = "30000 requests, 30000 good, 0 bad" ]
}

@test "clones go on when their origin and its template are gone" {
    shell kill web
    run shell remove point
    [ "$output" = "" ]
    [ "$(ask "$B_PORT")" = "Hello from Mayfly!" ]
    [ "$(ask "$C")" = "Hello from Mayfly!" ]
    run shell clone point
    [[ "$output" == *"no guest or template 'point'"* ]]
}

@test "rollback brings the counters back, any number of times" {
    shell snapshot one before
    at=$(requests_at "$B_PORT")
    ask "$B_PORT"
    ask "$B_PORT"
    [ "$(requests_at "$B_PORT")" -eq $((at + 3)) ]
    run shell rollback one before
    [[ "$output" == *"one is what it was at before"* ]]
    [ "$(requests_at "$B_PORT")" -eq "$at" ]
    ask "$B_PORT"
    shell rollback one before
    [ "$(requests_at "$B_PORT")" -eq "$at" ]
}

@test "a template in the middle can be removed" {
    shell snapshot one first
    ask "$B_PORT"
    shell snapshot one second
    ask "$B_PORT"
    shell remove first
    run shell tree
    echo "$output"
    [[ "$output" == *"    second "* ]]
    [[ "$output" != *"first"* ]]
    shell rollback one second
    [ "$(ask "$B_PORT")" = "Hello from Mayfly!" ]
    run shell clone second name=of-second
    [ "$output" = of-second ]
    shell kill of-second
    shell remove second
    shell remove before
    shell kill one
    shell kill two
}

@test "connections are reset, listeners stay, the application is told, random numbers differ" {
    shell start cloned name=origin
    wait_for "origin: cloned: waiting"
    shell snapshot origin still
    shell clone still name=left
    shell clone still name=right
    shell clone origin name=direct
    for name in left right direct; do
        wait_for "$name: cloned: all is well"
    done
    [ "$(plain_log | grep -o 'random [0-9a-f]*' | sort -u | wc -l)" -eq 3 ]
    ! plain_log | grep "origin: cloned: all is well"
    for name in origin left right direct; do
        shell kill $name
    done
    shell remove still
}

@test "a warm image starts where it is ready" {
    run shell warm http
    [[ "$output" == *"http is warm"* ]]
    shell start http name=hot "publish=$A:80"
    [ "$(ask "$A")" = "Hello from Mayfly!" ]
    [ "$(requests_at "$A")" -eq 2 ]
    ! plain_log | grep "hot: http: listening"
    run shell tree
    [[ "$output" == *"warm"* ]]
    shell kill hot
    shell remove http
    shell start http name=cold "publish=$A:80"
    wait_for "cold: http: listening"
    shell kill cold
}

@test "a guest that computes can be cloned" {
    shell start spin name=loop cap=30
    wait_for "loop: spin: running"
    run shell clone loop name=loop2 cap=30
    [ "$output" = loop2 ]
    shell kill loop
    shell kill loop2
}

@test "mistakes are told" {
    run shell snapshot nobody
    [[ "$output" == *"no running guest 'nobody'"* ]]
    run shell clone http arguments
    [[ "$output" == *"arguments"* ]]
    run shell remove http
    [[ "$output" == *"image's own"* ]]
    shell start http name=web net=yes
    run shell snapshot web http
    [[ "$output" == *"already"* ]]
    run shell rollback web http
    [[ "$output" == *"no snapshot"* ]]
    shell kill web
}

# Templates, clones, a rollback; then all of it goes. The names are the same each time: new ones would
# make dom0's table of names grow.
lifecycle_round() {
    shell start http name=web
    shell snapshot web a
    for i in 1 2 3 4 5 6 7 8; do
        shell clone a name=c$i
    done
    shell snapshot web b
    shell rollback web a
    shell clone web name=c9
    shell remove a
    shell remove b
    for name in web c1 c2 c3 c4 c5 c6 c7 c8 c9; do
        shell kill "$name"
    done
}

@test "all memory comes back" {
    lifecycle_round # dom0's own tables grow
    lifecycle_round
    before=$(shell info | grep free)
    for round in 1 2 3; do
        lifecycle_round
    done
    after=$(shell info | grep free)
    echo "before: $before"
    echo "after:  $after"
    [ "$after" = "$before" ]
}
