#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# 150 clients of the host that come, and ask, at the same moment: dom0 keeps for a guest what it cannot take yet.

load lib/system

# boot [OPTION...]: a machine of its own for the test.
boot() {
    WEB=$(free_port)
    system_start --shell -p "$WEB:$WEB" "$@" "$IMAGES/http.img" "$PROGRAMS/spin.img"
    wait_for "^mayfly> "
}

teardown() {
    system_stop
}

# crowd SERVER: each client must get its answers, and no frame is lost.
crowd() {
    run python3 - "$WEB" <<'END'
import socket, sys
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) for _ in range(150)]
answers = set()
for turn in range(3):
    for c in clients:
        c.sendall(b"GET / HTTP/1.1\r\nHost: crowd\r\n\r\n")
    for c in clients:
        answer = b""
        while not answer.endswith(b"Mayfly!\n"):
            answer += c.recv(10000) or sys.exit("closed: %s" % answer)
        answers.add(answer[:15])
print(answers)
END
    echo "$output"
    [ "$output" = "{b'HTTP/1.1 200 OK'}" ]
    shell info "$1" | tee "$BATS_TEST_TMPDIR/info"
    grep -E "frames +[0-9]+ sent, [0-9]+ received, 0 lost \(full\), 0 bad" "$BATS_TEST_TMPDIR/info"
}

# hypercalls: of dom0 so far.
hypercalls() {
    shell info | sed -n 's/^dom0 .* \([0-9]*\) hypercalls.*/\1/p'
}

@test "no frame is lost when 150 clients come, and ask, at the same moment" {
    boot
    shell start http name=alone "publish=$WEB:80"
    wait_for "alone: http: listening"
    crowd alone
}

# How long dom0 keeps frames depends on time and on the guest's CPU time. Here both are instructions, so that a host that
# is busy itself does not count: an instruction is 16 ns, about what it takes by the clock; the hungry guest keeps the machine from being idle,
# when time would jump.
@test "nor when another guest keeps the server from running for 100 ms and more at a time" {
    boot --accel icount --qemu -icount --qemu shift=4,sleep=off
    shell start spin name=hungry weight=8000 output=log
    shell start http name=starved "publish=$WEB:80"
    wait_for "starved: http: listening"
    before=$(hypercalls)
    crowd starved
    after=$(hypercalls)
    echo "$((after - before)) hypercalls"
    [ $((after - before)) -lt 1000 ] # dom0 sleeps while it waits for the server
}
