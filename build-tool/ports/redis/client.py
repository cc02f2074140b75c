# SPDX-License-Identifier: Apache-2.0
# client.py - RESP, the protocol of redis (https://redis.io/topics/protocol), for the tests here.
import socket


class Error(Exception):
    pass


class Redis:
    def __init__(self, port, seconds=60):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.socket.makefile("rb", 1 << 20)

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise Error(rest.decode())
        if kind == b":":
            return int(rest)
        size = int(rest)
        if kind == b"$":
            return None if size < 0 else self.file.read(size + 2)[:-2]
        return None if size < 0 else [self.reply_or_error() for _ in range(size)]

    def reply_or_error(self):
        try:
            return self.reply()
        except Error as e:
            return e

    def ask(self, *words):
        self.send(*words)
        return self.reply()

    def info(self, name):
        for line in self.ask("INFO", "everything").decode().splitlines():
            if line.startswith(name + ":"):
                return line.split(":", 1)[1]
        return None

    def refused(self, text, *words):
        """The command must fail with an error that has `text`."""
        try:
            answer = self.ask(*words)
        except Error as e:
            assert text in str(e), (words, str(e))
            return
        raise AssertionError("%s: %r instead of an error" % (words, answer))
