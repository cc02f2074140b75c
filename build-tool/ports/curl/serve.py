# SPDX-License-Identifier: Apache-2.0
# serve.py DIR: serves DIR by HTTP and HTTPS (DIR/cert, DIR/key); prints the two ports. A POST is sent back.
import functools
import http.server
import ssl
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = b"POST " + self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


handler = functools.partial(Handler, directory=sys.argv[1])
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/cert", sys.argv[1] + "/key")
servers[1].socket = context.wrap_socket(servers[1].socket, server_side=True)
for s in servers:
    print(s.server_address[1], flush=True)
threading.Thread(target=servers[1].serve_forever, daemon=True).start()
servers[0].serve_forever()
