# SPDX-License-Identifier: Apache-2.0
# The text protocol of memcached (its doc/protocol.txt) against the guest at port PORT; then 32
# clients at a time, with values up to 100,000 bytes.
import os, socket, threading, time

PORT = int(os.environ["PORT"])


class Client:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", PORT), 20)
        self.f = self.s.makefile("rb")

    def send(self, text):
        self.s.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        return self.f.readline().rstrip(b"\r\n").decode()

    def ask(self, text):
        self.send(text + "\r\n")
        return self.line()

    def set(self, key, value, ttl=0):
        self.send(b"set %s 7 %d %d\r\n%s\r\n" % (key.encode(), ttl, len(value), value))
        return self.line()

    def get(self, key):
        head = self.ask("get " + key)
        if head == "END":
            return None
        _, name, flags, size = head.split()
        assert name == key and flags == "7", head
        value = self.f.read(int(size))
        assert self.f.read(2) == b"\r\n" and self.line() == "END"
        return value


def protocol():
    c = Client()
    assert c.ask("version").startswith("VERSION 1.6"), "version"
    assert c.set("a", b"hello") == "STORED" and c.get("a") == b"hello"
    assert c.get("nothing") is None
    c.send("add a 0 0 1\r\nx\r\n")
    assert c.line() == "NOT_STORED"
    c.send("append a 0 0 6\r\n world\r\n")
    assert c.line() == "STORED" and c.get("a") == b"hello world"
    assert c.set("n", b"41") == "STORED" and c.ask("incr n 1") == "42" and c.ask("decr n 50") == "0"
    assert c.ask("delete a") == "DELETED" and c.ask("delete a") == "NOT_FOUND"
    c.send("cas n 0 0 1 999999\r\n1\r\n")
    assert c.line() == "EXISTS"
    assert c.ask("touch n 100") == "TOUCHED"
    assert c.set("gone", b"x", -1) == "STORED" and c.get("gone") is None
    assert c.ask("mg n v") == "VA 2", "meta get" # "0 ": decr keeps the length
    c.line()
    assert c.ask("nonsense") == "ERROR"
    c.send("stats\r\n")
    stats = {}
    while (line := c.line()) != "END":
        _, name, value = line.split(" ", 2)
        stats[name] = value
    assert stats["curr_connections"].isdigit() and int(stats["threads"]) >= 1
    assert c.ask("flush_all") == "OK" and c.get("n") is None


def load(number, failures):
    try:
        c = Client()
        for i in range(50):
            value = bytes([(number + i) % 256]) * ((number * 997 + i * 2011) % 100000)
            assert c.set(f"k{number}-{i}", value) == "STORED"
            assert c.get(f"k{number}-{i}") == value, (number, i)
    except Exception as e:
        failures.append(repr(e))


def wait_until_it_serves():
    for _ in range(100):
        try:
            if Client().ask("version").startswith("VERSION"):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("it does not answer")


wait_until_it_serves()
protocol()
failures = []
threads = [threading.Thread(target=load, args=(n, failures)) for n in range(32)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert not failures, failures[:3]
print("memcached: ok")
