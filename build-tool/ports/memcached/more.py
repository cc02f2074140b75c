# SPDX-License-Identifier: Apache-2.0
# more.py - memcached's protocols (its doc/) beyond the text protocol's basics: binary, meta, cas, expiry, large
# items, eviction, UDP, many connections. Against the guest at TCP port PORT_11211 and UDP port PORT_11212.
import os, socket, struct, sys, threading, time

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
from machine import wait

PORT = int(os.environ["PORT_11211"])
UDP = int(os.environ["PORT_11212"])
GET, SET, ADD, DELETE, INCREMENT, NOOP, VERSION, GETKQ, APPEND, TOUCH = 0, 1, 2, 4, 5, 10, 11, 13, 14, 0x1C


class Text:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 60)
        self.f = self.s.makefile("rb")

    def ask(self, text, body=None):
        self.s.sendall(text.encode() + b"\r\n" + (b"" if body is None else body + b"\r\n"))
        return self.line()

    def line(self):
        return self.f.readline().rstrip(b"\r\n").decode()

    def set(self, key, value, ttl=0):
        return self.ask("set %s 0 %d %d" % (key, ttl, len(value)), value)

    def gets(self, key):
        """(value, cas) or None"""
        head = self.ask("gets " + key).split()
        if head == ["END"]:
            return None
        value = self.f.read(int(head[3]) + 2)[:-2]
        assert self.line() == "END"
        return value, int(head[4])

    def stats(self):
        self.s.sendall(b"stats\r\n")
        return dict(l.split(" ", 2)[1:] for l in iter(self.line, "END"))


class Binary:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 60)
        self.f = self.s.makefile("rb")

    def ask(self, operation, key=b"", value=b"", extras=b"", cas=0):
        """(status, cas, value)"""
        self.send(operation, key, value, extras, cas)
        return self.reply()

    def send(self, operation, key=b"", value=b"", extras=b"", cas=0, opaque=0):
        bytes = len(key) + len(value) + len(extras)
        self.s.sendall(struct.pack(">BBHBBHIIQ", 0x80, operation, len(key), len(extras), 0, 0, bytes, opaque, cas) +
                       extras + key + value)

    def reply(self):
        magic, _, key, extras, _, status, bytes, opaque, cas = struct.unpack(">BBHBBHIIQ", self.f.read(24))
        assert magic == 0x81
        body = self.f.read(bytes)
        return status, cas, body[key + extras:]


def binary():
    c = Binary()
    flags = struct.pack(">II", 0xDEADBEEF, 0)
    assert c.ask(VERSION)[2].startswith(b"1.6.")
    status, cas, _ = c.ask(SET, b"b", b"value", flags)
    assert status == 0 and c.ask(GET, b"b") == (0, cas, b"value")
    assert c.ask(ADD, b"b", b"x", flags)[0] == 2 and c.ask(SET, b"b", b"x", flags, cas + 1)[0] == 2
    assert c.ask(SET, b"b", b"y" * 1000, flags, cas)[0] == 0 and c.ask(APPEND, b"b", b"z")[0] == 0
    assert c.ask(GET, b"b")[2] == b"y" * 1000 + b"z"
    counter = struct.pack(">QQI", 5, 100, 0)
    assert [struct.unpack(">Q", c.ask(INCREMENT, b"n", extras=counter)[2])[0] for _ in range(3)] == [100, 105, 110]
    assert c.ask(TOUCH, b"b", extras=struct.pack(">I", 1000))[0] == 0 and c.ask(DELETE, b"b")[0] == 0 and c.ask(GET, b"b")[0] == 1
    for i in range(100): # quiet: only what is there is answered, then the NOOP
        c.send(GETKQ, b"n" if i % 10 == 0 else b"nothing")
    c.send(NOOP)
    assert [c.reply()[2] for _ in range(11)] == [b"110"] * 10 + [b""]


def conditions():
    c = Text()
    assert c.set("c", b"1") == "STORED"
    value, cas = c.gets("c")
    assert c.ask("cas c 0 0 1 %d" % cas, b"2") == "STORED" and c.ask("cas c 0 0 1 %d" % cas, b"3") == "EXISTS"
    assert c.gets("c")[0] == b"2" and c.gets("nothing") is None
    assert c.ask("ms m 3 T100", b"abc") == "HD" and c.ask("mg m v t").startswith("VA 3 t") and c.line() == "abc"
    assert c.ask("md m") == "HD" and c.ask("mg m v") == "EN" and c.ask("ma count N0 J7 v").startswith("VA 1") and c.line() == "7"
    assert c.ask("gat 100 c").startswith("VALUE c") and c.line() == "2" and c.line() == "END"


def expiry():
    c = Text()
    assert c.set("short", b"x", 2) == "STORED" and c.gets("short") is not None
    wait("it expires", lambda: c.gets("short") is None, 20)
    assert c.set("absolute", b"x", int(time.time()) + 1000) == "STORED" and c.gets("absolute") is not None
    assert c.set("past", b"x", int(time.time()) - 1000) == "STORED" and c.gets("past") is None


def large():
    c = Text()
    value = os.urandom(1 << 20)
    for size in 1 << 19, (1 << 20) - 200, 4 << 20, (8 << 20) - 10000:
        item = (value * 8)[:size]
        assert c.set("large", item) == "STORED" and c.gets("large")[0] == item, size
    assert c.set("large", value * 9).startswith("SERVER_ERROR") and c.ask("version").startswith("VERSION")
    for i in range(200): # 100 MiB into 64
        assert c.set("item%d" % i, value[:1 << 19]) == "STORED", i
    stats = c.stats()
    assert int(stats["evictions"]) > 50 and int(stats["bytes"]) < 64 << 20
    assert c.gets("item199") is not None


def many():
    clients = [Text() for _ in range(500)]
    for c in clients:
        c.s.sendall(b"set many 0 0 3\r\nabc\r\n")
    assert all(c.line() == "STORED" for c in clients)
    assert int(clients[0].stats()["curr_connections"]) >= 500


def threads():
    """Counters that 16 clients change together lose nothing, in whichever of its threads they are."""
    c = Text()
    c.set("sum", b"0")
    failures = []

    def run():
        try:
            mine = Text()
            for _ in range(300):
                assert mine.ask("incr sum 1").isdigit()
        except Exception as e:
            failures.append(repr(e))

    workers = [threading.Thread(target=run) for _ in range(16)]
    [w.start() for w in workers]
    [w.join() for w in workers]
    assert not failures, failures[:3]
    assert c.gets("sum")[0] == b"4800" and c.stats()["threads"] == "4"


def datagrams():
    Text().set("u", b"by UDP")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        for i in range(50):
            s.sendto(struct.pack(">HHHH", i, 0, 1, 0) + b"get u\r\n", ("127.0.0.1", UDP))
            answer = s.recv(1500)
            assert struct.unpack(">HHHH", answer[:8]) == (i, 0, 1, 0) and answer[8:] == b"VALUE u 0 6\r\nby UDP\r\nEND\r\n"


wait("it serves", lambda: Text().ask("version").startswith("VERSION"))
for part in binary, conditions, expiry, large, many, threads, datagrams:
    start = time.monotonic()
    part()
    print("%s: ok, %.1f s" % (part.__name__, time.monotonic() - start), flush=True)
