# SPDX-License-Identifier: Apache-2.0
# A child of socat answers each datagram.
import os, socket, time

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(10)
    for i in range(5):
        text = b"datagram %d" % i
        s.sendto(text, ("127.0.0.1", int(os.environ["PORT_5001"])))
        assert s.recv(2000) == text
        time.sleep(0.2)
