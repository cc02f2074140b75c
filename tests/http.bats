#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/http behind dom0's forwarding, as users reach it. One system for all tests of this file.

load lib/system

setup_file() {
    load lib/system
    PORT=$(free_port)
    export PORT
    system_start -p "$PORT:80" "$IMAGES/http.img"
    wait_for "http: listening on port 80"
}

teardown_file() {
    load lib/system
    system_stop
}

@test "/ says hello" {
    run curl -sS -m 20 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
}

@test "the answer's head is what it should be" {
    run curl -sS -m 20 -D - -o /dev/null "http://127.0.0.1:$PORT/"
    [[ "${lines[0]}" == "HTTP/1.1 200 OK"* ]]
    [[ "$output" == *"Content-Length: 19"* ]]
}

@test "HEAD has no body, an unknown path is 404, POST is 405" {
    run curl -sS -m 20 -I "http://127.0.0.1:$PORT/"
    [[ "${lines[0]}" == "HTTP/1.1 200 OK"* ]]
    run curl -sS -m 20 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/nothing"
    [ "$output" = 404 ]
    run curl -sS -m 20 -o /dev/null -w '%{http_code}' -d some=data "http://127.0.0.1:$PORT/"
    [ "$output" = 405 ]
}

@test "a connection is kept alive" {
    run curl -sS -m 20 -o /dev/null -o /dev/null -w '%{num_connects} ' "http://127.0.0.1:$PORT/" "http://127.0.0.1:$PORT/"
    [ "$output" = "1 0 " ]
}

@test "/metrics counts requests" {
    before=$(curl -sS -m 20 "http://127.0.0.1:$PORT/metrics" | awk '$1 == "http_requests_total" { print $2 }')
    curl -sS -m 20 -o /dev/null "http://127.0.0.1:$PORT/"
    after=$(curl -sS -m 20 "http://127.0.0.1:$PORT/metrics" | awk '$1 == "http_requests_total" { print $2 }')
    [ "$after" -eq $((before + 2)) ]
}

@test "10,000 requests over 16 connections without one error" {
    run "$NETCLIENT" http-load "$PORT" 16 10000
    [ "$output" = "10000 requests, 10000 good, 0 bad" ]
}

@test "500 requests with a connection each, 4 at a time" {
    run "$NETCLIENT" http-load "$PORT" 4 500 close
    [ "$output" = "500 requests, 500 good, 0 bad" ]
}

@test "64 connections of wrk without an error" {
    run wrk -t1 -c64 -d3 "http://127.0.0.1:$PORT/"
    [ "$status" -eq 0 ]
    [[ "$output" != *"Socket errors"* ]]
    [[ "$output" != *"Non-2xx"* ]]
    [[ "$output" == *"Requests/sec"* ]]
}

@test "bad clients harm nobody" {
    run "$NETCLIENT" http-bad "$PORT"
    echo "$output"
    [ "$status" -eq 0 ]
}
