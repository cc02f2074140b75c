#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `mayfly run`: a guest's output and exit status, faults, and what a user is told when something is wrong.

load lib/system

run_guest() {
    run timeout 60 "$MAYFLY" run --timeout 50 "$@" </dev/null
}

@test "hello prints its greeting and arguments and ends with 0" {
    run_guest "$IMAGES/hello.img"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"*"argument 1: one"*"argument 2: two words"* ]]
}

@test "arguments and exit status pass through" {
    run_guest "$IMAGES/hello.img" first "second one" --status 7
    [ "$status" -eq 7 ]
    [[ "$output" == *"argument 1: first"*"argument 2: second one"* ]]
}

@test "a guest gets 250 arguments of 30 bytes, and is told in time of more" {
    args=()
    for ((i = 1; i <= 250; i++)); do args+=("/a/file/with/a/name/number-$i"); done
    run_guest "$IMAGES/hello.img" "${args[@]}"
    echo "$output" | tail -n 3
    [ "$status" -eq 0 ]
    [[ "$output" == *"argument 1: /a/file/with/a/name/number-1"*"argument 250: /a/file/with/a/name/number-250"* ]]
    run_guest "$IMAGES/hello.img" "${args[@]}" more than that, all in all
    [ "$status" -ne 0 ]
    [[ "$output" == *"the arguments are too many, or too long: put them into args"* ]]
}

@test "a folder with a mayfly.yaml is built and run" {
    run_guest "$TOP/examples/hello" again
    [ "$status" -eq 0 ]
    [[ "$output" == *"argument 1: again"* ]]
}

@test "hello runs with 2 and with 4 CPUs" {
    run_guest --cpus 2 "$IMAGES/hello.img"
    [ "$status" -eq 0 ]
    run_guest --cpus 4 "$IMAGES/hello.img"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"* ]]
}

@test "hello boots by UEFI" {
    run_guest --uefi "$IMAGES/hello.img"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"* ]]
}

@test "hello boots by UEFI with 4 CPUs" {
    run_guest --uefi --cpus 4 "$IMAGES/hello.img"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"* ]]
}

# crash KIND FUNCTION: ends by a fault, with a report that names the function.
crash_reports() {
    run_guest "$IMAGES/crash.img" "$1"
    [ "$status" -ge 128 ]
    [[ "$output" == *"crash: $1"* ]]
    [[ "$output" != *"still alive"* ]]
    [[ "$output" == *"$2"* ]]
}

@test "a write to NULL is reported with the function's name" { crash_reports null write_to_null; }
@test "a write to text is reported with the function's name" { crash_reports text write_to_text; }
@test "a division by zero is reported with the function's name" { crash_reports divide divide_by_zero; }
@test "an illegal instruction is reported with the function's name" { crash_reports illegal illegal_instruction; }
@test "a privileged instruction is reported with the function's name" { crash_reports privileged privileged_instruction; }
@test "a stack overflow is reported with the function's name" { crash_reports stack overflow_the_stack; }

@test "a fault is told once, by the guest or by dom0" {
    local kind
    for kind in null stack; do
        run_guest "$IMAGES/crash.img" $kind
        [ "$(grep -c '  rax [0-9a-f]\{16\} rbx ' <<<"$output")" -eq 1 ]
        [ "$(grep -c 'page fault' <<<"$output")" -eq 1 ]
        [ "$(grep -c '  #00* ' <<<"$output")" -eq 1 ]
    done
}

@test "an image that was built for another ABI version is refused" {
    local at
    cp "$IMAGES/hello.img" "$BATS_TEST_TMPDIR/hello.img"
    # The header: its magic, then the ABI's version in its last four bytes.
    at=$(LC_ALL=C grep -obUaP -m 1 'MFIM\x01\x00\x00\x00' "$BATS_TEST_TMPDIR/hello.img" | head -n 1 | cut -d: -f1)
    [ -n "$at" ]
    printf '\x63\x00\x00\x00' | dd of="$BATS_TEST_TMPDIR/hello.img" bs=1 seek=$((at + 68)) conv=notrunc 2>/dev/null
    run_guest "$BATS_TEST_TMPDIR/hello.img"
    [ "$status" -eq 125 ]
    [[ "$output" == *"built for ABI version 99, this machine has"*"build it again"* ]]
    [[ "$output" != *"Hello from Mayfly"* ]]
}

@test "abort() is reported" { crash_reports abort abort; }

@test "the exit status says how a guest ended" {
    local how
    for how in "divide 136" "illegal 132" "abort 134" "privileged 139"; do # docs/debugging.md
        run_guest "$IMAGES/crash.img" "${how% *}"
        [ "$status" -eq "${how#* }" ]
    done
}

@test "a guest over its memory limit gets no more, and its memory is bounded" {
    run_guest "$PROGRAMS/memhog.img"
    [ "$status" -ne 0 ]
    [[ "$output" == *"memhog: 32 MiB"* ]]
    [[ "$output" != *"memhog: 65 MiB"* ]]
}

@test "a port in use is one line that says what to do" {
    port=$(free_port)
    system_start -p "$port:80" "$IMAGES/http.img"
    wait_for "listening on port 80"
    run_guest -p "$port:80" "$IMAGES/http.img"
    system_stop
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"port $port is in use"* ]]
}

@test "Ctrl-C ends it at once and leaves nothing behind" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp system_start -p "$(free_port):80" "$IMAGES/http.img"
    wait_for "listening on port 80"
    pid=$(cat "$RUN/pid")
    qemu=$(children_of "$pid")
    [ -n "$qemu" ]
    kill -INT "$pid"
    wait_gone "$pid"
    for child in $qemu; do
        wait_gone "$child"
    done
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
    system_stop
}

children_of() {
    cat "/proc/$1/task/$1/children"
}

@test "a second disk is refused, not ignored" {
    run "$MAYFLY" run --shell --timeout 20 --disk "$RUN/one:8M" --disk "$RUN/two:8M" "$IMAGES/hello.img" </dev/null
    [ "$status" -ne 0 ]
    [[ "$output" == *"--disk can be given once"* ]]
    [ ! -e "$RUN/one" ] && [ ! -e "$RUN/two" ]
}

@test "a disk that is a folder, or whose size is none, is told" {
    run "$MAYFLY" run --shell --timeout 20 --disk "$RUN" "$IMAGES/hello.img" </dev/null
    [ "$status" -ne 0 ]
    [ "$output" = "mayfly: the disk $RUN is a folder: a disk is a file" ]
    run "$MAYFLY" run --shell --timeout 20 --disk "$RUN/one:abc" "$IMAGES/hello.img" </dev/null
    [ "$status" -ne 0 ]
    [[ "$output" == *"\`abc\` is not a size"* ]]
}

@test "an image that is not there is one line" {
    run_guest "$BATS_TEST_TMPDIR/nothing.img"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *nothing.img* ]]
}

@test "no QEMU is one line that says what to install" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    PATH=$BATS_TEST_TMPDIR/bin run "$MAYFLY" run "$IMAGES/hello.img"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"apt install qemu-system-x86"* ]]
}

@test "no OVMF is one line that says what to install" {
    MAYFLY_OVMF=$BATS_TEST_TMPDIR/none run_guest --uefi "$IMAGES/hello.img"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *OVMF* ]]
}

# What a pipe does: 3 MB are more than all buffers between the guest and the reader have together.
@test "a reader that begins late gets all that a guest wrote" {
    local read=$BATS_TEST_TMPDIR/read
    timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAMS/flood.img" 300000 </dev/null |
        { sleep 2; cat >"$read"; }
    seq -f %09.0f 0 299999 | cmp - "$read"
}

@test "a reader that has seen enough ends the run, quietly" {
    local first statuses
    first=$(timeout 60 "$MAYFLY" run --timeout 50 "$PROGRAMS/flood.img" 300000 </dev/null 2>"$BATS_TEST_TMPDIR/error" |
        head -n 2; echo "${PIPESTATUS[0]}")
    [ "$first" = $'000000000\n000000001\n141' ]
    [ ! -s "$BATS_TEST_TMPDIR/error" ]
}

@test "output that cannot be written is an error, also of a guest that has ended" {
    local lines
    for lines in 1 300000; do
        run bash -c '"$0" run --timeout 50 "$1" "$2" </dev/null >/dev/full' "$MAYFLY" "$PROGRAMS/flood.img" $lines
        [ "$status" -eq 125 ]
        [[ "$output" == "mayfly: cannot write the output: No space left on device" ]]
    done
}

@test "the time limit ends a run whose output nobody takes" {
    mkfifo "$BATS_TEST_TMPDIR/unread"
    exec 4<>"$BATS_TEST_TMPDIR/unread"
    run bash -c '"$0" run --timeout 3 "$1" 300000 </dev/null >"$2"' "$MAYFLY" "$PROGRAMS/flood.img" "$BATS_TEST_TMPDIR/unread"
    exec 4>&-
    [ "$status" -eq 124 ]
}
