#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Templates on a disk: saved, restored after a reboot, cut off in the middle, altered.

load lib/system

setup_file() {
    load lib/system
    PORT_A=$(free_port)
    export PORT_A DISK=$RUN/saved.disk
}

teardown() {
    system_stop
}

# Boots with the disk, or with another one.
boot() {
    system_start --shell --cpus 2 -m 384M --disk "${1:-$DISK:128M}" -p "$PORT_A:$PORT_A" "$IMAGES/http.img" \
        "$IMAGES/hello.img" "$PROGRAMS/pattern.img"
    wait_for "^mayfly> "
}

# Ends it as a user does.
power_off() {
    type poweroff
    [ "$(system_status)" -eq 0 ]
    system_stop
}

# Ends QEMU as a power cut does, by its process id.
cut_power() {
    local qemu
    qemu=$(pgrep -P "$(cat "$RUN/pid")" -f qemu-system)
    kill -KILL "$qemu"
    system_status >/dev/null
    system_stop
}

requests() {
    curl -sS -m 20 "http://127.0.0.1:$PORT_A/metrics" | awk '$1 == "http_requests_total" { print $2 }'
}

# names: what is saved, in one line.
saved() {
    shell saved | awk 'NR > 1 && !/ saved, / { printf "%s ", $1 }'
}

# kib NAME: how much is on the disk for it.
kib() {
    shell saved | awk -v name="$1" '$1 == name { print $2 }'
}

# A filled guest with `$2` MiB, of which a snapshot `$3` is made.
pattern() {
    shell start pattern "name=p$1" "$1" "$2"
    wait_for "pattern $1: filled" 60
    shell snapshot "p$1" "$3"
    shell kill "p$1"
}

@test "a machine without a disk says so, a blank disk is formatted" {
    system_start --shell "$IMAGES/hello.img"
    wait_for "^mayfly> "
    run shell saved
    [[ "$output" == *"no virtio disk"*"--disk FILE:SIZE"* ]]
    system_stop
    boot
    run shell saved
    [[ "$output" == *"The disk was blank"*"128 MiB"*"0 saved"* ]]
    run shell saved
    [[ "$output" != *"blank"* ]]
}

@test "what cannot be saved or restored is told" {
    boot
    shell start http name=web
    run shell save http
    [[ "$output" == *"is an image"* ]]
    run shell save nothing
    [[ "$output" == *"no template or guest 'nothing'"* ]]
    run shell restore nothing
    [[ "$output" == *"Nothing is saved as 'nothing'"* ]]
    run shell forget nothing
    [[ "$output" == *"Nothing is saved as 'nothing'"* ]]
    run shell copy nothing
    [[ "$output" == *"Write: copy SAVED NEW"* ]]
}

@test "a server goes on after a reboot where it was saved" {
    boot
    shell start http name=web "publish=$PORT_A:80"
    wait_for "web: http: listening"
    [ "$(requests)" -eq 1 ]
    [ "$(requests)" -eq 2 ]
    shell snapshot web point
    run shell save point
    [[ "$output" == *"point is saved: "*"the difference from http."* ]]
    power_off
    boot
    [ "$(saved)" = "point " ]
    run shell clone point
    [[ "$output" == *"no guest or template 'point'"* ]]
    run shell restore point
    [[ "$output" == *"point is restored"* ]]
    shell clone point name=again "publish=$PORT_A:80"
    [ "$(requests)" -eq 3 ]
    run shell restore point
    [[ "$output" == *"a template or an image 'point' already"* ]]
    run shell restore point as http
    [[ "$output" == *"The image is warm"* ]]
    run shell start http name=warm
    [ "$output" = warm ]
}

@test "what nobody may look into is shut after a reboot, too" {
    boot
    shell start http name=shut inspect=no share=friend
    wait_for "shut: http: listening"
    shell snapshot shut closed
    shell save closed
    power_off
    boot
    shell restore closed
    shell clone closed name=again
    shell pause again
    run shell regs again
    echo "$output"
    [[ "$output" == *"inspect="* ]]
    run shell files again
    [[ "$output" == *"inspect="* ]]
    shell forget closed
}

@test "memory is what it was, changes are saved as a difference" {
    boot
    pattern 7 24 large
    shell save large
    shell clone large name=next
    wait_for "next: pattern 7: changed" 60
    shell snapshot next changed
    shell save changed
    [ "$(kib large)" -gt 20000 ]
    [ "$(kib large)" -lt 24000 ]
    [ "$(kib changed)" -gt 2000 ]
    [ "$(kib changed)" -lt 4000 ]
    power_off
    boot
    run shell restore changed
    [[ "$output" == *"changed is restored"* ]]
    shell clone changed name=one
    wait_for "one: pattern 7: phase 2 is right" 60
    shell restore large
    shell clone large name=two
    wait_for "two: pattern 7: phase 1 is right" 60
    # Below its parent, of which it now takes all that is alike.
    shell restore changed as below
    run shell tree
    echo "$output"
    [[ "$output" == *"  large "*"    below "* ]]
    shell clone below name=three
    wait_for "three: pattern 7: phase 2 is right" 60
    # What was restored is saved as a copy of what is on the disk; what comes from it, as a difference.
    run shell save below other
    [[ "$output" == *"shares its data"* ]]
    shell snapshot three deep
    run shell save deep
    [[ "$output" == *"the difference from changed."* ]]
    [ "$(kib deep)" -lt 1000 ]
}

@test "a copy outlives what it was copied from, a parent its children" {
    boot
    before=$(shell saved | sed -n 's/.* saved, \([0-9]*\) of.*/\1/p')
    shell copy changed twin
    shell forget changed
    run shell forget large
    [[ "$output" == *"stays as long as"* ]]
    [ "$(saved)" = "point (forgotten) (forgotten) other deep twin " ]
    [ "$(shell saved | sed -n 's/.* saved, \([0-9]*\) of.*/\1/p')" -eq "$before" ]
    shell restore twin
    shell clone twin name=one
    wait_for "one: pattern 7: phase 2 is right" 60
    shell forget twin
    shell forget deep
    shell forget other
    [ "$(saved)" = "point " ]
    [ "$(shell saved | sed -n 's/.* saved, \([0-9]*\) of.*/\1/p')" -gt $((before + 20000)) ]
}

@test "a server answers while something large is saved and restored" {
    boot
    pattern 3 64 heavy
    shell start http name=web "publish=$PORT_A:80"
    wait_for "web: http: listening"
    "$NETCLIENT" http-load "$PORT_A" 4 2000 >"$RUN/load" &
    load=$!
    SHELL_LIMIT=60 shell save heavy
    SHELL_LIMIT=60 shell restore heavy as heavier
    wait $load
    [ "$(cat "$RUN/load")" = "2000 requests, 2000 good, 0 bad" ]
    shell clone heavier name=one
    wait_for "one: pattern 3: phase 1 is right" 60
    shell forget heavy
}

@test "power cuts in the middle of saving leave what was done" {
    boot
    done=" $(saved)"
    done="${done% }"
    system_stop
    for round in 1 2 3 4 5 6; do
        boot
        pattern "$round" 16 "part$round"
        from=$(wc -c <"$SERIAL")
        type save "part$round"
        sleep "0.$((RANDOM % 6))$((RANDOM % 10))" # at any moment: not a wait for something
        cut_power
        reported=no
        ! plain_log "$from" | grep -q "part$round is saved" || reported=yes
        boot
        names=" $(saved)"
        echo "round $round, reported $reported:$names"
        [[ "$names" == "$done "* ]]
        [ $reported = no ] || [[ "$names" == *" part$round "* ]]
        done="${names% }"
        system_stop
    done
    boot
    run shell restore point
    [[ "$output" == *"point is restored"* ]]
    for name in $done; do
        case $name in
        part*)
            shell restore "$name"
            shell clone "$name" "name=of-$name"
            wait_for "of-$name: pattern ${name#part}: phase 1 is right" 60
            ;;
        esac
    done
    pattern 9 1 last
    run shell save last
    [[ "$output" == *"last is saved"* ]]
}

@test "an altered byte is found, and changes nothing" {
    boot
    cp "$DISK" "$RUN/good.disk"
    before=$(saved)
    system_stop
    # A byte of a page in the first chunk of the oldest body.
    at=$(grep -obUaP -m1 '\x4d\x46\x43\x4b' "$DISK" | head -n 1 | cut -d: -f1)
    at=$((at + 4096 + 100))
    printf '\x5a' | dd of="$DISK" bs=1 seek=$at conv=notrunc status=none
    cmp -s "$DISK" "$RUN/good.disk" && printf '\xa5' | dd of="$DISK" bs=1 seek=$at conv=notrunc status=none
    boot
    run shell restore point
    echo "$output"
    [[ "$output" == *"point, saved on 20"*" (UTC), cannot be read"*"restore failed: what is saved is damaged"* ]]
    run shell tree
    [[ "$output" != *"point"* ]]
    [ "$(saved)" = "$before" ]
    run shell restore last
    [[ "$output" == *"last is restored"* ]]
    system_stop
    cp "$RUN/good.disk" "$DISK"
    truncate -s 100M "$DISK"
    boot
    run shell saved
    [[ "$output" == *"shorter than its store"* ]]
    system_stop
    cp "$RUN/good.disk" "$DISK"
}

@test "another image than it was saved with is refused" {
    mkdir -p "$RUN/http"
    cp -r "$TOP/examples/http/." "$RUN/http"
    printf 'environment: {CHANGED: "1"}\n' >>"$RUN/http/mayfly.yaml"
    "$MAYFLY" build -o "$RUN/http.img" "$RUN/http"
    system_start --shell --disk "$DISK" "$RUN/http.img" "$PROGRAMS/pattern.img"
    wait_for "^mayfly> "
    run shell restore point
    [[ "$output" == *"The image http is another one than point was saved with"* ]]
    run shell tree
    [[ "$output" != *"point"* ]]
    run shell restore last
    [[ "$output" == *"last is restored"* ]]
    system_stop
    system_start --shell --disk "$DISK" "$IMAGES/hello.img"
    wait_for "^mayfly> "
    run shell restore point
    [[ "$output" == *"no image 'http' on the boot volume"* ]]
}

@test "a disk that holds something else is not touched" {
    head -c 8388608 /dev/urandom >"$RUN/other.disk"
    before=$(sha256sum <"$RUN/other.disk")
    boot "$RUN/other.disk"
    run shell saved
    [[ "$output" == *"holds something else"*"fill the first 4 MiB"* ]]
    pattern 1 1 small
    run shell save small
    [[ "$output" == *"holds something else"* ]]
    system_stop
    [ "$(sha256sum <"$RUN/other.disk")" = "$before" ]
}

@test "a full disk keeps what it has" {
    boot "$RUN/small.disk:8M"
    pattern 1 2 small
    pattern 2 8 large
    shell save small
    run shell save large
    [[ "$output" == *"save failed: the disk is full"* ]]
    [ "$(saved)" = "small " ]
    run shell save large
    [[ "$output" == *"the disk is full"* ]]
    shell restore small as back
    shell clone back name=one
    wait_for "one: pattern 1: phase 1 is right" 60
}

@test "a guest is saved by a snapshot, which goes when that fails" {
    boot
    shell start http name=web "publish=$PORT_A:80"
    wait_for "web: http: listening"
    [ "$(requests)" -eq 1 ]
    run shell save web backup
    [[ "$output" == *"backup is saved"*"the template web.1, a snapshot of web."* ]]
    [[ "$(shell tree)" == *"web.1 "* ]]
    run shell save web backup
    [[ "$output" == *"already"*"web is not saved."* ]]
    [[ "$output" != *"web.2"* ]]
    [[ "$(shell tree)" != *"web.2 "* ]]
    run shell save nobody
    [[ "$output" == *"no template or guest 'nobody'"* ]]
    power_off
    boot
    shell restore backup
    shell clone backup name=again "publish=$PORT_A:80"
    [ "$(requests)" -eq 2 ]
    shell forget backup
    power_off
}

@test "what is typed while a command works is done after it" {
    boot "$RUN/ahead.disk:64M"
    printf 'start pattern name=a 1 2\rsnapshot a one\rsave one\rcopy one two\rforget one\rsaved\rrestore two\rremove one\rtree\r' \
        >"$RUN/input"
    wait_for "two is restored" 60
    wait_for "^ +two " 10
    [[ "$(saved)" = "two " ]]
    power_off
}

# It is busy then: the snapshot comes later.
@test "a guest can be saved the moment it starts" {
    boot "$RUN/early.disk:64M"
    for i in 1 2 3 4 5 6 7 8; do
        printf 'start http name=early%d\rsave early%d\r' "$i" "$i" >"$RUN/input"
        wait_for "^early$i.1 is saved"
        wait_for "early$i: http: listening"
    done
    power_off
}

@test "Ctrl-C ends a save and a restore: nothing is changed" {
    boot "$RUN/interrupted.disk:256M"
    shell start pattern name=big 5 48
    wait_for "pattern 5: filled" 90
    before=$(saved)
    type save big cut
    wait_for "^Saving a snapshot of big" 30
    printf '\003' >"$RUN/input"
    wait_for "save failed: it was interrupted" 30
    wait_for "^mayfly> .*" 10
    [ "$(saved)" = "$before" ]
    [[ "$(shell tree)" != *"big."* ]]
    SHELL_LIMIT=90 run shell save big cut
    [[ "$output" == *"cut is saved"* ]]
    type restore cut as half whole
    wait_for "restore cut as half"
    printf '\003' >"$RUN/input"
    wait_for "restore failed: it was interrupted" 30
    [[ "$(shell tree)" != *"half"* ]]
    shell kill big
    SHELL_LIMIT=90 run shell restore cut as whole
    [[ "$output" == *"whole is restored"* ]]
    shell forget cut
    power_off
}
