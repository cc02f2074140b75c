# SPDX-License-Identifier: Apache-2.0
# unbound as a guest: names of its own, and those of a server here, by UDP and by TCP; what it has asked once it keeps.
import os, signal, socket, struct, subprocess, sys, threading

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
from machine import free_port, wait

A, TXT = 1, 16
asked = []


def encode(name):
    return b"".join(bytes([len(part)]) + part for part in name.encode().split(b".")) + b"\0"


def query(name, kind, number):
    return struct.pack(">6H", number, 0x100, 1, 0, 0, 0) + encode(name) + struct.pack(">2H", kind, 1)


def server(s):
    """Answers every question for an address with 192.0.2.LENGTH, and says NXDOMAIN for names with `not`."""
    while True:
        packet, peer = s.recvfrom(4096)
        end = packet.index(b"\0", 12) + 5
        asked.append(packet[12:end].lower())
        name_length = end - 16
        if b"not" in packet[12:end].lower():
            s.sendto(packet[:2] + struct.pack(">5H", 0x8183, 1, 0, 0, 0) + packet[12:end], peer)
            continue
        answer = b"\xc0\x0c" + struct.pack(">2HIH", A, 1, 300, 4) + bytes([192, 0, 2, name_length])
        s.sendto(packet[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + packet[12:end] + answer, peer)


def answer(port, name, kind=A, tcp=False):
    """The reply's code and its last four bytes, which are an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect(("127.0.0.1", port))
        ask = query(name, kind, 77)
        s.sendall(struct.pack(">H", len(ask)) + ask if tcp else ask)
        reply = s.recv(4096)
        if tcp:
            while len(reply) < 2 or len(reply) < 2 + struct.unpack(">H", reply[:2])[0]:
                reply += s.recv(4096)
            reply = reply[2:]
    assert reply[:2] == ask[:2]
    return reply[3] & 15, reply


def questions(port):
    own = answer(port, "here.test")[1]
    assert bytes([10, 1, 2, 3]) in own
    assert b"some words" in answer(port, "here.test", TXT)[1]
    assert answer(port, "nothing.test")[0] == 3
    for tcp in False, True:
        code, reply = answer(port, "www.example.com", tcp=tcp)
        assert code == 0 and bytes([192, 0, 2, len(encode("www.example.com"))]) in reply
    assert len(asked) == 1, asked  # the second answer is kept
    assert answer(port, "not.example.com")[0] == 3
    failed = []

    def many(number):
        for i in range(50):
            name = "n%d.c%d.example.net" % (i, number)
            if bytes([192, 0, 2, len(encode(name))]) not in answer(port, name)[1]:
                failed.append(name)

    clients = [threading.Thread(target=many, args=(n,)) for n in range(8)]
    [c.start() for c in clients], [c.join() for c in clients]
    assert not failed, failed


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 0))
    threading.Thread(target=server, args=(s,), daemon=True).start()
    settings = """server:
    interface: 0.0.0.0
    access-control: 0.0.0.0/0 allow
    do-daemonize: no
    use-syslog: no
    logfile: ""
    module-config: "iterator"
    local-zone: "test." static
    local-data: "here.test. A 10.1.2.3"
    local-data: 'here.test. TXT "some words"'
forward-zone:
    name: "."
    forward-addr: 10.0.2.2@%d
""" % s.getsockname()[1]
    port = free_port()
    log = open("tests/unbound.log", "wb")
    guest = subprocess.Popen([os.environ["MAYFLY"], "run", "--timeout=100", "-p%d:53" % port, "-p%d:53/udp" % port,
                              "images/unbound.img", "-d", "-c", "/dev/stdin"], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
    try:
        guest.stdin.write(settings.encode())
        guest.stdin.close()
        wait("unbound serves", lambda: b"start of service" in open(log.name, "rb").read())
        questions(port)
    finally:
        guest.send_signal(signal.SIGTERM)
        guest.wait()
