#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pausing guests, reading and writing their memory and their files from the shell.

load lib/system

setup_file() {
    load lib/system
    PORT=$(free_port)
    export PORT
    # http opens no file, so it would have no file system (docs/limits.md).
    cp -r "$TOP/examples/http" "$BATS_FILE_TMPDIR/http"
    echo 'ldflags: ["-Wl,-u,open"]' >>"$BATS_FILE_TMPDIR/http/mayfly.yaml"
    "$MAYFLY" build -o "$BATS_FILE_TMPDIR/http.img" "$BATS_FILE_TMPDIR/http"
    system_start --shell --cpus 2 -p "$PORT:$PORT" "$BATS_FILE_TMPDIR/http.img" "$IMAGES/hello.img" "$PROGRAMS/spin.img" \
        "$PROGRAMS/attack.img" "$PROGRAMS/given.img"
    wait_for "^mayfly> "
    shell start http name=web "publish=$PORT:80"
    wait_for "web: http: listening"
}

teardown_file() {
    load lib/system
    system_stop
}

state_of() {
    shell list | awk -v name="$1" '$1 == name { print $2 }'
}

@test "a paused guest stands still, and goes on where it was" {
    run curl -sS -m 10 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
    run shell pause web
    [ "$output" = "" ]
    [ "$(state_of web)" = paused ]
    run shell info web
    [[ "$output" == *"state       paused"* ]]
    run curl -sS -m 1 "http://127.0.0.1:$PORT/"
    [ "$status" -ne 0 ]
    run shell pause web
    [[ "$output" == *"is paused already"* ]]
    shell resume web
    [ "$(state_of web)" = ready ]
    run curl -sS -m 10 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
    run shell resume web
    [[ "$output" == *"is not paused"* ]]
}

@test "snapshot, clone and rollback of a paused guest leave it paused" {
    shell pause web
    run shell snapshot web point
    [ "$output" = point ]
    run shell clone web name=copy
    [ "$output" = copy ]
    [ "$(state_of copy)" = ready ]
    shell rollback web point
    [ "$(state_of web)" = paused ]
    shell kill copy
    shell resume web
    run curl -sS -m 10 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
}

@test "a guest that computes is paused, too; stop and kill work on paused guests" {
    shell start spin name=loop
    wait_for "loop: spin: running"
    shell pause loop
    [ "$(state_of loop)" = paused ]
    used() { shell info loop | sed -n 's/^CPU *\([0-9.]*\) s.*/\1/p'; }
    before=$(used)
    shell list
    [ "$(used)" = "$before" ]
    run shell files loop
    [[ "$output" == *"paused in the middle of its work"* ]]
    shell resume loop
    run shell files loop
    [[ "$output" == *"does not answer"* ]]
    shell pause loop
    shell kill loop
    [ "$(state_of loop)" = killed ]
    shell start http name=other
    wait_for "other: http: listening"
    shell pause other
    shell stop other
    wait_for "^\[other"
}

@test "memory is read and written while a guest stands still, not while it runs" {
    run shell peek web main
    [[ "$output" == *"web is running; \`pause web\` first."* ]]
    run shell poke web main 90
    [[ "$output" == *"pause web"* ]]
    shell pause web
    run shell peek web main 16
    [ "${lines[0]}" = "main+0x0:" ]
    [[ "${lines[1]}" == 00*"|"*"|" ]]
    # What is poked is what is peeked; the next byte stays.
    from=$(shell peek web 0x401000 18 | tail -n 1)
    shell poke web 0x401000 4d61 yfly text=00
    run shell peek web 0x401000 18
    [[ "${lines[0]}" == *"4d 61 79 66 6c 79 30 30 "*"|Mayfly00"* ]]
    [ "${lines[1]}" = "$from" ]
    run shell peek web 0x1000
    [[ "$output" == *"nothing is there"* ]]
    run shell peek web nosuchfunction
    [[ "$output" == *"is no address"* ]]
    run shell peek web 0x8000000000
    [[ "$output" == *"is no address"* ]]
    run shell peek web 0x200000 5000
    [[ "$output" == *"Write: peek"* ]]
    run shell peek web
    [[ "$output" == *"Write: peek"* ]]
    run shell regs web
    [[ "$output" == *rip* ]]
    shell resume web
}

@test "a variable is read and written by its name" {
    shell start given name=counter
    wait_for "counter: given: begins"
    shell pause counter
    run shell peek counter lines 4
    [[ "${lines[0]}" == "lines+0x0:" ]]
    [[ "${lines[1]}" == *"00 00 00 00 "* ]]
    shell poke counter lines 29000000
    shell resume counter
    type console counter
    wait_for "console of counter"
    type a line
    wait_for "given: line 42"
    printf '\035' >"$RUN/input"
    shell pause counter
    run shell peek counter lines 4
    [[ "${lines[1]}" == *"2a 00 00 00 "* ]]
    # Nothing is named after what lies far below it.
    run shell peek counter 0x401000 4
    [[ "$output" != *"+0x"* ]]
    shell kill counter
}

@test "code that was poked is what runs" {
    shell create hello name=patched
    shell poke patched main f4 # HLT: not for guests
    shell start patched
    wait_for "^\[patched: crashed\]"
    shell start hello name=unpatched
    wait_for "unpatched exited with status 0"
}

@test "files of a running and of a paused guest" {
    run shell files web
    [[ "$output" == d*tmp* ]]
    shell write web /tmp/one two words
    run shell cat web /tmp/one
    [ "$output" = "two words" ]
    shell pause web
    run shell cat web /tmp/one
    [ "$output" = "two words" ]
    shell write web /tmp/one "shorter"
    run shell files web /tmp
    [[ "$output" == "-rw-r--r--            8 "*" one" ]]
    [ "$(state_of web)" = paused ]
    # Its program has not run meanwhile.
    run curl -sS -m 1 "http://127.0.0.1:$PORT/"
    [ "$status" -ne 0 ]
    shell resume web
    run shell cat web /tmp/one
    [ "$output" = shorter ]
    run curl -sS -m 10 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
    run shell cat web /tmp
    [[ "$output" == *"Is a directory"* ]]
    run shell cat web /nothing
    [[ "$output" == *"No such file"* ]]
    run shell write web /no/where text
    [[ "$output" == *"No such file"* ]]
    run shell cat web /dev/zero
    [[ "$output" == *"Invalid argument"* ]]
}

@test "files are copied between guests and from the boot volume, whole" {
    shell start http name=other
    wait_for -c 2 "other: http: listening"
    shell cp :images/hello.img web:/tmp/image
    bytes=$(stat -c %s "$IMAGES/hello.img")
    run shell files web /tmp/image
    [[ "$output" == *" $bytes "* ]]
    shell pause other
    shell cp web:/tmp/image other:/copy
    run shell files other /copy
    [[ "$output" == *" $bytes "* ]]
    shell resume other
    run shell cp web:/tmp/image nobody:/copy
    [[ "$output" == *"There is no guest 'nobody'"* ]]
    run shell cp :nothing web:/copy
    [[ "$output" == *"no file 'nothing'"* ]]
    run shell cp web:/tmp/image :images/hello.img
    [[ "$output" == *"write GUEST:PATH"* ]]
    shell kill other
}

@test "inspect= says what is allowed, also to clones" {
    shell start http name=closed inspect=no
    shell start http name=shown inspect=read
    wait_for "closed: http: listening"
    wait_for "shown: http: listening"
    for command in "peek closed main" "poke closed main 90" "regs closed" "files closed" "cat closed /tmp/x" \
        "write closed /tmp/x y" "cp closed:/x web:/x" "poke shown main 90" "write shown /tmp/x y" "cp web:/x shown:/x"; do
        run shell $command
        [[ "$output" == *"does not allow that"* ]]
    done
    run shell files shown
    [[ "$output" == *tmp* ]]
    shell clone closed name=clone
    run shell files clone
    [[ "$output" == *"does not allow that"* ]]
    run shell start hello name=bad inspect=maybe
    [[ "$output" == *"write inspect="* ]]
    shell kill closed
    shell kill shown
    shell kill clone
}

@test "garbage for an answer" {
    for seed in 1 2 3; do
        shell start attack name=liar service "$seed"
        wait_for -c "$seed" "liar: attack: service begins"
        for i in 1 2 3 4 5; do
            SHELL_LIMIT=30 shell files liar / >/dev/null
            SHELL_LIMIT=30 shell cat liar /x >/dev/null
            SHELL_LIMIT=30 shell cp liar:/x web:/tmp/garbage >/dev/null
        done
        shell kill liar
    done
    ! plain_log | grep -iE "panic|BUG|domain 1 ended"
    run curl -sS -m 10 "http://127.0.0.1:$PORT/"
    [ "$output" = "Hello from Mayfly!" ]
}
