# SPDX-License-Identifier: Apache-2.0
# replicas.py - replication: from guest to guest, from a guest to a redis on the host, and back.
import os, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"], os.environ["SUPPORT"] + "/.."]
from client import Redis
from machine import Machine, free_port, wait

ARGUMENTS = "--bind 0.0.0.0 --protected-mode no --save '' --dir /tmp --enable-debug-command yes --repl-diskless-sync-delay 0 "
READY = "Ready to accept"


def connect(port):
    clients = []
    wait("a redis at port %d" % port, lambda: clients.append(Redis(port)) or clients[-1].ask("PING") == "PONG")
    return clients[-1]


def fill(r, count, size):
    for i in range(count):
        r.send("SET", "key%d" % i, (b"%d " % i) * (size // 4))
    for i in range(count):
        r.reply()
    r.ask("HSET", "hash", "a", 1, "b", 2)
    r.ask("SET", "gone", 1, "EX", 1000)


def follows(master, replica, what):
    """The replica is linked, gets what is written, and has the same data."""
    wait(what + ": the link is up", lambda: replica.info("master_link_status") == "up", 120)
    for i in range(500):
        master.send("INCR", "counter")
    for i in range(500):
        master.reply()
    assert master.ask("WAIT", 1, 20000) >= 1, what
    assert replica.ask("GET", "counter") == master.ask("GET", "counter"), what
    assert replica.ask("DEBUG", "DIGEST") == master.ask("DEBUG", "DIGEST"), what
    replica.refused("READONLY", "SET", "x", 1)
    print(what + ": ok", flush=True)


def guests(machine):
    first = machine.start("redis", "first", "memory=256M publish=%d:6379" % machine.ports[0], ARGUMENTS, READY)
    master = connect(machine.ports[0])
    fill(master, 3000, 4000)
    machine.start("redis", "second", "memory=256M publish=%d:6379" % machine.ports[1],
                  ARGUMENTS + "--replicaof %s 6379" % first, READY)
    replica = connect(machine.ports[1])
    follows(master, replica, "from guest to guest")
    # The link is cut: the replica goes on where it was, without all of the data.
    full = master.info("sync_full")
    master.ask("CLIENT", "KILL", "TYPE", "replica")
    wait("the replica is back", lambda: master.info("connected_slaves") == "1")
    assert master.info("sync_full") == full and int(master.info("sync_partial_ok")) >= 1
    follows(master, replica, "after the link was cut")
    # The replica becomes the master of the other.
    replica.ask("REPLICAOF", "NO", "ONE")
    replica.ask("SET", "new", "master")
    master.ask("REPLICAOF", machine.address("second"), 6379)
    follows(replica, master, "with the parts changed")
    assert master.ask("GET", "new") == b"master"
    master.ask("REPLICAOF", "NO", "ONE")
    return master


def host(machine, guest):
    """With Debian's redis-server, which is redis-check-rdb by another name."""
    with tempfile.TemporaryDirectory() as folder:
        server = folder + "/redis-server"
        os.symlink("/usr/bin/redis-check-rdb", server)
        port = free_port()
        with open("tests/redis-on-host.log", "w") as log:
            process = subprocess.Popen([server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
                                        "--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0",
                                        "--replicaof", "127.0.0.1", str(machine.ports[0])], stdout=log)
        try:
            there = connect(port)
            follows(guest, there, "from a guest to the host")
            there.ask("REPLICAOF", "NO", "ONE")
            there.ask("SET", "from", "the host")
            guest.ask("REPLICAOF", "10.0.2.2", port)
            follows(there, guest, "from the host to a guest")
        finally:
            process.terminate()
            process.wait()


with Machine(["images/redis.img"], ports=2, seconds=int(os.environ.get("SECONDS", 300))) as machine:
    host(machine, guests(machine))
