#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the READMEs of the examples show is what happens. A line `    $ COMMAND` of a README is run, the indented lines
# below it are what it must print, in this order. Addresses and offsets (0x..., +0x...) may differ. A command that runs a server stays in the
# background for the others. Fixed ports of the README become free ones.

load lib/system

teardown() {
    system_stop
}

# Prints the README's commands, each followed by its output: "C command", "O line".
steps() {
    awk '/^    \$ / { sub(/^    \$ /, ""); print "C " $0; next } /^    / { sub(/^    /, ""); print "O " $0 } ' "$1"
}

without_addresses() {
    sed -E 's/0x[0-9a-f]+/0x/g; s/ +$//'
}

# expect_in_order EXPECTED ACTUAL: each line of the one is a line of the other, in order.
expect_in_order() {
    awk 'NR == FNR { want[++n] = $0; next } at < n && $0 == want[at + 1] { at++ }
         END { if (at < n) { print "missing: " want[at + 1]; exit 1 } }' "$1" "$2"
}

# `mayfly run` with nothing behind it that would end it.
is_server() {
    [[ "$1" == "build/bin/mayfly run examples/"* && "$1" != *[\;\|]* ]]
}

start_server() {
    PORT=$port system_start "$TOP/examples/${1##*examples/}"
    while IFS= read -r line; do
        wait_for "^$line\$"
    done <"$2"
}

check_readme() {
    local line kind text command='' n=0
    cd "$TOP"
    port=$(free_port)
    local expected=$BATS_TEST_TMPDIR/expected actual=$BATS_TEST_TMPDIR/actual
    flush() {
        [ -n "$command" ] || return 0
        n=$((n + 1))
        if is_server "$command"; then
            start_server "$command" "$expected"
            return
        fi
        PORT=$port timeout 60 bash -c "${command//build\/bin\/mayfly/$MAYFLY}" </dev/null 2>&1 |
            tr -d '\r' | without_addresses >"$actual"
        without_addresses <"$expected" >"$expected.plain"
        expect_in_order "$expected.plain" "$actual" || { echo "\$ $command"; cat "$actual"; return 1; }
    }
    while IFS= read -r line; do
        kind=${line:0:1} text=${line:2}
        if [ "$kind" = C ]; then
            flush
            command=$text
            : >"$expected"
        else
            printf '%s\n' "$text" >>"$expected"
        fi
    done < <(steps "examples/$1/README.md" | sed -E "s/\b(8080|6379|7007)\b/$port/g; s/port $port\$/port $(guest_port "$1")/")
    flush
    [ "$n" -ge 1 ]
}

# The port that the guest itself says.
guest_port() {
    sed -n 's/.*ports: \["[0-9]*:\([0-9]*\).*/\1/p' "$TOP/examples/$1/mayfly.yaml"
}

@test "examples/hello/README.md is true" { check_readme hello; }
@test "examples/http/README.md is true" { check_readme http; }
@test "examples/kv/README.md is true" { check_readme kv; }
@test "examples/udp-echo/README.md is true" { check_readme udp-echo; }
@test "examples/crash/README.md is true" { check_readme crash; }

@test "every example has a README and a manifest" {
    for folder in "$TOP"/examples/*/; do
        [ -f "$folder/README.md" ]
        [ -f "$folder/mayfly.yaml" ]
    done
}
