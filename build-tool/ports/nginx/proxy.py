# SPDX-License-Identifier: Apache-2.0
# proxy.py - nginx in front of another guest with nginx: proxy, kept connections, cache, compression, ranges,
# large files, limits, logs, and the end by SIGTERM.
import gzip, hashlib, http.client, os, subprocess, sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
from machine import Machine, wait

PAGE = open(os.environ["SUPPORT"] + "/www/index.html", "rb").read()
port = 0


def ask(path, method="GET", body=None, **headers):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, data, r


def proxy(machine):
    wait("the proxy answers", lambda: ask("/back/index.html")[0] == 200)
    assert ask("/back/index.html")[1] == PAGE and ask("/back/nothing")[0] == 404
    out = subprocess.run(["wrk", "-t1", "-c16", "-d3", "--timeout", "20", "http://127.0.0.1:%d/back/index.html" % port],
                         capture_output=True, text=True).stdout
    print(out)
    assert "Socket errors" not in out and "Non-2xx" not in out and "requests in" in out
    status = ask("/back/status")[1].decode()
    accepted, handled, requests = map(int, status.splitlines()[2].split())
    assert requests > 100 and accepted < requests / 5, "connections to the other guest are not kept: " + status
    assert ask("/gone")[0] == 502
    print("proxy: ok", flush=True)


def cache():
    answers = [ask("/kept/index.html") for _ in range(5)]
    assert all(a[:2] == (200, PAGE) for a in answers)
    assert [a[2].getheader("X-Cache") for a in answers] == ["MISS"] + ["HIT"] * 4
    print("cache: ok", flush=True)


def files():
    text = b"a line of text, compressed well\n" * 5000
    large = os.urandom(1 << 20) * 32 + b"end"
    assert ask("/put/a/text.txt", "PUT", text)[0] == 201 and ask("/put/large", "PUT", large)[0] == 201
    assert ask("/put/a/text.txt", "PUT", text)[0] == 204
    status, data, r = ask("/put/a/text.txt", Accept_Encoding="gzip")
    assert r.getheader("Content-Encoding") == "gzip" and len(data) < 5000 and gzip.decompress(data) == text
    assert ask("/put/a/text.txt")[1] == text
    status, data, r = ask("/put/large")
    assert status == 200 and hashlib.sha256(data).digest() == hashlib.sha256(large).digest()
    for start, end in (0, 0), (5, 99), (1 << 24, (1 << 24) + 70000), (len(large) - 3, len(large) - 1):
        status, data, r = ask("/put/large", Range="bytes=%d-%d" % (start, end))
        assert status == 206 and data == large[start:end + 1], (start, end)
    assert ask("/put/large", Range="bytes=-3")[1] == b"end"
    assert ask("/put/large", Range="bytes=%d-" % len(large))[0] == 416
    status, data, r = ask("/put/large", Range="bytes=0-1,10-11")
    assert status == 206 and r.getheader("Content-Type").startswith("multipart/byteranges")
    assert ask("/put/large", If_None_Match=r.getheader("ETag"))[0] == 304
    assert ask("/put/a/text.txt", "MOVE", Destination="/put/moved.txt")[0] in (201, 204)
    assert ask("/put/a/text.txt")[0] == 404 and ask("/put/moved.txt")[1] == text
    assert ask("/put/moved.txt", "DELETE")[0] == 204 and ask("/put/moved.txt")[0] == 404
    print("files: ok", flush=True)


def limits():
    answers = [ask("/few/")[0] for _ in range(5)] # there is no such file
    assert answers[0] == 404 and 503 in answers[1:], answers
    assert ask("/" + "x" * 40000)[0] == 414
    print("limits: ok", flush=True)


def ends(machine):
    wait("a request is in the log", lambda: ask("/status")[0] == 200 and b"front: GET /status 200" in machine.output())
    machine.type("stop front")
    wait("it ends by SIGTERM", lambda: b"front exited with status 0" in machine.output())
    print("logs and the end: ok", flush=True)


with Machine(["images/nginx.img"], ports=1, seconds=int(os.environ.get("SECONDS", 200))) as machine:
    port = machine.ports[0]
    assert machine.start("nginx", "back") == "10.77.0.2"
    machine.start("nginx", "front", "memory=256M publish=%d:80" % port, "-e stderr -c /nginx/front.conf")
    proxy(machine)
    cache()
    files()
    limits()
    ends(machine)
