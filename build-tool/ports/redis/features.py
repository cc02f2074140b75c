# SPDX-License-Identifier: Apache-2.0
# features.py - what programs do with redis beyond single commands, against the guest at port PORT, which
# was started with an append-only file and redis' debug commands.
import os, sys, threading, time

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"], os.environ["SUPPORT"] + "/.."]
from client import Redis
from machine import wait

PORT = int(os.environ["PORT"])


def transactions(r):
    other = Redis(PORT)
    assert r.ask("MULTI") == "OK"
    assert r.ask("SET", "t", 1) == "QUEUED" and r.ask("INCR", "t") == "QUEUED"
    assert other.ask("GET", "t") is None
    assert r.ask("EXEC") == ["OK", 2]
    r.ask("WATCH", "t")
    other.ask("SET", "t", 5)
    r.ask("MULTI")
    r.ask("INCR", "t")
    assert r.ask("EXEC") is None and r.ask("GET", "t") == b"5"
    r.ask("MULTI")
    assert r.ask("DISCARD") == "OK"
    r.refused("EXEC without MULTI", "EXEC")


def messages(r):
    readers = [Redis(PORT) for _ in range(10)]
    for s in readers:
        assert s.ask("SUBSCRIBE", "news") == [b"subscribe", b"news", 1]
    pattern = Redis(PORT)
    pattern.ask("PSUBSCRIBE", "n*")
    for i in range(500):
        assert r.ask("PUBLISH", "news", i) == 11
    for s in readers:
        for i in range(500):
            assert s.reply() == [b"message", b"news", b"%d" % i]
    for i in range(500):
        assert pattern.reply() == [b"pmessage", b"n*", b"news", b"%d" % i]
    readers[0].send("UNSUBSCRIBE")
    assert readers[0].reply() == [b"unsubscribe", b"news", 0] and r.ask("PUBLISH", "news", "x") == 10


def scripts(r):
    assert r.ask("EVAL", "local s = 0; for i = 1, ARGV[1] do s = s + i end; return s", 0, 100000) == 5000050000
    assert r.ask("EVAL", "return {KEYS[1], ARGV[1], 3.99, false, {1, 'x'}}", 1, "k", "a") == [b"k", b"a", 3, None, [1, b"x"]]
    digest = r.ask("SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])").decode()
    assert [r.ask("EVALSHA", digest, 1, "calls") for _ in range(3)] == [1, 2, 3]
    r.refused("WRONGTYPE", "EVAL", "redis.call('SET', KEYS[1], 'x'); return redis.call('LPUSH', KEYS[1], 1)", 1, "str")
    r.refused("NOSCRIPT", "EVALSHA", "f" * 40, 0)
    assert r.ask("EVAL", "return cjson.encode({1, {a = 2}})", 0) == b'[1,{"a":2}]'
    assert r.ask("EVAL", "return #cmsgpack.pack({1, 2, 3})", 0) == 4
    assert r.ask("EVAL", "return string.format('%.3f %5d|%-4s|', 3.14159, 42, 'x')", 0) == b"3.142    42|x   |"
    r.ask("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('twice', function(k, a) return a[1] * 2 end)")
    assert r.ask("FCALL", "twice", 0, 21) == 42
    other = Redis(PORT)
    r.ask("CONFIG", "SET", "lua-time-limit", 100)
    other.send("EVAL", "while true do end", 0)
    wait("the server is busy", lambda: isinstance(r.send("PING") or r.reply_or_error(), Exception))
    assert r.ask("SCRIPT", "KILL") == "OK"
    assert isinstance(other.reply_or_error(), Exception) and r.ask("PING") == "PONG"


def expiry(r):
    r.ask("SET", "soon", 1, "PX", 300)
    assert 0 < r.ask("PTTL", "soon") <= 300 and r.ask("TTL", "nothing") == -2
    for i in range(2000):
        r.send("SET", "e%d" % i, i, "PX", 200 + i % 500)
    for i in range(2000):
        assert r.reply() == "OK"
    r.ask("SET", "stays", 1, "EX", 1000)
    before = int(r.info("expired_keys"))
    wait("keys expire without being asked for", lambda: int(r.info("expired_keys")) - before >= 2001)
    assert r.ask("GET", "soon") is None and r.ask("TTL", "stays") > 900
    assert r.ask("PERSIST", "stays") == 1 and r.ask("TTL", "stays") == -1


def blocking(r):
    waiting = [Redis(PORT) for _ in range(20)]
    for w in waiting:
        w.send("BLPOP", "queue", 0)
    wait("20 clients are blocked", lambda: r.info("blocked_clients") == "20")
    for i in range(20):
        r.ask("RPUSH", "queue", i)
    assert sorted(int(w.reply()[1]) for w in waiting) == list(range(20))
    start = time.monotonic()
    assert r.ask("BLPOP", "queue", "0.5") is None and time.monotonic() - start > 0.4
    first = r.ask("XADD", "stream", "*", "a", 1)
    w = waiting[0]
    w.send("XREAD", "BLOCK", 0, "STREAMS", "stream", "$")
    wait("one is blocked", lambda: r.info("blocked_clients") == "1")
    second = r.ask("XADD", "stream", "*", "b", 2)
    assert w.reply() == [[b"stream", [[second, [b"b", b"2"]]]]] and first < second


def big_values(r):
    value = os.urandom(1 << 20) * 64
    assert r.ask("SET", "big", value) == "OK"
    assert r.ask("STRLEN", "big") == len(value)
    assert r.ask("GET", "big") == value
    assert r.ask("GETRANGE", "big", 1 << 25, (1 << 25) + 99) == value[:100]
    assert r.ask("APPEND", "big", "end") == len(value) + 3
    assert r.ask("UNLINK", "big") == 1
    wait("its memory is free", lambda: int(r.info("used_memory")) < 32 << 20)


def many_connections(r, count=1000):
    clients = [Redis(PORT, 120) for _ in range(count)]
    wait("all are connected", lambda: int(r.info("connected_clients")) > count)
    for turn in range(3):
        for i, c in enumerate(clients):
            c.send("INCRBY", "many", i)
        for c in clients:
            c.reply()
    assert r.ask("GET", "many") == b"%d" % (3 * count * (count - 1) // 2)
    for c in clients:
        c.file.close()
        c.socket.close()
    wait("they are gone", lambda: int(r.info("connected_clients")) < 50)


def files(r):
    """SAVE and the append-only file: what is loaded from them is what was there."""
    r.ask("FLUSHALL")
    for i in range(1000):
        r.send("HSET", "h%d" % (i % 10), "f%d" % i, "v" * (i % 300))
    for i in range(1000):
        r.reply()
    r.ask("ZADD", "z", *[x for i in range(500) for x in (i / 3, "m%d" % i)])
    r.ask("XADD", "x", "1-1", "a", "b")
    r.ask("SET", "ttl", 1, "EX", 1000)
    digest = r.ask("DEBUG", "DIGEST")
    assert r.ask("SAVE") == "OK"
    assert r.ask("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE") == "OK"
    assert r.ask("DEBUG", "DIGEST") == digest and r.ask("DEBUG", "RELOAD") == "OK" and r.ask("DEBUG", "DIGEST") == digest
    for policy in "always", "everysec", "no":
        r.ask("CONFIG", "SET", "appendfsync", policy)
        r.ask("RPUSH", "synced", policy)
        r.ask("DEL", "h0") if policy == "no" else None
    wait("the file is written", lambda: r.info("aof_last_write_status") == "ok" and r.info("aof_pending_bio_fsync") == "0")
    digest = r.ask("DEBUG", "DIGEST")
    assert r.ask("DEBUG", "LOADAOF") == "OK" and r.ask("DEBUG", "DIGEST") == digest
    assert r.ask("LRANGE", "synced", 0, -1) == [b"always", b"everysec", b"no"] and 900 < r.ask("TTL", "ttl") <= 1000


def eviction(r):
    r.ask("FLUSHALL")
    limit = int(r.info("used_memory")) + (16 << 20)
    r.ask("CONFIG", "SET", "maxmemory", limit)
    r.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    value = b"x" * 20000
    for i in range(2000):
        assert r.ask("SET", "v%d" % i, value) == "OK"
        r.ask("GET", "v0")
    assert int(r.info("evicted_keys")) > 1000 and int(r.info("used_memory")) <= limit + (1 << 20)
    assert r.ask("GET", "v0") == value, "what was used last was evicted"
    r.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    for i in range(200):
        r.send("SET", "n%d" % i, value)
    assert any("OOM" in str(a) for a in [r.reply_or_error() for _ in range(200)])
    r.ask("CONFIG", "SET", "maxmemory", 0)
    assert r.ask("FLUSHALL", "ASYNC") == "OK" and r.ask("DBSIZE") == 0


client = Redis(PORT)
for part in sys.argv[1:] or [transactions, messages, scripts, expiry, blocking, big_values, many_connections, files, eviction]:
    part = globals()[part] if isinstance(part, str) else part
    start = time.monotonic()
    part(client)
    print("%s: ok, %.1f s" % (part.__name__, time.monotonic() - start), flush=True)
