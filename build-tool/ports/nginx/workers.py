# SPDX-License-Identifier: Apache-2.0
# workers.py - nginx as a master with two workers, which are guests of their own: load, SIGHUP while it is
# served, a worker that is killed, the end.
import http.client, os, re, subprocess, sys, threading

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
from machine import Machine, wait

PAGE = open(os.environ["SUPPORT"] + "/www/index.html", "rb").read()
port = 0


def ask(path="/index.html"):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request("GET", path)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, data


def workers(m):
    """The numbers of the workers that have been started, in order."""
    return [int(n) for n in re.findall(rb"start worker process (\d+)", m.output())]


def gone(m, number):
    return re.search(rb"(worker process|process) %d exited" % number, m.output()) is not None


def load(seconds, *arguments):
    out = subprocess.run(["wrk", "-t1", "-c32", "-d%d" % seconds, "--timeout", "30", *arguments,
                          "http://127.0.0.1:%d/index.html" % port], capture_output=True, text=True).stdout
    print(out, flush=True)
    assert "Socket errors" not in out and "Non-2xx" not in out
    assert int(re.search(r"(\d+) requests in", out)[1]) > 50


def asks_without_end(stop, bad):
    while not stop.is_set():
        try:
            if ask() != (200, PAGE):
                bad.append("a wrong answer")
        except OSError as e:
            bad.append(str(e))


def reload(m):
    before = workers(m)
    stop, bad = threading.Event(), []
    asker = threading.Thread(target=asks_without_end, args=(stop, bad))
    asker.start()
    m.type("signal nginx HUP")
    wait("new workers", lambda: len(workers(m)) == len(before) + 2)
    wait("the old ones end", lambda: all(gone(m, n) for n in before))
    stop.set()
    asker.join()
    assert not bad, bad
    print("reload: ok", flush=True)


with Machine(["images/nginx.img"], ports=1) as m:
    port = m.ports[0]
    m.start("nginx", "nginx", "publish=%d:80" % port, "-e stderr -c /nginx/workers.conf")
    wait("nginx answers", lambda: ask() == (200, PAGE))
    wait("two workers", lambda: len(workers(m)) == 2)
    load(4)
    load(3, "-H", "Connection: close")
    m.type("write nginx.%d /nginx/html/new.html news" % workers(m)[0])
    wait("a new file", lambda: ask("/new.html")[0] == 200)
    reload(m)
    reload(m)
    load(2)
    victim = workers(m)[-1]
    m.type("kill nginx.%d" % victim)
    wait("another worker", lambda: len(workers(m)) == 7)
    load(2)
    m.type("signal nginx QUIT")
    wait("the end", lambda: b"[nginx exited with status 0]" in m.output())
    assert m.output().count(b"[alert]") == 1, "more than the killed worker"
    print("workers: ok", flush=True)
