import socket
import time

held = []
try:
    while True:
        held.append(socket.socketpair())
        for _ in range(200):
            socket.send_fds(held[-1][0], [b"x"], [0])
except OSError:
    time.sleep(100)
