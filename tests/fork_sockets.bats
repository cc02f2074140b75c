#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Servers that fork, as their clients meet them: a child per connection, children that accept, a daemon.

load lib/system

setup_file() {
    load lib/system
    ECHO=$(free_port) WEB=$(free_port) DAEMON=$(free_port)
    export ECHO WEB DAEMON
    system_start --shell --cpus 2 -m 512M -p "$ECHO:$ECHO" -p "$WEB:$WEB" -p "$DAEMON:$DAEMON" "$PROGRAMS/forkserver.img"
    wait_for "^mayfly> "
    shell start forkserver name=echo "publish=$ECHO:80" echo
    wait_for "echo: forkserver: listening"
    shell start forkserver name=web "publish=$WEB:80" prefork 4
    wait_for "web: forkserver: listening"
}

teardown_file() {
    load lib/system
    system_stop
}

# clients PORT COUNT BYTES: so many connections at once, each gets back what it sends.
clients() {
    timeout 100 python3 - "$@" <<'EOF'
import socket, sys, threading
port, count, size = map(int, sys.argv[1:])
good = []
def client(i):
    data = bytes((i * 7 + k) % 251 for k in range(size))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=90) as s:
            sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
            sender.start()
            back = b""
            while part := s.recv(65536):
                back += part
            sender.join()
            if back == data:
                good.append(i)
            else:
                print("client", i, "got", len(back), "of", len(data))
    except OSError as e:
        print("client", i, e)
threads = [threading.Thread(target=client, args=(i,)) for i in range(count)]
for t in threads: t.start()
for t in threads: t.join()
print(len(good), "of", count)
EOF
}

# ask PORT TEXT: what comes back until the end.
ask() {
    timeout 30 python3 - "$@" <<'EOF'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as s:
    s.sendall(sys.argv[2].encode())
    s.shutdown(socket.SHUT_WR)
    while part := s.recv(65536):
        sys.stdout.write(part.decode())
EOF
}

@test "a child per connection: 50 clients at once" {
    run clients "$ECHO" 50 20000
    echo "$output"
    [ "${lines[-1]}" = "50 of 50" ]
}

@test "a megabyte each way through a child" {
    run clients "$ECHO" 2 1000000
    echo "$output"
    [ "${lines[-1]}" = "2 of 2" ]
}

@test "the connection of a killed child ends; its parent's descriptors stay few" {
    run ask "$ECHO" die
    [ "$output" = "" ]
    run clients "$ECHO" 10 10
    [ "${lines[-1]}" = "10 of 10" ]
    run ask "$ECHO" count
    [ "$output" = 5 ] # 0, 1, 2, the listener, the connection
}

@test "four children accept: 2000 requests over 4 connections" {
    run "$NETCLIENT" http-load "$WEB" 4 2000
    echo "$output"
    [ "$output" = "2000 requests, 2000 good, 0 bad" ]
}

@test "and 200 requests with a connection each, 8 at a time" {
    run "$NETCLIENT" http-load "$WEB" 8 200 close
    echo "$output"
    [ "$output" = "200 requests, 200 good, 0 bad" ]
}

@test "a child that ends is replaced; one that is killed, too" {
    run ask "$WEB" quit
    wait_for "web: forkserver: [0-9]* ended with 0"
    victim=$(shell list | sed -n 's/.*\(web\.[0-9]*\) .*/\1/p' | tail -n 1)
    shell kill "$victim"
    wait_for "web: forkserver: ${victim#web.} ended with 9"
    run curl -sS -m 20 "http://127.0.0.1:$WEB/"
    [ "$output" = "Hello from Mayfly!" ]
}

@test "a paused owner makes its children wait, and no more" {
    shell pause web
    run curl -sS -m 2 "http://127.0.0.1:$WEB/"
    [ "$status" -ne 0 ]
    shell resume web
    run curl -sS -m 20 "http://127.0.0.1:$WEB/"
    [ "$output" = "Hello from Mayfly!" ]
}

@test "a copy of the owner, and one of a child, end nobody's connections" {
    shell clone web name=copy
    shell clone "$(shell list | sed -n 's/.*\(web\.[0-9]*\) .*/\1/p' | tail -n 1)" name=lone
    run "$NETCLIENT" http-load "$WEB" 4 200
    [ "$output" = "200 requests, 200 good, 0 bad" ]
    wait_for "copy: forkserver: no children"
    shell kill lone
}

@test "a daemon's connections outlive the process that started it" {
    shell start forkserver name=d "publish=$DAEMON:80" daemon
    wait_for "d.2: forkserver: a daemon"
    wait_for "\[d exited with status 4; its children use its files\]"
    run ask "$DAEMON" hello
    [ "$output" = hello ]
    run ask "$DAEMON" stop
    [ "$output" = stop ]
    wait_for "\[d exited with status 4\]"
}

@test "a daemon that listens when it is one, and forks for each connection" {
    shell start forkserver name=late "publish=$DAEMON:80" late
    wait_for "late.2: forkserver: listening"
    run clients "$DAEMON" 20 20000
    echo "$output"
    [ "${lines[-1]}" = "20 of 20" ]
    shell stop late
    wait_for "\[late exited with status 0\]" 5
    run shell list
    ! grep -q '^late.* ready\|^late.* running' <<<"$output"
}

@test "when the owner is killed its children's sockets are broken" {
    shell start forkserver name=k "publish=$DAEMON:80" daemon
    wait_for "k.2: forkserver: a daemon"
    shell kill k
    wait_for "k.2: forkserver: accept:"
}
