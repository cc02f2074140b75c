#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command `mayfly` as its users type it: build, pack, inspect, run.

bats_require_minimum_version 1.5.0

setup() {
    B=$(readlink -f "${MAYFLY_BUILD:-build}") # tests/part.mk
    export PATH="$B/bin:$PATH"
    export TMPDIR=$BATS_TEST_TMPDIR
    guest=$BATS_TEST_TMPDIR/guest
    mkdir -p "$guest"
    unset PORT ACCEL CPUS MEM SOURCE_DATE_EPOCH
    probe=$B/probe.elf # ends the machine with code 42
}

# hello_into FOLDER: a guest that prints its arguments and ends with 7.
hello_into() {
    mkdir -p "$1/lib"
    printf 'name: small\nsources: [main.c, "lib/*.c"]\nargs: [one, two words]\nmemory: 8M\n' >"$1/mayfly.yaml"
    printf 'int status(void);\nint status(void)\n{\n    return 7;\n}\n' >"$1/lib/status.c"
    cat >"$1/main.c" <<'C'
#include <stdio.h>
int status(void);
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("%d: %s\n", i, argv[i]);
    }
    return status();
}
C
}

# nothing_is_left: no temporary folder of mayfly stays.
nothing_is_left() {
    [ -z "$(find "$TMPDIR" -maxdepth 1 -name 'mayfly-*')" ]
}

# port_taken PORT: something listens there until the test ends.
port_taken() {
    perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
        LocalPort => 0, Listen => 1) or die; print $s->sockport, "\n"; close STDOUT; sleep 30' \
        >"$BATS_TEST_TMPDIR/port" 3>&- &
    holder=$!
    for _ in $(seq 100); do
        [ -s "$BATS_TEST_TMPDIR/port" ] && break
        sleep 0.05
    done
    port=$(cat "$BATS_TEST_TMPDIR/port")
}

# start_stopped: mayfly in the background (its id: running) with a machine that never starts.
start_stopped() {
    mayfly run --qemu -S --dom0 "$probe" >/dev/null 2>&1 3>&- &
    running=$!
    for _ in $(seq 100); do
        for machine in $(cat "/proc/$running/task/$running/children" 2>/dev/null); do
            ! grep -qs qemu "/proc/$machine/comm" || return 0
        done
        sleep 0.05
    done
    return 1
}

is_gone() {
    for _ in $(seq 100); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

teardown() {
    [ -z "${holder:-}" ] || kill "$holder" 2>/dev/null || true
    [ -z "${running:-}" ] || kill -9 "$running" 2>/dev/null || true
}

# ---- usage ---------------------------------------------------------------------------------------

@test "every command has a help with examples" {
    for command in new build run inspect pack key sign verify; do
        run mayfly $command --help
        [ "$status" -eq 0 ]
        [[ "$output" == *Examples:*mayfly\ $command* ]]
    done
    run mayfly --version
    [[ "$output" == "mayfly "[0-9]* ]]
}

@test "wrong usage is exit status 64 and says what is wrong" {
    run mayfly nothing
    [ "$status" -eq 64 ]
    [[ "$output" == *"no command \`nothing\`"* ]]
    run mayfly run --cpus 0 x
    [ "$status" -eq 64 ]
    MEM=lots run mayfly run x
    [ "$status" -eq 64 ]
    [[ "$output" == *"not \`lots\`"* ]]
    run mayfly build
    [ "$status" -eq 64 ]
    for port in abc 0 70000; do
        PORT=$port run mayfly run x
        [ "$status" -eq 64 ]
        [[ "$output" == *"PORT is to be a number from 1 to 65535, not \`$port\`"* ]]
    done
    run mayfly build ""
    [ "$status" -eq 64 ]
    run bash -c 'mayfly --help >/dev/full'
    [ "$status" -eq 1 ]
}

# ---- build ---------------------------------------------------------------------------------------

@test "the same guest gives the same bytes in another folder at another time" {
    hello_into "$guest"
    hello_into "$guest/elsewhere/deep"
    touch -d 2001-01-01 "$guest"/elsewhere/deep/*
    mkdir "$TMPDIR/other-tmp"
    mayfly build "$guest" -o "$guest/a.img"
    (cd "$guest/elsewhere" && TMPDIR=$TMPDIR/other-tmp mayfly build deep -o b.img)
    cmp "$guest/a.img" "$guest/elsewhere/b.img"
    cmp "$guest/a.img.debug" "$guest/elsewhere/b.img.debug"
    nothing_is_left
}

@test "nor does the user, the locale, the time zone, or a program that asks for the time, make a difference" {
    hello_into "$guest"
    printf 'cflags: [-flto]\n' >>"$guest/mayfly.yaml"
    sed -i 's/    return status/    printf("%s %s %s\\n", __DATE__, __TIME__, __FILE__);\n&/' "$guest/main.c"
    mkdir "$TMPDIR/elsewhere"
    (umask 077 && cp -R "$guest" "$TMPDIR/elsewhere/ü a=b")
    mayfly build "$guest" -o "$guest/a.img"
    (umask 077 && cd "$TMPDIR/elsewhere" && HOME=/ USER=else LC_ALL=C.UTF-8 TZ=Asia/Tokyo mayfly build "ü a=b" -o "$guest/b.img")
    cmp "$guest/a.img" "$guest/b.img"
    cmp "$guest/a.img.debug" "$guest/b.img.debug"
    run --separate-stderr mayfly run --timeout 60 "$guest/a.img"
    [ "${lines[2]}" = "Jan  1 1970 00:00:00 main.c" ]
    SOURCE_DATE_EPOCH=86400 mayfly build "$guest" -o "$guest/a.img"
    grep -aq "Jan  2 1970" "$guest/a.img"
    SOURCE_DATE_EPOCH=-5 run mayfly build "$guest"
    [ "$status" -eq 1 ]
    [[ "$output" == *"SOURCE_DATE_EPOCH is to be seconds since 1970, not \`-5\`"* ]]
}

@test "files go in sorted, with clean modes, and reproducibly" {
    hello_into "$guest"
    mkdir -p "$guest/www/sub" "$guest/again"
    echo body >"$guest/www/index.html"
    ln -s ../index.html "$guest/www/sub/link"
    chmod 640 "$guest/www/index.html"
    printf 'files:\n  ./www: /srv/www\n  ./main.c: /main.c\n' >>"$guest/mayfly.yaml"
    mayfly build "$guest" -o "$guest/a.img"
    run mayfly inspect "$guest/a.img"
    [ "$status" -eq 0 ]
    [[ "$output" == *"100644"*"/main.c"*"040755"*"/srv/"*"/srv/www/"*"100644"*"5"*"/srv/www/index.html"*"/srv/www/sub/link -> ../index.html"* ]]
    chmod 600 "$guest/www/index.html"
    mayfly build "$guest" -o "$guest/b.img"
    cmp "$guest/a.img" "$guest/b.img"
}

@test "hello is at most 128 KiB, http at most 400 KiB" {
    mayfly build examples/hello -o "$guest/hello.img"
    [ "$(stat -c %s "$guest/hello.img")" -le $((128 * 1024)) ]
    mayfly build examples/http -o "$guest/http.img"
    [ "$(stat -c %s "$guest/http.img")" -le $((400 * 1024)) ]
}

@test "new makes a project that builds and runs in its folder" {
    cd "$guest"
    mayfly new greet
    cd greet
    mayfly build
    run --separate-stderr mayfly run --timeout 60
    [ "$status" -eq 0 ]
    [ "$output" = "Hello from greet!" ]
    run mayfly new "$guest/greet"
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is something of that name"* ]]
    run mayfly new "$guest/Not Good"
    [ "$status" -eq 1 ]
    [ ! -e "$guest/Not Good" ]
}

@test "an image has no writable and executable segment and no SYSCALL instruction" {
    hello_into "$guest"
    mayfly build "$guest" -o "$guest/a.img"
    run readelf -lW "$guest/a.img"
    [[ "$output" != *"RWE"* ]]
    run bash -c "objdump -d '$guest/a.img.debug' | grep -wE 'syscall|sysret|iretq?'"
    [ "$status" -eq 1 ]
}

@test "errors of the compiler are passed through, and no image is made" {
    hello_into "$guest"
    echo 'int broken(void) { return oops; }' >>"$guest/lib/status.c"
    run mayfly build "$guest" -o "$guest/a.img"
    [ "$status" -eq 1 ]
    [[ "$output" == *"lib/status.c:6:"*"oops"* ]]
    [ ! -e "$guest/a.img" ]
    nothing_is_left
}

@test "errors of the manifest name file, line and column" {
    hello_into "$guest"
    echo 'sorces: [a.c]' >>"$guest/mayfly.yaml"
    run mayfly build "$guest"
    [ "$status" -eq 1 ]
    [[ "$output" == "$guest/mayfly.yaml:5:1: error: there is no field \`sorces\`"* ]]
    printf 'name: a\nsources:\n  - main.c\n  - gone.c\n' >"$guest/mayfly.yaml"
    run mayfly build "$guest"
    [[ "$output" == "$guest/mayfly.yaml:4:5: error: there is no such file"* ]]
    printf 'name: a\nsources: [main.c, lib/status.c]\nfiles: {gone: /gone}\n' >"$guest/mayfly.yaml"
    run mayfly build "$guest"
    [[ "$output" == "$guest/mayfly.yaml:3:9: error: cannot read $guest/gone"* ]]
    run mayfly build "$guest/nowhere"
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot open $guest/nowhere/mayfly.yaml"* ]]
    run mayfly build "$guest/mayfly.yaml"
    [ "$status" -eq 1 ]
    [[ "$output" == *"mayfly.yaml is a file: say the folder"* ]]
}

@test "a source that the compiler would not understand is an error of the manifest" {
    hello_into "$guest"
    touch "$guest/more.cpp" "$guest/part.o"
    refused() {
        printf 'name: a\nsources: [%s]\n' "$1" >"$guest/mayfly.yaml"
        run mayfly build "$guest"
        [ "$status" -eq 1 ]
        [[ "$output" == "$guest/mayfly.yaml:2:11: error: $2"* ]]
    }
    touch "$guest"/la$'\xe9'tin.c
    printf 'name: a\nsources: [main.c, lib/status.c, "la*.c"]\n' >"$guest/mayfly.yaml"
    run mayfly build "$guest"
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not UTF-8, so no manifest can have it: rename it"* ]]
    refused '""' "a value is missing here"
    refused lib "lib is a folder: name its files"
    refused more.cpp "more.cpp is C++"
    refused part.o "part.o is no C or assembly file"
    refused mayfly.yaml "mayfly.yaml is no C or assembly file"
    printf 'int main(void) { return 3; }\n' >"$guest/-dash.c"
    printf 'name: a\nsources: ["-dash.c"]\n' >"$guest/mayfly.yaml"
    mayfly build "$guest" -o "$guest/a.img"
}

@test "what is no ordinary file is never replaced by an image" {
    hello_into "$guest"
    mkfifo "$guest/fifo"
    run mayfly build "$guest" -o "$guest/fifo"
    [ "$status" -eq 1 ]
    [ "$output" = "mayfly: cannot write $guest/fifo: it is no ordinary file" ]
    [ -p "$guest/fifo" ]
    run mayfly build "$guest" -o "$guest/lib"
    [[ "$output" == *"it is a folder"* ]]
}

@test "new makes all of a project or nothing" {
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    run unshare -rm sh -c "mount -t tmpfs -o nr_inodes=3 none '$guest' && ! mayfly new '$guest/greet' && find '$guest'"
    [ "$status" -eq 0 ]
    [[ "${lines[0]}" == *"no disk space left for $guest/greet/"* ]]
    [ "${lines[1]}" = "$guest" ]
    [ "${#lines[@]}" -eq 2 ]
}

# slow_compiler: one that leaves a temporary file, as gcc does, and waits in a process of its own, whose id it tells.
slow_compiler() {
    hello_into "$guest"
    printf 'name: small\nsources: [main.c]\n' >"$guest/mayfly.yaml"
    mkdir -p "$guest/sdk/bin"
    cat >"$guest/sdk/bin/x86_64-mayfly-elf-gcc" <<'SH'
#!/bin/sh
sleep 60 3>&- &
touch "$TMPDIR/ccTemporary.s"
echo $! >"$0.$$" && mv "$0.$$" "$0.pid"
wait
SH
    chmod +x "$guest/sdk/bin/x86_64-mayfly-elf-gcc"
    # A background job of a script ignores SIGINT.
    MAYFLY_SDK=$guest/sdk env --default-signal=INT mayfly build "$guest" -o "$guest/a.img" 2>"$guest/said" 3>&- &
    running=$!
    for _ in $(seq 200); do
        [ ! -s "$guest/sdk/bin/x86_64-mayfly-elf-gcc.pid" ] || break
        sleep 0.05
    done
    compiler=$(cat "$guest/sdk/bin/x86_64-mayfly-elf-gcc.pid")
}

nothing_is_left_soon() {
    for _ in $(seq 100); do
        ! nothing_is_left || return 0
        sleep 0.05
    done
    return 1
}

@test "a signal ends the compilers, whatever they started, and leaves nothing" {
    for signal in INT TERM HUP; do
        rm -rf "$guest/sdk"
        slow_compiler
        kill "-$signal" "$running"
        wait "$running" || ended=$?
        [ "$ended" -eq $((128 + $(kill -l "$signal"))) ]
        is_gone "$compiler"
        nothing_is_left_soon
        [ -z "$(cat "$guest/said")" ] || { cat "$guest/said"; return 1; }
        [ ! -e "$guest/a.img" ]
    done
}

@test "what is left of a build that was killed goes when its compilers end" {
    slow_compiler
    kill -KILL "$running"
    wait "$running" || true
    ! nothing_is_left # a compiler writes there
    kill "$compiler"
    nothing_is_left_soon
}

@test "a missing compiler is one line that says what to do" {
    hello_into "$guest"
    MAYFLY_SDK=/nonexistent run mayfly build "$guest"
    [ "$status" -eq 1 ]
    [[ "$output" == "mayfly: there is no compiler at /nonexistent/bin/x86_64-mayfly-elf-gcc"*"make"* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a program of the host is refused" {
    printf 'name: host\nelf: /bin/true\n' >"$guest/mayfly.yaml"
    run mayfly build "$guest" -o "$guest/a.img"
    [ "$status" -eq 1 ]
    [[ "$output" == "/bin/true is not static"* || "$output" == *"x86_64-mayfly-elf-gcc"* ]]
    [ ! -e "$guest/a.img" ]
}

@test "pack packages a linked program" {
    hello_into "$guest"
    x86_64=$B/sdk/bin/x86_64-mayfly-elf-gcc
    "$x86_64" "$guest/main.c" "$guest/lib/status.c" -o "$guest/linked.elf"
    mayfly pack "$guest/linked.elf" -o "$guest/linked.img"
    run mayfly inspect --json "$guest/linked.img"
    [[ "$output" == *'"name": "linked"'* ]]
}

@test "build --json and inspect --json are JSON with the figures of the image" {
    hello_into "$guest"
    run mayfly build --json "$guest" -o "$guest/a.img"
    [[ "$output" == *"\"bytes\": $(stat -c %s "$guest/a.img")"* ]]
    [[ "$output" == *"\"image\": \"$guest/a.img\""* ]]
    run mayfly inspect --json "$guest/a.img"
    [[ "$output" == *'"what": "text"'* ]]
    [[ "$output" == *'"memory": 8388608'* ]]
}

@test "the manifest names the hash of every source and header, and the runtime" {
    hello_into "$guest"
    printf '#define STATUS 7\n' >"$guest/lib/a b.h"
    sed -i '1i #include "a b.h"' "$guest/lib/status.c"
    mayfly build "$guest" -o "$guest/a.img"
    mayfly inspect --json "$guest/a.img" >"$guest/json"
    for file in main.c lib/status.c "lib/a b.h" mayfly.yaml; do
        grep -qF "\"$file\": \"$(sha256sum <"$guest/$file" | cut -c 1-64)\"" "$guest/json"
    done
    grep -q "\"sha256\": \"$(cat "$B/sdk/lib/runtime.sha256")\"" "$guest/json"
    grep -q '"version": "mayfly ' "$guest/json"
}

@test "inspect names the functions of POSIX that the program calls, and the hash of every layer" {
    hello_into "$guest"
    mayfly build "$guest" -o "$guest/a.img"
    run mayfly inspect "$guest/a.img"
    [[ "$output" == *"functions of POSIX that the program calls:
 printf
"* ]]
    [[ "$output" == *"id           sha256:"*"signature    none"* ]]
    read -r offset bytes < <(readelf -lW "$guest/a.img" | awk '$1 == "LOAD" && / R E / { print $2, $5 }')
    text=$(tail -c "+$((offset + 1))" "$guest/a.img" | head -c "$((bytes))" | sha256sum | cut -c 1-16)
    [[ "$output" == *"text     $text"* ]]
}

# ---- signatures ----------------------------------------------------------------------------------

@test "an image is signed by a key, and verified with it alone" {
    hello_into "$guest"
    cd "$guest"
    mayfly key new one >/dev/null
    mayfly key new two >/dev/null
    [ "$(stat -c %a one)" = 600 ]
    mayfly build . -o a.img
    run mayfly verify a.img
    [ "$status" -eq 1 ]
    [[ "$output" == *"a.img is not signed" ]]
    id=$(mayfly inspect a.img | grep '^id ')
    mayfly sign -k one a.img
    [ "$(mayfly inspect a.img | grep '^id ')" = "$id" ]
    mayfly verify -k one.pub a.img | grep -q "signed by $(mayfly key show one)"
    run mayfly verify -k two.pub a.img
    [ "$status" -eq 1 ]
    MAYFLY_KEY=one mayfly build . -o b.img
    cmp a.img b.img
    printf x | dd of=a.img bs=1 seek=20000 conv=notrunc 2>/dev/null
    run mayfly verify a.img
    [ "$status" -eq 1 ]
    [[ "$output" == *"is damaged"* ]]
}

@test "dom0 starts only images signed by its keys, when it is told so" {
    hello_into "$guest"
    cd "$guest"
    mayfly key new one >/dev/null
    mayfly key new two >/dev/null
    mayfly build . -o plain.img
    mayfly build -k one . -o signed.img
    boot() {
        run --separate-stderr mayfly run --timeout 60 --set require-signature=yes --set "key=$(mayfly key show "$1")" "$2"
    }
    boot one signed.img
    [ "$status" -eq 7 ]
    boot two signed.img
    [ "$status" -eq 125 ]
    [[ "$output" == *"image small: is signed by a key that is not in the list of accepted keys"* ]]
    boot one plain.img
    [ "$status" -eq 125 ]
    [[ "$output" == *"image small: is not signed, and mayfly.conf says require-signature = yes"* ]]
    printf x | dd of=signed.img bs=1 seek=20000 conv=notrunc 2>/dev/null
    boot one signed.img
    [ "$status" -eq 125 ]
    [[ "$output" == *"image small: is damaged"* ]]
    run mayfly run --timeout 60 plain.img
    [ "$status" -eq 7 ]
}

@test "run --keys: only images signed by one of the file's keys" {
    hello_into "$guest"
    cd "$guest"
    mayfly key new one >/dev/null
    mayfly key new two >/dev/null
    mayfly key new other >/dev/null
    mayfly build -k two . -o signed.img
    mayfly build -k other . -o foreign.img
    { echo "# who may"; cat one.pub two.pub; } >accepted
    run mayfly run --timeout 60 --keys accepted signed.img
    [ "$status" -eq 7 ]
    run mayfly run --timeout 60 --keys accepted foreign.img
    [ "$status" -eq 125 ]
    [[ "$output" == *"is signed by a key that is not in the list of accepted keys"* ]]
    run mayfly run --timeout 60 --uefi --keys accepted foreign.img
    [ "$status" -eq 125 ]
    [[ "$output" == *"is signed by a key that is not in the list of accepted keys"* ]]
    run mayfly run --timeout 60 --keys missing signed.img
    [ "$status" -eq 1 ]
    [[ "$output" == *"missing"* ]]
}

@test "inspect, share and fork of mayfly.yaml hold in dom0 and are shown" {
    hello_into "$guest"
    cd "$guest"
    printf 'inspect: no\nshare: web,log\nfork: 3\n' >>mayfly.yaml
    mayfly build . -o a.img
    run mayfly inspect a.img
    [[ "$output" == *"inspect      no"*"share        web,log"*"fork         3 processes"* ]]
    mayfly inspect --json a.img | grep -q '"fork": *3'
    printf 'create small\rinfo small\rpeek small main\rpoweroff\r' >keys.typed
    run mayfly run --timeout 60 --shell a.img <keys.typed
    echo "$output"
    [[ "$output" == *"inspect     no"* ]]
    [[ "$output" == *"share       web,log"* ]]
    [[ "$output" == *"fork        at most 3"* ]]
}

@test "what is no image is refused" {
    echo no >"$guest/a.img"
    run mayfly inspect "$guest/a.img"
    [ "$status" -eq 1 ]
    [[ "$output" == "mayfly: $guest/a.img is not an ELF file" ]]
    run mayfly inspect "$B/bin/mayfly"
    [ "$status" -eq 1 ]
}

# ---- run -----------------------------------------------------------------------------------------

@test "run shows the guest's output alone and ends with its exit status" {
    hello_into "$guest"
    run --separate-stderr mayfly run --timeout 60 "$guest"
    [ "$status" -eq 7 ]
    [ "$output" = "1: one
2: two words" ]
    nothing_is_left
}

@test "arguments behind the guest replace those of the manifest" {
    hello_into "$guest"
    mayfly build "$guest" -o "$guest/a.img"
    run --separate-stderr mayfly run --timeout 60 "$guest/a.img" --verbose "it's" 'a "b" \c' name=x
    [ "$status" -eq 7 ]
    [ "$output" = "1: --verbose
2: it's
3: a \"b\" \\c
4: name=x" ]
}

@test "input that is there from the start reaches the guest whole" {
    printf 'name: echoes\nsources: [main.c]\n' >"$guest/mayfly.yaml"
    cat >"$guest/main.c" <<'C'
#include <stdio.h>
int main(void)
{
    char line[64];
    while (fgets(line, sizeof(line), stdin) != NULL && line[0] != 'q') {
        printf("got %s", line);
    }
    return 0;
}
C
    mayfly build "$guest" -o "$guest/a.img"
    for how in "" --uefi; do
        printf 'one\ntwo\nq\n' >"$guest/input"
        run --separate-stderr mayfly run --timeout 60 $how "$guest/a.img" <"$guest/input"
        [ "$status" -eq 0 ]
        [ "$output" = "got one
got two" ]
    done
}

@test "run takes a linked program as it is" {
    hello_into "$guest"
    "$B/sdk/bin/x86_64-mayfly-elf-gcc" "$guest/main.c" "$guest/lib/status.c" -o "$guest/Linked.elf"
    run --separate-stderr mayfly run --timeout 60 "$guest/Linked.elf" hi
    [ "$status" -eq 7 ]
    [ "$output" = "1: hi" ]
}

@test "a compilation of more than a second says so on a terminal, and only there" {
    mkdir -p "$guest/sdk/bin"
    hello_into "$guest"
    printf '#!/bin/sh\ncase "$*" in *main.c*) sleep 1.5 ;; esac\nexec "%s" "$@"\n' "$B/sdk/bin/x86_64-mayfly-elf-gcc" \
        >"$guest/sdk/bin/x86_64-mayfly-elf-gcc"
    chmod +x "$guest/sdk/bin/x86_64-mayfly-elf-gcc"
    run script -qec "MAYFLY_SDK=$guest/sdk mayfly build $guest -o $guest/a.img" /dev/null
    [ "$status" -eq 0 ]
    [[ "$output" == *"compiling "*" of 2"* ]]
    MAYFLY_SDK=$guest/sdk run mayfly build "$guest" -o "$guest/a.img"
    [ -z "$output" ]
}

@test "a guest ended by a fault is exit status 139" {
    run mayfly run --timeout 60 examples/crash null
    [ "$status" -eq 139 ]
    [[ "$output" == *write_to_null* ]]
}

@test "the first domain boots by PVH and by UEFI" {
    run mayfly run --timeout 60 --dom0 "$probe"
    [ "$status" -eq 42 ]
    run mayfly run --timeout 60 --uefi --dom0 "$probe"
    [ "$status" -eq 42 ]
    [ -z "$output" ]
    nothing_is_left
}

@test "a time limit is exit status 124 and leaves nothing" {
    run mayfly run --timeout 1 --qemu -S --dom0 "$probe"
    [ "$status" -eq 124 ]
    nothing_is_left
}

@test "SIGTERM ends QEMU and removes everything" {
    start_stopped
    kill -TERM "$running"
    wait "$running" || ended=$?
    [ "${ended:-0}" -eq 143 ]
    is_gone "$machine"
    nothing_is_left
}

@test "nothing stays when mayfly is killed" {
    start_stopped
    kill -KILL "$running"
    is_gone "$machine"
    for _ in $(seq 100); do
        nothing_is_left && break
        sleep 0.05
    done
    nothing_is_left
}

@test "missing parts are one line that says what to do" {
    MAYFLY_BOOT=/nonexistent run mayfly run --dom0 "$probe"
    [ "$status" -eq 1 ]
    [[ "$output" == "mayfly: /nonexistent/hv.elf is missing: build Mayfly with \`make\`"* ]]
    MAYFLY_OVMF=/nonexistent run mayfly run --uefi --dom0 "$probe"
    [ "$status" -eq 1 ]
    [[ "$output" == *"firmware /nonexistent is missing"*"apt install ovmf"* ]]
    PATH=$B/bin run mayfly run --dom0 "$probe"
    [ "$status" -eq 1 ]
    [[ "$output" == *"qemu-system-x86_64 is missing"*"apt install"* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a port in use is one line that says what to do" {
    port_taken
    run mayfly run -p "$port:80" --dom0 "$probe"
    [ "$status" -eq 1 ]
    [[ "$output" == "mayfly: port $port is in use"*"PORT="* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a port that is published twice is one line that says so" {
    port_taken
    run mayfly run -p "$((port - 1)):80" -p "$((port - 1)):81" --dom0 "$probe"
    [ "$status" -eq 1 ]
    [[ "$output" == "mayfly: port $((port - 1)) is published twice, for 80 and for 81"* ]]
}

@test "files and folders may have names of all kinds" {
    mkdir "$TMPDIR/it's a:b,c=d ü"
    cd "$TMPDIR/it's a:b,c=d ü"
    hello_into 'my "guest" $1'
    run --separate-stderr env "TMPDIR=$PWD" mayfly run --timeout 60 --uefi --disk "disk:one,two:4M" 'my "guest" $1'
    [ "$status" -eq 7 ]
    [ "$output" = "1: one
2: two words" ]
    [ "$(stat -c %s disk:one,two)" -eq $((4 << 20)) ]
}

@test "the same run gives the same boot archive" {
    hello_into "$guest"
    mayfly build "$guest" -o "$guest/a.img"
    mayfly run --print-command --boot-dir "$guest/one" "$guest/a.img" >"$guest/command"
    mayfly run --print-command --boot-dir "$guest/two" "$guest/a.img" >/dev/null
    cmp "$guest/one/boot.cpio" "$guest/two/boot.cpio"
    grep -q -- "-initrd $guest/one/boot.cpio" "$guest/command"
}
