# SPDX-License-Identifier: Apache-2.0
# A server of the host without TLS; stunnel as a guest in front of it, asked by curl, which checks the certificate; and
# a second one as a client of the first, which checks it too. Settings come by the console (-fd 0).
import http.server, os, signal, subprocess, sys, threading

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
from machine import free_port, wait

data = os.urandom(300000)
root = os.environ["WORK"] + "/needs/openssl/share/openssl-test/rootcert.pem"
key = "cert = /test/servercert.pem\nkey = /test/serverkey.pem\n"
check = "client = yes\nverifyChain = yes\nCAfile = /test/rootcert.pem\ncheckHost = "


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        pass


def tunnel(name, settings):
    """Starts a guest; the host's port that leads to it."""
    port = free_port()
    log = open("tests/%s.log" % name, "wb")
    guest = subprocess.Popen([os.environ["MAYFLY"], "run", "--timeout=100", "-p%d:4433" % port, "images/stunnel.img", "-fd", "0"],
                             stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
    guest.stdin.write(("foreground = yes\npid =\n[tunnel]\naccept = 4433\n" + settings).encode())
    guest.stdin.close()
    guests.append(guest)
    wait(name + " is ready", lambda: b"Configuration successful" in open(log.name, "rb").read())
    return port


def get(url, *words):
    return subprocess.run(["curl", "-sS", "--max-time", "30", *words, url], capture_output=True).stdout


def both_ways():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    front = tunnel("front", "connect = 10.0.2.2:%d\n" % server.server_port + key)
    to_front = ["--cacert", root, "--connect-to", "server.example:443:127.0.0.1:%d" % front]
    for _ in range(3):
        assert get("https://server.example/", *to_front) == data
    got = []
    clients = [threading.Thread(target=lambda: got.append(get("https://server.example/", *to_front))) for _ in range(8)]
    [c.start() for c in clients], [c.join() for c in clients]
    assert got == [data] * 8
    back = tunnel("back", "connect = 10.0.2.2:%d\n" % front + check + "server.example\n")
    assert get("http://127.0.0.1:%d/" % back) == data
    other = tunnel("other", "connect = 10.0.2.2:%d\n" % front + check + "another.example\n")
    assert get("http://127.0.0.1:%d/" % other) == b""


guests = []
try:
    both_ways()
finally:
    for guest in guests:
        guest.send_signal(signal.SIGTERM)
        guest.wait()
