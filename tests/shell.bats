#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# dom0's shell, with several guests. Each test cleans up what it started.

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 "$IMAGES" "$PROGRAMS/spin.img" "$PROGRAMS/memhog.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

@test "help names every command" {
    run shell help
    for command in help list create start stop kill info console top; do
        [[ "$output" == *"  $command "* ]]
    done
}

@test "list -i shows the images" {
    run shell list -i
    for image in hello http kv udp-echo crash; do
        [[ "$output" == *"$image "* ]]
    done
}

@test "a started guest prints, ends, and is listed with its status" {
    shell start hello name=greeter one --status 3
    wait_for "greeter: argument 1: one"
    wait_for "greeter exited with status 3"
    run shell list
    [[ "$output" == *"greeter "*"exited"*"status 3"* ]]
}

@test "a created guest runs when it is started" {
    shell create hello name=later
    run shell list
    [[ "$output" == *"later "* ]]
    ! wait_for "later: Hello" 1
    shell start later
    wait_for "later: Hello from Mayfly!"
}

@test "an unknown command, image and guest are told" {
    run shell nonsense
    [[ "$output" == *nonsense* ]]
    run shell start no-such-image
    [[ "$output" == *no-such-image* ]]
    run shell kill no-such-guest
    [[ "$output" == *no-such-guest* ]]
}

@test "options that make no sense are told" {
    run shell start hello memory=4K
    [[ "$output" == "hello needs more memory: memory="*"K at the very least." ]]
    run shell start hello memory=lots
    [[ "$output" == *memory* ]]
    run shell start hello weight=0
    [[ "$output" == *weight* ]]
    run shell start hello publish=99999:80
    [[ "$output" == *publish* || "$output" == *port* ]]
}

@test "words that a command does not know are not ignored" {
    shell start spin name=first
    shell start spin name=second
    run shell kill first second
    [[ "$output" == *"Write: kill NAME|-a"* ]]
    run shell info first now
    [[ "$output" == *"Write: info [NAME]"* ]]
    run shell list
    [[ "$output" == *"first "*running*"second "*running* ]]
    shell kill first
    shell kill second
}

@test "kill ends a loop" {
    shell start spin name=loop
    wait_for "loop: spin: running"
    shell kill loop
    wait_for "loop: killed"
    run shell list
    [[ "$output" == *"loop "*killed* ]]
}

@test "stop ends a server" {
    shell start http name=web
    wait_for "web: http: listening"
    shell stop web
    wait_for "\[web" 15
    run shell list
    [[ "$output" != *"web "*ready* ]]
}

@test "info tells of a guest and of the machine" {
    shell start http name=about
    wait_for "about: http: listening"
    run shell info about
    [[ "$output" == *"memory "*"of 32.0 MiB"* ]]
    run shell info
    [[ "$output" == *"free"* ]]
    shell kill about
}

@test "top shows guests until a key is pressed" {
    shell start spin name=busy cap=50
    type top
    wait_for "any key ends this"
    wait_for "^busy .*spin"
    printf q >"$RUN/input"
    shell kill busy
    wait_for "busy: killed"
}

@test "a memory limit holds, and other guests do not notice" {
    shell start hello name=before
    wait_for "before exited with status 0"
    shell start memhog name=hog memory=16M
    # malloc() knows the limit; a guest that passes it nevertheless is ended (tests/hv/test_memory.c).
    wait_for "^hog: memhog: malloc says no after 1[0-5] MiB" 30
    wait_for "^\[hog exited with status 3"
    ! wait_for "hog: memhog: 17 MiB" 1
    shell start hello name=after
    wait_for "after exited with status 0"
}

@test "a crash ends only its guest and is reported" {
    shell start spin name=bystander cap=20
    for kind in null divide illegal privileged stack abort text; do
        shell start crash "name=crash-$kind" "$kind"
        wait_for "crash-$kind: crash: $kind"
        wait_for "^\[crash-$kind" 20
    done
    run shell list
    [[ "$output" == *"bystander "*running* || "$output" == *"bystander "*ready* ]]
    shell kill bystander
}

@test "20 guests at once, each with its own output" {
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        shell start hello "name=many-$i" "number-$i"
    done
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        wait_for "many-$i: argument 1: number-$i"
        wait_for "many-$i exited with status 0"
    done
}

@test "line editing: backspace, and history by the up key" {
    from=$(wc -c <"$SERIAL")
    printf 'heXX\177\177lp\r' >"$RUN/input"
    wait_for -c 2 "this text"
    printf '\033[A\r' >"$RUN/input"
    wait_for -c 3 "this text"
}

# COMMAND: many guests, but not all that are asked for.
ends_many() {
    local from=$(($(grep -c "guests in" "$SERIAL") + 1))
    printf "$1 http net=no output=log count=6000\r\003" >"$RUN/input"
    wait_for -c "$from" "[0-9]+ guests in [0-9]+ us, the last one is "
    started=$(plain_log | sed -n 's/^\([0-9]*\) guests in .*/\1/p' | tail -n 1)
    [ "$started" -ge 32 ]
    [ "$started" -lt 6000 ]
    run shell kill -a
    [[ "$output" == *"$started guests killed"* ]]
}

@test "ctrl-c ends a start of many: those that run stay" {
    ends_many start
}

@test "ctrl-c ends a creation of many" {
    ends_many create
}

@test "ctrl-c ends a measurement of what never ends" {
    type measure spin count=3 net=no
    wait_for "^spin: spin: running"
    printf '\003' >"$RUN/input"
    wait_for "measure: spin create n=1 "
    run shell list
    [[ "$output" != *running* ]]
}

@test "poweroff ends the machine with status 0" {
    type poweroff
    [ "$(system_status 20)" -eq 0 ]
}
