# SPDX-License-Identifier: Apache-2.0
# echo.py CLIENTS BYTES: so many connections at once to port PORT, each gets back what it sends.
import os, socket, sys, threading

clients, count = int(sys.argv[1]), int(sys.argv[2])
good = []


def client(number):
    sent = bytes((number + i * 7) % 251 for i in range(count))
    with socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 60) as s:
        threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR))).start()
        got = b""
        while data := s.recv(65536):
            got += data
    if got == sent:
        good.append(number)


threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert len(good) == clients, sorted(good)
