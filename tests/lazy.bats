#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# limit: 900
# Templates that are cloned before all of them has been read from the disk.

load lib/system

setup_file() {
    load lib/system
    PORT_A=$(free_port)
    export PORT_A DISK=$RUN/saved.disk
}

teardown() {
    system_stop
}

# boot [MEMORY [DISK]]
boot() {
    system_start --shell --cpus "${CPUS:-2}" -m "${1:-384M}" --disk "${2:-$DISK:384M}" -p "$PORT_A:$PORT_A" \
        "$IMAGES/http.img" "$PROGRAMS/pattern.img" "$PROGRAMS/ballast.img"
    wait_for "^mayfly> "
}

# Several commands at once: the later ones do not wait for this script.
type_all() {
    printf '%s\r' "$@" >"$RUN/input"
}

# line TEXT: where it first stands in the log.
line() {
    plain_log | grep -nE -m1 -- "$1" | cut -d: -f1
}

# read_kib NAME: how much of it has been read so far; nothing when all is.
read_kib() {
    shell info | sed -n "s/^reading *$1: \([0-9]*\) of .*/\1/p"
}

# right NAME SEED: the guest checks all of its memory.
right() {
    shell signal "$1" USR1
    wait_for "$1: ballast $2: all is right" 60
}

@test "what the other tests restore is saved" {
    boot
    shell start ballast name=b 3 64
    wait_for "ballast 3: filled" 60
    shell snapshot b big
    SHELL_LIMIT=60 run shell save big
    [[ "$output" == *"big is saved"* ]]
    shell start pattern name=p 7 24
    wait_for "pattern 7: filled" 60
    shell snapshot p large
    SHELL_LIMIT=60 shell save large
    shell clone large name=next
    wait_for "next: pattern 7: changed" 60
    shell snapshot next changed
    SHELL_LIMIT=60 run shell save changed
    [[ "$output" == *"the difference from large"* ]]
    type poweroff
    [ "$(system_status)" -eq 0 ]
    cp "$DISK" "$RUN/good.disk"
}

@test "the first clone answers before all is read, and all is right in the end" {
    boot
    type_all "restore big" "clone big name=one" info "clone big name=busy" "signal busy USR1"
    wait_for "one: ballast 3: here"
    wait_for "\[big: all of it is read, 655[0-9]{2} KiB\]" 60
    plain_log | grep -E "restored|here|reading|all of it"
    [ "$(line 'one: ballast 3: here')" -lt "$(line 'all of it is read')" ]
    [ "$(plain_log | sed -n 's/.*big is restored: .* of which \([0-9]*\) KiB.*/\1/p')" -lt 2048 ]
    [ "$(plain_log | sed -n 's/^reading *big: \([0-9]*\) of .*/\1/p')" -lt 8192 ]
    wait_for "busy: ballast 3: all is right" 60
    right one 3
    shell clone big name=two
    right two 3
    [ -z "$(read_kib big)" ]
}

@test "with one CPU, too" {
    CPUS=1 boot
    type_all "restore big" "clone big name=one" "clone big name=busy" "signal busy USR1"
    wait_for "one: ballast 3: here"
    wait_for "all of it is read" 60
    [ "$(line 'one: ballast 3: here')" -lt "$(line 'all of it is read')" ]
    wait_for "busy: ballast 3: all is right" 60
    right one 3
}

@test "only what is needed is read when the user says so" {
    boot
    run shell restore big lazy
    [[ "$output" == *"big is restored: 655"*" KiB, of which "* ]]
    shell clone big name=one
    wait_for "one: ballast 3: here"
    [ "$(read_kib big)" -lt 4096 ]
    # Protecting and writing a page has its region brought, not more.
    shell signal one USR2
    wait_for "one: ballast 3: one is right"
    shell signal one USR2
    wait_for -c 2 "one: ballast 3: one is right"
    kib=$(read_kib big)
    echo "$kib KiB"
    [ "$kib" -ge 2000 ]
    [ "$kib" -lt 6144 ]
    # A copy of the guest has what it has written, another clone has not; both find the rest.
    shell snapshot one point
    shell clone point name=copy
    shell signal copy USR2
    wait_for "copy: ballast 3: one is right"
    right copy 3
    shell clone big name=two
    right two 3
    wait_for "all of it is read"
    right one 3
    shell rollback one big
    right one 3
}

@test "a guest is looked into where its memory is still on the disk" {
    boot
    shell restore big lazy
    shell clone big name=one
    wait_for "one: ballast 3: here"
    shell pause one
    # where its ballast is
    at=$(shell peek one memory 8 | awk '/^0/ { for (i = 9; i > 1; i--) printf "%s", $i }')
    echo "at $at"
    before=$(read_kib big)
    run shell peek one "0x$at+0x1fffff8" 16
    echo "$output"
    [[ "$output" == *"001001fffff8 "* ]]
    [[ "$output" != *"disk"* ]]
    middle=$(read_kib big)
    run shell poke one "0x$at+0x2ffffff" 4142
    echo "$output"
    [[ "$output" == *"2 bytes written"* ]]
    after=$(read_kib big)
    echo "$before $middle $after"
    [ "$before" -lt "$middle" ]
    [ "$middle" -lt "$after" ]
    run shell peek one "0x$at+0x2ffffff" 2
    [[ "$output" == *"41 42"* ]]
    shell resume one
    shell signal one USR1
    wait_for "one: ballast 3: FAILED: page 12287"
    shell clone big name=two
    right two 3
}

@test "a guest whose memory is on the disk forks, shows its files and is cloned" {
    boot
    shell restore big lazy
    shell clone big name=one
    shell pause one
    run shell cat one /tmp/note
    [ "$output" = "the note of 3" ]
    shell clone one name=two
    shell signal two HUP
    wait_for "two: ballast 3: the child has ended" 60
    wait_for "ballast 3: all is right"
    shell resume one
    right one 3
}

@test "a difference is restored on what is still being read" {
    boot
    shell restore large lazy
    [[ -n "$(read_kib large)" ]]
    shell restore changed lazy
    run shell tree
    [[ "$output" == *"  large "*"    changed "* ]]
    shell clone changed name=one
    wait_for "one: pattern 7: phase 2 is right" 60
    shell clone large name=two
    wait_for "two: pattern 7: phase 1 is right" 60
    shell restore changed as again whole
    [[ -z "$(read_kib large)" ]]
    shell clone again name=three
    wait_for "three: pattern 7: phase 2 is right" 60
    shell remove changed
    shell remove large
    shell restore changed as from-image
    shell clone from-image name=four
    wait_for "four: pattern 7: phase 2 is right" 60
}

@test "saving, restoring, removing and forgetting go on meanwhile" {
    boot
    shell restore big lazy
    shell clone big name=one
    wait_for "one: ballast 3: here"
    shell signal one USR2
    wait_for "one: ballast 3: one is right"
    run shell save one mine
    [[ "$output" == *"the difference from big."* ]]
    shell restore big as twin
    shell remove big
    shell clone twin name=two
    right two 3
    right one 3
    shell restore mine as other lazy
    shell clone other name=three
    SHELL_LIMIT=60 shell forget mine
    run shell info
    [[ "$output" != *"reading     mine"* ]]
    right three 3
    # Its own image's name: it is warm.
    shell restore big as ballast lazy
    shell start ballast name=warm
    wait_for "warm: ballast 3: here"
    # What is not a difference from something that is there has its pages brought to be saved.
    cp "$DISK" "$RUN/before.disk"
    SHELL_LIMIT=60 run shell forget big
    run shell saved
    [[ "$output" != *"big"* ]]
    right warm 3
    system_stop
    cp "$RUN/before.disk" "$DISK"
    boot
    shell restore big lazy
    shell clone big name=one
    wait_for "one: ballast 3: here"
    shell snapshot one point
    SHELL_LIMIT=60 shell forget big
    SHELL_LIMIT=60 run shell save point
    echo "$output"
    [[ "$output" == *"point is saved: 6"* ]]
    system_stop
    boot
    shell restore point
    shell clone point name=two
    right two 3
    system_stop
    cp "$RUN/good.disk" "$DISK"
}

@test "a guest that has no memory for what it needs waits for it" {
    boot 160M
    type_all "restore big" "clone big name=one" "start ballast name=hog 5 160"
    wait_for "hog: paused, the machine has no memory left" 60
    wait_for "one: ballast 3: here"
    shell signal one USR1
    wait_for "one: paused, the machine has no memory left" 60
    run shell list
    echo "$output"
    [[ "$output" == *"one "*"no memory"* ]]
    [ -n "$(read_kib big)" ]
    shell kill hog
    wait_for "one: ballast 3: all is right" 60
    wait_for "all of it is read" 60
}

# spoil BYTE-OFFSET: alters that byte of the disk.
spoil() {
    local old
    old=$(dd if="$DISK" bs=1 skip="$1" count=1 status=none | od -An -tu1)
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((old ^ 1)))" | dd of="$DISK" bs=1 seek="$1" conv=notrunc status=none
}

@test "what turns out to be damaged ends who needs it, and nobody else" {
    # A page in the middle of the oldest body.
    first=$(grep -obUaP -m1 '\x4d\x46\x43\x4b' "$DISK" | head -n 1 | cut -d: -f1)
    spoil $((first + 40 * 1024 * 1024 / 4096 * 4096 + 2 * 4096 + 77))
    boot
    shell restore big lazy
    shell clone big name=one
    shell clone big name=two
    wait_for "two: ballast 3: here"
    shell signal one USR1
    wait_for "A part of what is saved as big cannot be read: a block is not what was written" 60
    wait_for "one: ended: a part of its memory cannot be read from the disk any more, where it was saved as big" 60
    wait_for "big is no template any more"
    run shell clone big
    [[ "$output" == *"no guest or template 'big'"* ]]
    run shell list
    echo "$output"
    [[ "$output" == *"two "* ]]
    [[ "$output" == *"one "*"memory lost"* ]]
    [[ "$(shell info)" == *"big: "*"a part cannot be read"* ]]
    shell signal two USR2
    wait_for "two: ballast 3: one is right"
    run shell save two
    echo "$output"
    [[ "$output" == *"save failed"* || "$output" == *"is saved"* ]]
    # Who reads the rest for another reason finds it, too, and goes on.
    shell restore big as rest lazy
    shell copy big spare
    SHELL_LIMIT=60 run shell forget spare
    [[ "$output" != *"failed"* ]]
    wait_for "rest is no template any more" 60
    # In the background it is found, too; whole, there is no template at all.
    shell restore big as next
    wait_for "next is no template any more" 60
    SHELL_LIMIT=60 run shell restore big as never whole
    [[ "$output" == *"restore failed: what is saved is damaged"* ]]
    shell clone two name=three
    wait_for "three: ballast 3: here"
    system_stop
    # A description: nothing is promised.
    cp "$RUN/good.disk" "$DISK"
    spoil $((first + 64 * 4096 * 100 + 99))
    boot
    SHELL_LIMIT=60 run shell restore big
    [[ "$output" == *"restore failed: what is saved is damaged"* ]]
    run shell tree
    [[ "$output" != *"big"* ]]
    system_stop
    cp "$RUN/good.disk" "$DISK"
}

@test "a disk that goes away is like a damaged one" {
    cp "$RUN/good.disk" "$RUN/gone.disk"
    boot 384M "$RUN/gone.disk:384M"
    shell restore big lazy
    shell clone big name=one
    wait_for "one: ballast 3: here"
    truncate -s 4M "$RUN/gone.disk"
    shell signal one USR1
    wait_for "one: ended: a part of its memory cannot be read" 60
    shell start http name=web "publish=$PORT_A:80"
    wait_for "web: http: listening"
    curl -sS -m 20 "http://127.0.0.1:$PORT_A/" >/dev/null
}

@test "a server answers meanwhile, and servers come from what is being read" {
    boot
    shell start http name=web "publish=$PORT_A:80"
    wait_for "web: http: listening"
    "$NETCLIENT" http-load "$PORT_A" 4 2000 >"$RUN/load" &
    load=$!
    for i in 1 2 3; do
        type_all "restore big as t$i" "clone t$i name=g$i" "signal g$i USR1"
        wait_for "g$i: ballast 3: all is right" 60
    done
    wait $load
    [ "$(cat "$RUN/load")" = "2000 requests, 2000 good, 0 bad" ]
}

# What is typed at once: a template of `heap`, clones of it, and three steps at random. LAZY_SEED repeats it.
some_steps() {
    local i=$1 k
    printf '%s\n' "restore heap as t$i $([ $((RANDOM % 2)) = 0 ] || echo lazy)" "clone t$i name=a$i" \
        "clone t$i name=c$i" "signal a$i USR1" "signal c$i USR2"
    for k in 1 2 3; do
        case $((RANDOM % 8)) in
        0) printf '%s\n' "kill c$i" ;;
        1) printf '%s\n' "pause a$i" "peek a$i 0x1000400000 8" "resume a$i" ;;
        2) printf '%s\n' "rollback c$i t$i" "signal c$i USR1" ;;
        3) printf '%s\n' "snapshot a$i s$i$k" "clone s$i$k name=d$i$k" "signal d$i$k USR1" ;;
        4) printf '%s\n' "clone a$i name=e$i$k" "signal e$i$k HUP" ;;
        5) printf '%s\n' "remove t$i" ;;
        6) printf '%s\n' "save a$i" ;;
        7) printf '%s\n' "pause c$i" "poke c$i 0x1000900000 41" "resume c$i" "kill c$i" ;;
        esac
    done
}

@test "whatever is done with guests meanwhile, their memory is right and comes back" {
    local i name before seed=${LAZY_SEED:-$RANDOM}
    echo "seed $seed"
    boot 160M "$RUN/heap.disk:128M"
    shell start ballast name=b 4 24
    wait_for "ballast 4: filled" 60
    shell snapshot b heap
    SHELL_LIMIT=60 shell save heap
    shell kill b
    shell remove heap
    before=$(shell info | sed -n 's/^memory.*(\([0-9]*\) of.*/\1/p')
    RANDOM=$seed
    for ((i = 0; i < 12; i++)); do
        mapfile -t steps < <(some_steps $i)
        RANDOM=$((seed + i + 1))
        type_all "${steps[@]}"
        wait_for "a$i: ballast 4: all is right" 60
        shell kill -a >/dev/null
        for name in $(shell tree | awk '$1 ~ /^[ts][0-9]|^a[0-9]+[.]/ { print $1 }'); do
            shell remove "$name" >/dev/null
        done
    done
    for name in $(shell saved | awk '$1 ~ /^a[0-9]/ { print $1 }') heap; do
        SHELL_LIMIT=60 shell forget "$name"
    done
    after=$(shell info | sed -n 's/^memory.*(\([0-9]*\) of.*/\1/p')
    echo "$before frames free before, $after after"
    [ "$after" -gt $((before - 400)) ] # dom0's heap may have grown
    [[ "$(shell info)" != *"reading "* ]]
    run grep -aE "FAILED|lost|page fault" "$SERIAL"
    [ "$status" -ne 0 ]
}
