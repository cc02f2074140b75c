#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Memory that two guests share: who may, what they see of each other, and that it all comes back.

load lib/system

setup_file() {
    load lib/system
    system_start --shell --cpus 2 "$IMAGES/share.img" "$IMAGES/hello.img" "$PROGRAMS/sharer.img"
    wait_for "^mayfly> "
}

teardown_file() {
    load lib/system
    system_stop
}

# Two guests, $1 and $2, that have exchanged bytes through the share "one" and hold it.
two() {
    shell start sharer "name=$1" "share=$2" hold "$1" "$2" one
    shell start sharer "name=$2" "share=$1" hold "$2" "$1" one
    wait_for "^$1: sharer: all bytes of the other are here"
    wait_for "^$2: sharer: all bytes of the other are here"
}

@test "a ring of messages between two guests, in order and complete" {
    shell start share name=left share=right send right 20000
    shell start share name=right share=left receive left
    wait_for '^right: share: 20000 messages received, the last one is "message 19999"' 60
    wait_for "^left: share: 20000 messages sent"
    wait_for "left exited with status 0"
    wait_for "right exited with status 0"
}

@test "each sees what the other writes, and a third guest cannot join" {
    two a b
    shell start sharer name=c "share=*" try a one 8192
    wait_for "^c: sharer: " # the offer waits in vain, whatever the reason is called
    wait_for "c exited with status 0"
    shell start sharer name=c2 "share=*" try "*" one 8192
    wait_for "^c2: sharer: "
    ! plain_log | grep -qE "^c2?: sharer: connected"
}

@test "without share=, or with another guest in it, nothing is shared" {
    shell start sharer name=d try a two 8192
    wait_for "^d: sharer: Operation not permitted"
    shell start sharer name=e share=b try a two 8192
    wait_for "^e: sharer: Operation not permitted"
    # The one that is named does not want it.
    shell start sharer name=f share=g try g three 8192
    shell start sharer name=g share=other try "*" three 8192
    wait_for "^f: sharer: "
    wait_for "^g: sharer: "
    ! plain_log | grep -qE "^[fg]: sharer: connected"
}

@test "two that name nobody in the program connect when share= of both allows it" {
    shell start sharer name=h share=i try "*" four 4096
    shell start sharer name=i share=h try "*" four 4096
    wait_for "^h: sharer: connected"
    wait_for "^i: sharer: connected"
}

@test "sizes that differ, names and sizes that are none" {
    shell start sharer name=j "share=*" hold j k five
    shell start sharer name=k "share=*" try j five 4096
    wait_for "^k: sharer: Invalid argument"
    shell kill j
    shell start sharer name=l "share=*" try j five 2097153
    wait_for "^l: sharer: Invalid argument"
    shell start sharer name=m 'share=*' try '"no such name"' five 4096
    wait_for "^m: sharer: Invalid argument"
    shell start sharer name=n "share=*" try "$(printf 'x%.0s' {1..60})" five 4096
    wait_for "^n: sharer: File name too long"
}

@test "a clone has no share, and its origin keeps it" {
    shell clone a name=copy
    wait_for "^copy: sharer: the other has gone: Broken pipe"
    shell kill copy
    ! plain_log | grep -qE "^[ab]: sharer: the other has gone"
}

@test "a guest that is rolled back has lost its share, the other one is told" {
    shell snapshot a point
    shell rollback a point
    wait_for "^a: sharer: the other has gone: Broken pipe"
    wait_for "^b: sharer: the other has gone: Broken pipe"
    shell kill a
    shell kill b
}

@test "who stays keeps the memory when the other one is killed" {
    shell start sharer name=o share=p hold o p six exit
    shell start sharer name=p share=o hold p o six
    wait_for "^o: sharer: all bytes"
    wait_for "^p: sharer: all bytes"
    shell kill p
    wait_for "^o: sharer: the other has gone"
    wait_for "^o: sharer: the memory is still there"
    wait_for "o exited with status 0"
}

@test "a paused guest gets its share, and finds it when it goes on" {
    shell start sharer name=q share=r hold q r seven
    shell pause q
    shell start sharer name=r share=q hold r q seven
    run shell list
    [[ "$output" == *"q "*paused* ]]
    ! plain_log | grep -qE "^[qr]: sharer: all bytes"
    shell resume q
    wait_for "^q: sharer: all bytes"
    wait_for "^r: sharer: all bytes"
    shell kill q
    shell kill r
}

@test "eight shares and not more; all memory comes back" {
    shell start hello name=before
    wait_for "before exited"
    shell start sharer name=s share=t many t
    shell start sharer name=t share=s many s
    wait_for "^s: sharer: 8 shares, then: Too many open files"
    wait_for "^t: sharer: 8 shares, then: Too many open files"
    shell kill s
    shell kill t
    before=$(free_pages)
    for i in 2 3 4 5 6; do # the same names: dom0 forgets those that ended
        shell start sharer name=s share=t many t
        shell start sharer name=t share=s many s
        wait_for -c "$i" "^s: sharer: 8 shares"
        wait_for -c "$i" "^t: sharer: 8 shares"
        shell kill s
        shell kill t
    done
    after=$(free_pages)
    echo "free pages: $before before, $after after"
    [ "$after" -ge $((before - 4)) ]
}
