# SPDX-License-Identifier: Apache-2.0
# machine.py - for tests of recipes that need several guests: a machine with dom0's shell.
import os, re, socket, subprocess, time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(what, condition, seconds=60):
    """Until condition() is true; errors of the network count as false."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("after %d s still not: %s" % (seconds, what))


class Machine:
    """`with Machine([image], ports=2) as m`: m.ports are host ports that lead to dom0's of the same numbers."""

    def __init__(self, images, ports=0, memory="1G", seconds=300):
        self.ports = [free_port() for _ in range(ports)]
        self.log = open("tests/machine.log", "wb+")
        publish = ["-p%d:%d" % (p, p) for p in self.ports]
        self.process = subprocess.Popen(
            [os.environ["MAYFLY"], "run", "--shell", "--timeout=%d" % seconds, "-m", memory] + publish + images,
            stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT)
        wait("dom0's prompt", lambda: b"mayfly> " in self.output())

    def output(self):
        with open(self.log.name, "rb") as f:
            return f.read()

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()

    def start(self, image, name, options="", arguments="", ready=None):
        """Starts a guest; its address, once it has printed `ready`."""
        self.type("start %s name=%s %s -- %s" % (image, name, options, arguments))
        if ready is not None:
            wait(name + " says " + ready, lambda: re.search(("%s: .*%s" % (name, ready)).encode(), self.output()))
        return self.address(name)

    def address(self, name):
        """Of a guest; asked again until the answer is there in one piece."""
        before = len(self.output())
        found = []

        def answered():
            if not found:
                self.type("info " + name)
                time.sleep(0.3)
            found[:] = re.findall(rb"address +(10\.[0-9.]+) ", self.output()[before:])
            return found

        wait("the address of " + name, answered)
        return found[0].decode()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.wait()
        if kind is not None:
            print(self.output()[-3000:].decode(errors="replace"))
        self.log.close()
