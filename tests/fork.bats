#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Processes as users meet them: a server that forks for a snapshot, forks under load, bombs, memory.

load lib/system

setup_file() {
    load lib/system
    ports=($(free_port && free_port))
    export KV=${ports[0]} WEB=${ports[1]}
    system_start --shell --cpus 2 -m 256M -p "$KV:$KV" -p "$WEB:$WEB" \
        "$IMAGES/kv.img" "$IMAGES/http.img" "$PROGRAMS/forker.img"
    wait_for "^mayfly> "
    shell start kv name=kv "publish=$KV:6379"
    shell start http name=web "publish=$WEB:80"
    wait_for "kv: kv: listening"
    wait_for "web: http: listening"
}

teardown_file() {
    load lib/system
    system_stop
}

KEYS=200

# Sets keys 1 to $KEYS to 1, then all of them to 2, and so on, in that order, until the file `stop` is there.
write_rounds() {
    local round key answers
    exec 3<>"/dev/tcp/127.0.0.1/$KV"
    for ((round = 1; ; round++)); do
        for ((key = 1; key <= KEYS; key++)); do
            echo "SET $key $round"
        done >&3
        for ((key = 1; key <= KEYS; key++)); do
            read -r answers <&3 && [ "$answers" = OK ] || return 1
        done
        [ -e "$RUN/stop" ] && break
        echo "$round" >"$RUN/round"
    done
    exec 3>&-
}

# One snapshot, as `key value` lines by key.
snapshot() {
    printf 'SAVE\nQUIT\n' | timeout 20 curl -s "telnet://127.0.0.1:$KV" >"$RUN/saved"
    tail -n 1 "$RUN/saved" | grep -q "^SAVED $KEYS" || { tail -n 3 "$RUN/saved"; return 1; }
    awk '$1 == "ITEM" { print $2, $3 }' "$RUN/saved" | sort -n
}

@test "a snapshot of kv under load is that of one moment" {
    rm -f "$RUN/stop"
    write_rounds &
    writer=$!
    while [ "$(cat "$RUN/round" 2>/dev/null || echo 0)" -lt 2 ]; do sleep 0.1; done
    first=$(cat "$RUN/round")
    for i in 1 2 3 4 5 6 7 8; do
        # At any moment the keys of a round that is under way come first, then those of the one before.
        snapshot | awk 'NR > 1 && $2 > last { exit 1 } NR == 1 { top = $2 } { last = $2 }
            END { if (NR != '$KEYS' || top - last > 1) exit 1; print "rounds", last, top }'
    done
    sleep 0.5
    [ "$(cat "$RUN/round")" -gt "$first" ]
    touch "$RUN/stop"
    wait $writer
    run shell list
    echo "$output"
    ! grep -q 'kv\.[0-9]* .*running' <<<"$output"
}

# 400 forks, and what runs beside them; then their parent is gone, too. $1: for how many times now.
forks() {
    shell start forker name=many many 400
    wait_for -c "$1" "many: forker: 400 of 400"
    wait_for -c "$1" "many exited with status 0"
}

@test "hundreds of forks while HTTP is served" {
    "$NETCLIENT" http-load "$WEB" 8 2000 >"$RUN/load" &
    load=$!
    forks 1
    wait $load
    [ "$(cat "$RUN/load")" = "2000 requests, 2000 good, 0 bad" ]
}

@test "all memory comes back" {
    forks 2 # dom0's own tables have grown
    before=$(free_pages)
    forks 3
    for i in 1 2 3 4 5 6 7 8 9 10; do # of the server's connections, too
        after=$(free_pages)
        [ "$after" -ge "$before" ] && break
        sleep 0.5
    done
    echo "before: $before, after: $after"
    [ "$after" -ge "$before" ]
}

@test "a fork bomb ends at its limit, and others go on" {
    shell start forker name=bomb fork=30 bomb
    wait_for "bomb: forker: 30 children, then: EAGAIN"
    [ "$(curl -sS -m 20 "http://127.0.0.1:$WEB/")" = "Hello from Mayfly!" ]
    wait_for "bomb: forker: 0 are left"
    shell start forker name=none fork=0 bomb
    wait_for "none: forker: 0 children, then: EAGAIN"
    run shell start forker fork=512
    [[ "$output" == *"fork=0 to fork=511"* ]]
}

@test "when memory is out fork() says so, and others go on" {
    shell start forker name=fat fork=200 fill 2
    wait_for "fat: forker: [0-9]* children, then: ENOMEM" 60
    [ "$(curl -sS -m 20 "http://127.0.0.1:$WEB/")" = "Hello from Mayfly!" ]
    wait_for "fat: forker: 0 are left"
}

@test "the shell shows a child, and ends it" {
    shell start forker name=watch watch
    wait_for "watch: forker: child 2"
    run shell info watch.2
    echo "$output"
    [[ "$output" == *"process     2, child of watch"* ]]
    run shell info watch
    [[ "$output" == *"process     1, 1 children"* ]]
    shell kill watch.2
    wait_for "watch: forker: it ended by signal 9"
}

@test "a clone of a process has no children; the process goes on" {
    shell start forker name=orig watch
    wait_for "orig: forker: child 2"
    run shell clone orig name=copy
    [[ "$output" == *copy* ]]
    wait_for "copy: forker: it ended by signal 0"
    run shell clone orig.2 name=child
    [[ "$output" == *child* ]]
    run shell info child
    [[ "$output" != *"process "* ]]
    shell kill child
    shell kill orig.2
    wait_for "orig: forker: it ended by signal 9"
}

@test "children live on when their parent is killed" {
    shell start forker name=left watch
    wait_for "left: forker: child 2"
    shell kill left
    run shell info left.2
    [[ "$output" == *"process     2, 0 children"* ]]
    shell stop left.2
    wait_for "left.2"
    run shell info left.2
    [[ "$output" == *"status      143"* ]]
}

@test "kill -a leaves no child behind, however many are being made" {
    for i in 1 2 3 4; do
        shell start forker "name=busy$i" output=log many 1000000
    done
    shell start forker output=log count=100 watch
    run shell kill -a
    [[ "$output" == *" guests killed"* ]]
    run shell info
    [[ "$output" == *"(guests: 0)"* ]]
}

@test "the shell's signal stops a process of a family, resume lets it go on" {
    shell start forker name=jobs watch
    wait_for "jobs: forker: child 2"
    shell signal jobs.2 STOP
    wait_for "jobs: forker: it was stopped by signal 19"
    shell list | grep -q 'jobs.2 .*stopped'
    shell resume jobs.2
    wait_for "jobs: forker: it goes on"
    shell list | grep -q 'jobs.2 .*running'
    [[ "$(shell signal jobs.2 NONE)" == *"signal NAME SIGNAL"* ]]
    shell signal jobs.2 SIGTERM
    wait_for "jobs: forker: it ended by signal 15"
}
