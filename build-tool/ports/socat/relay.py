# SPDX-License-Identifier: Apache-2.0
# socat as a guest between clients and a server of the host.
import os, sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["SUPPORT"] + "/.."]
import http.server, threading, urllib.request
from machine import Machine, wait

data = os.urandom(300000)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with Machine(["images/socat.img"], ports=1) as machine:
    port = machine.ports[0]
    machine.start("socat", "relay", "publish=%d:80" % port,
                  "-d -d TCP-LISTEN:80,fork TCP:10.0.2.2:%d" % server.server_port, ready="listening on")
    for _ in range(5):
        assert urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=30).read() == data
