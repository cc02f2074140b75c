#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The network between host and guests and among guests: TCP, UDP, IPv6, DNS. One system for all.

load lib/system

setup_file() {
    load lib/system
    ports=($(free_port && free_port && free_port))
    export KV=${ports[0]} UDP=${ports[1]} WEB=${ports[2]}
    # The first guest has address 10.77.0.2: it answers DNS for the machine's guests.
    system_start --shell -p "$KV:$KV" -p "$UDP:$UDP/udp" -p "$WEB:$WEB" --set dns=10.77.0.2 \
        "$IMAGES" "$PROGRAMS/netpeer.img" "$PROGRAMS/resolve.img" "$PROGRAMS/netload.img" \
        "$PROGRAMS/netstress.img" "$PROGRAMS/udpflood.img"
    wait_for "^mayfly> "
    shell start resolve name=dns server
    wait_for "dns: resolve: serving"
    shell start kv name=kv "publish=$KV:6379"
    shell start udp-echo name=udp "publish=$UDP:7/udp"
    shell start netpeer name=peer server
    wait_for "kv: kv: listening"
    wait_for "udp: udp-echo: listening"
    wait_for "peer: netpeer: serving"
}

teardown_file() {
    load lib/system
    system_stop
}

# The addresses of a guest, as dom0's shell shows them.
address_of() {
    shell info "$1" | awk -v n="$2" '$1 == "address" { print $n }'
}

@test "a published port takes many connections at once" {
    # QEMU listens with a backlog of 1: of 20 clients 18 would wait for seconds (build-tool/backlog.h).
    backlog=$(ss -Hltn "sport = :$KV" | awk '{ print $3 }')
    [ "$backlog" -ge 128 ]
}

@test "UDP echo: small and full datagrams come back" {
    run "$NETCLIENT" udp-echo "$UDP" 300 16
    [ "$output" = "300 datagrams, 300 good, 0 bad" ]
    run "$NETCLIENT" udp-echo "$UDP" 300 1400
    [ "$output" = "300 datagrams, 300 good, 0 bad" ]
}

@test "kv: 16 clients with threads of their own, every answer right" {
    run "$NETCLIENT" kv-load "$KV" 16 100
    [ "$output" = good ]
}

@test "guest to guest over IPv4: TCP bulk and datagrams are intact" {
    shell start netpeer name=client4 client "$(address_of peer 2)"
    wait_for "client4: netpeer: TCP good" 60
    wait_for "client4: netpeer: UDP good" 60
    wait_for "client4 exited with status 0"
}

@test "guest to guest over IPv6: TCP bulk and datagrams are intact" {
    shell start netpeer name=client6 client "$(address_of peer 3)"
    wait_for "client6: netpeer: TCP good" 60
    wait_for "client6: netpeer: UDP good" 60
    wait_for "client6 exited with status 0"
}

@test "guest to guest: eight streams at once, and 10,000 connections to one guest" {
    shell start netload name=load server
    wait_for "load: netload: serving"
    shell start netload name=bulk bulk "$(address_of load 2)" 8 8
    wait_for "bulk: netload: bulk good" 60
    shell start netload name=many many "$(address_of load 2)" 10000
    wait_for "many: netload: 10000 connections good" 120
    wait_for "many exited with status 0"
    shell kill load
}

# stress NAME ADDRESS CONNECTIONS KIB: both ways at once, writes and reads of random sizes, every byte compared.
stress() {
    shell start netstress "name=$1" memory=64M client "$2" "$3" "$4" 7
    wait_for "$1: netstress: $3 connections good" 120
    wait_for "$1 exited with status 0"
}

@test "guest to guest: large segments, every byte right both ways, over IPv4 and IPv6, and no frame is lost" {
    shell start netstress name=stress memory=64M server
    wait_for "stress: netstress: serving"
    stress one4 "$(address_of stress 2)" 1 16000
    received=$(shell info stress | awk '$1 == "frames" { print $4 }')
    [ "$received" -lt 4000 ] # in segments of 1,460 bytes: 11,222
    stress some6 "$(address_of stress 3)" 8 2000
    stress many4 "$(address_of stress 2)" 60 300
    shell info stress | grep -F " 0 lost (full), 0 bad"
    shell kill stress
}

@test "host and guest: every byte right both ways, in trains of segments that dom0 cuts" {
    local client=$BATS_FILE_TMPDIR/netstress
    cc -O2 -D_GNU_SOURCE tests/guest/programs/netstress.c -o "$client"
    shell start netstress name=far memory=64M "publish=$WEB:5003" server
    wait_for "far: netstress: serving"
    "$client" client 127.0.0.1 1 16000 1 "$WEB"
    "$client" client 127.0.0.1 30 300 2 "$WEB"
    sent=$(shell info far | awk '$1 == "frames" { print $2 }')
    [ "$sent" -lt 12000 ] # in segments of 1,460 bytes: 17,500
    shell info far | grep -F " 0 lost (full), 0 bad"
    shell kill far
}

@test "names are resolved to IPv4 and IPv6 addresses" {
    shell start resolve name=asker one.test
    wait_for "asker: one.test: 192.0.2.1"
    wait_for "asker: one.test: 2001:db8::1"
    wait_for "asker exited with status 0"
}

@test "a name that does not exist is an error" {
    shell start resolve name=asker2 two.test
    wait_for "asker2: two.test: no address"
    wait_for "asker2 exited with status 1" 40
}

@test "a port that a guest has published is refused to another" {
    run shell start http name=thief "publish=$KV:80"
    [[ "$output" == *"$KV"* ]]
    run "$NETCLIENT" kv-load "$KV" 2 10
    [ "$output" = good ]
}

@test "a published port is free again when its guest has ended" {
    shell start http name=first "publish=$WEB:80"
    wait_for "first: http: listening"
    run curl -sS -m 20 "http://127.0.0.1:$WEB/"
    [ "$output" = "Hello from Mayfly!" ]
    shell kill first
    wait_for "first: killed"
    shell start http name=second "publish=$WEB:80"
    wait_for "second: http: listening"
    run curl -sS -m 20 "http://127.0.0.1:$WEB/"
    [ "$output" = "Hello from Mayfly!" ]
    shell kill second
}

@test "a guest that does nothing but send datagrams reaches another" {
    shell start udpflood name=sink sink
    wait_for "sink: udpflood: serving"
    shell start udpflood name=flood "$(address_of sink 2)"
    wait_for "sink: udpflood: 10000 taken"
    shell kill flood
    shell kill sink
}
