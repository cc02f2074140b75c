#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Boot: what hv says when it cannot go on, poorer CPUs, little memory.

load lib/system

# boot_hv ARGUMENT...: hv.elf by PVH with these arguments of QEMU; the serial line is $output.
boot_hv() {
    run timeout 60 qemu-system-x86_64 -M q35,smm=off,vmport=off -accel tcg,thread=multi -cpu max,-erms,-la57 -m 256M \
        -nodefaults -no-user-config -no-reboot -display none -serial stdio -debugcon "file:$BATS_TEST_TMPDIR/debug" \
        -device isa-debug-exit,iobase=0xf4,iosize=0x04 -kernel "$B/hv.elf" "$@" </dev/null
    [ "$status" -ne 124 ]
}

# The panic of $output: what, where, with names of functions, and an end with a code that is not 0.
is_panic() {
    echo "$output"
    [[ "$output" == *"PANIC on CPU"* ]]
    [[ "$output" == *"hv_main"* ]]
    grep -q "^mayfly-exit: -1" "$BATS_TEST_TMPDIR/debug"
}

@test "without dom0.elf hv panics with what to do and a backtrace with names" {
    : >"$BATS_TEST_TMPDIR/mayfly.conf"
    "$TOP/tests/scripts/mkcpio" mayfly.conf="$BATS_TEST_TMPDIR/mayfly.conf" >"$BATS_TEST_TMPDIR/boot.cpio"
    boot_hv -initrd "$BATS_TEST_TMPDIR/boot.cpio"
    is_panic
    [[ "$output" == *dom0.elf* ]]
}

@test "the same with 4 CPUs" {
    : >"$BATS_TEST_TMPDIR/mayfly.conf"
    "$TOP/tests/scripts/mkcpio" mayfly.conf="$BATS_TEST_TMPDIR/mayfly.conf" >"$BATS_TEST_TMPDIR/boot.cpio"
    boot_hv -smp 4 -initrd "$BATS_TEST_TMPDIR/boot.cpio"
    is_panic
}

@test "a dom0.elf that is no image is told" {
    : >"$BATS_TEST_TMPDIR/mayfly.conf"
    "$TOP/tests/scripts/mkcpio" mayfly.conf="$BATS_TEST_TMPDIR/mayfly.conf" dom0.elf="$TOP/README.md" \
        >"$BATS_TEST_TMPDIR/boot.cpio"
    boot_hv -initrd "$BATS_TEST_TMPDIR/boot.cpio"
    is_panic
    [[ "$output" == *dom0.elf* ]]
}

@test "a damaged archive is told" {
    head -c 1000 /dev/zero >"$BATS_TEST_TMPDIR/boot.cpio"
    boot_hv -initrd "$BATS_TEST_TMPDIR/boot.cpio"
    [[ "$output" == *"initrd"* ]]
    grep -q "^mayfly-exit: -1" "$BATS_TEST_TMPDIR/debug"
}

# Images of QEMU's CPU models: without FSGSBASE, SMEP, SMAP, XSAVE, RDRAND, 1 GiB pages; and two others.
@test "hello runs on a CPU that has hardly anything" {
    run timeout 60 "$MAYFLY" run --timeout 50 --qemu -cpu --qemu qemu64 "$IMAGES/hello.img" </dev/null
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"* ]]
}

@test "hello runs on Nehalem, Haswell and EPYC" {
    for model in Nehalem Haswell EPYC; do
        run timeout 60 "$MAYFLY" run --timeout 50 --cpus 2 --qemu -cpu --qemu $model "$IMAGES/hello.img" </dev/null
        echo "$model: $output"
        [ "$status" -eq 0 ]
        [[ "$output" == *"Hello from Mayfly!"* ]]
    done
}

@test "48 MiB of memory are enough for hello" {
    run timeout 60 "$MAYFLY" run --timeout 50 -m 48M "$IMAGES/hello.img" </dev/null
    [ "$status" -eq 0 ]
    [[ "$output" == *"Hello from Mayfly!"* ]]
}

@test "6 GiB of memory, more than below the PCI hole, are all used" {
    run timeout 60 "$MAYFLY" run -v --timeout 50 -m 6G "$IMAGES/hello.img" </dev/null
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" =~ (60|61)[0-9][0-9]" MiB of free memory" ]]
}

@test "an idle machine leaves the host's CPU alone" {
    system_start --cpus 2 -p "$(free_port):80" "$IMAGES/http.img"
    wait_for "http: listening"
    qemu=$(cat "/proc/$(cat "$RUN/pid")/task/$(cat "$RUN/pid")/children")
    qemu=${qemu%% *}
    # User and system time in ticks of 10 ms, while two seconds pass.
    before=$(awk '{ print $14 + $15 }' "/proc/$qemu/stat")
    sleep 2
    after=$(awk '{ print $14 + $15 }' "/proc/$qemu/stat")
    system_stop
    echo "$((after - before)) ticks in 2 s"
    [ $((after - before)) -lt 40 ]
}

# hv's own protection shows in nothing that a guest can see, so QEMU's monitor is asked.
@test "SMEP, SMAP, UMIP, write protection and NX are on, on every CPU" {
    mkfifo "$RUN/monitor.in" "$RUN/monitor.out"
    cat "$RUN/monitor.out" >"$RUN/registers" 3>&- &
    reader=$!
    system_start --cpus 2 -p "$(free_port):80" --qemu -monitor --qemu "pipe:$RUN/monitor" "$IMAGES/http.img"
    wait_for "http: listening"
    echo "info registers -a" >"$RUN/monitor.in"
    for ((i = 0; i < 100; i++)); do
        [ "$(grep -c '^EFER=' "$RUN/registers")" -eq 2 ] && break
        sleep 0.05
    done
    system_stop
    kill "$reader" 2>/dev/null || true
    [ "$(grep -c '^EFER=' "$RUN/registers")" -eq 2 ]
    for cr4 in $(sed -n 's/.*CR4=\([0-9a-f]*\).*/\1/p' "$RUN/registers"); do
        [ $((0x$cr4 & 0x300800)) -eq $((0x300800)) ]
    done
    for cr0 in $(sed -n 's/.*CR0=\([0-9a-f]*\).*/\1/p' "$RUN/registers"); do
        [ $((0x$cr0 & 0x10000)) -ne 0 ]
    done
    for efer in $(sed -n 's/.*EFER=\([0-9a-f]*\).*/\1/p' "$RUN/registers"); do
        [ $((0x$efer & 0x800)) -ne 0 ]
    done
}
