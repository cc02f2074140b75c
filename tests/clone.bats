#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Snapshots, clones, rollback and warm start as users meet them.

load lib/system

setup_file() {
    load lib/system
    ports=($(free_port && free_port && free_port && free_port))
    export A=${ports[0]} B_PORT=${ports[1]} C=${ports[2]} D=${ports[3]}
    system_start --shell --cpus 2 -p "$A:$A" -p "$B_PORT:$B_PORT" -p "$C:$C" -p "$D:$D" \
        "$IMAGES/http.img" "$IMAGES/hello.img" "$PROGRAMS/cloned.img" "$PROGRAMS/spin.img" \
        "$PROGRAMS/given.img" "$PROGRAMS/forker.img"
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

@test "what is never ready cannot be warm; Ctrl-C ends the waiting" {
    run shell warm hello
    [[ "$output" == *"ended before it was ready: nothing is warm"* ]]
    type warm spin
    wait_for "spin: spin: running"
    printf '\003' >"$RUN/input"
    wait_for "Interrupted: nothing is warm"
    wait_for "spin: killed"
    [[ "$(shell tree)" != *" warm"* ]]
}

@test "rollback to its image: a guest begins anew, with what it was given" {
    shell start given name=plain
    wait_for "plain: given: begins; WORD is not set"
    shell start given name=other env=WORD=yes net=yes one two
    wait_for "other: given: begins one two; WORD is yes"
    shell snapshot other later
    for name in plain other; do
        run shell rollback $name given
        [[ "$output" == *"$name begins anew."* ]]
    done
    wait_for -c 2 "plain: given: begins; WORD is not set"
    wait_for -c 2 "other: given: begins one two; WORD is yes"
    [[ "$(shell list)" =~ other\ +ready\ +given\ +10\. ]]
    run shell rollback other later
    [[ "$output" == *"other is what it was at later"* ]]
    run shell rollback other http
    [[ "$output" == *"neither the image"* ]]
    shell clone later name=copy
    shell rollback copy given
    wait_for "copy: given: begins one two; WORD is yes"
    for name in plain other copy; do
        shell kill $name
    done
    shell remove later
}

@test "http begins anew, and serves" {
    shell start http name=web "publish=$A:80"
    wait_for "web: http: listening"
    [ "$(ask "$A")" = "Hello from Mayfly!" ]
    [ "$(requests_at "$A")" -eq 2 ]
    shell rollback web http
    wait_for -c 2 "web: http: listening"
    [ "$(requests_at "$A")" -eq 1 ]
    shell kill web
}

@test "a clone of a guest that has not run yet gets its arguments" {
    shell create given name=egg env=WORD=egg hatch
    shell clone egg name=chick
    wait_for "chick: given: begins hatch; WORD is egg"
    shell kill egg
    shell kill chick
}

@test "an image is warm for those arguments that it was warmed with" {
    run shell warm given env=WORD=w a b
    [[ "$output" == *"given.warm.1 is warm"* ]]
    run shell warm given c
    [[ "$output" == *"given.warm.2 is warm"* ]]
    shell start given name=same env=WORD=w a b
    shell start given name=less a b
    wait_for "less: given: begins a b; WORD is not set"
    shell start given name=none
    wait_for "none: given: begins; WORD is not set"
    shell start given name=netted net=yes c
    wait_for "netted: given: begins c"
    [ "$(shell list | awk '$1 == "same" { print $2 }')" = ready ]
    ! plain_log | grep "same: given: begins"
    run shell tree
    [[ "$output" == *"given.warm.1 "*"warm a b env=WORD=w"* ]]
    # Back to the start is where `start` would begin it.
    run shell rollback same given
    [[ "$output" == *"same is what it was at"* ]]
    # Once more: in its place.
    run shell warm given env=WORD=w a b
    [[ "$output" == *"given.warm.1 is warm"* ]]
    shell remove given.warm.1
    shell start given name=cold env=WORD=w a b
    wait_for "cold: given: begins a b; WORD is w"
    run shell warm given name=x
    [[ "$output" == *"Only arguments"* ]]
    for name in same less none netted cold; do
        shell kill $name
    done
    shell remove given.warm.2
}

@test "list shows where clones and children come from" {
    shell start given name=origin
    shell snapshot origin here
    shell clone here name=one
    shell clone origin name=two
    run shell list
    echo "$output"
    [[ "$output" == *"clone of here"* ]]
    [[ "$output" == *"clone of origin"* ]]
    [ "$(grep -c "clone of" <<<"$output")" -eq 2 ]
    run shell info one
    [[ "$output" == *"cloned from here"* ]]
    shell start forker name=family watch
    for i in 1 2 3 4 5 6 7 8 9 10; do
        shell list | grep "child of family" && break
    done
    shell list | grep "child of family"
    for name in origin one two family; do
        shell kill $name
    done
    shell remove here
}

@test "a guest that computes can be cloned" {
    shell start spin name=loop cap=30
    wait_for "loop: spin: running"
    run shell clone loop name=loop2 cap=30
    [ "$output" = loop2 ]
    shell kill loop
    shell kill loop2
}

@test "a child whose name somebody has gets another one" {
    shell start spin name=fam.2
    shell start forker name=fam many 3
    wait_for "fam: forker: 3 of 3"
    shell kill fam.2
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
    run shell snapshot web web
    [[ "$output" == *"a guest 'web' already"* ]]
    shell snapshot web taken
    run shell start hello name=taken
    [[ "$output" == *"there is a template 'taken' already"* ]]
    run shell clone web name=taken
    [[ "$output" == *"there is a template 'taken' already"* ]]
    shell remove taken
    run shell clone web memory=64K
    [[ "$output" == "web needs more memory: memory="*"K at the very least." ]]
    run shell rollback web hello
    [[ "$output" == *"no template"* || "$output" == *"neither"* ]]
    shell kill web
}

@test "a storm of 400 clones while the origin serves: no request is lost" {
    shell start http name=web "publish=$A:80"
    wait_for "web: http: listening"
    "$NETCLIENT" http-load "$A" 16 10000 >"$RUN/load" &
    load=$!
    for round in 1 2; do
        for i in 1 2; do
            run shell clone web count=100 output=log
            [[ "$output" == *"100 guests in "*" us, the last one is "* ]]
        done
        shell snapshot web storm
        run shell clone storm "name=late$round" "publish=$D:80"
        [ "$(ask "$D")" = "Hello from Mayfly!" ]
        shell kill "late$round"
        shell remove storm
    done
    wait $load
    [ "$(cat "$RUN/load")" = "10000 requests, 10000 good, 0 bad" ]
    run shell kill -a
    echo "$output"
    [[ "$output" == *" guests killed"* ]]
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
