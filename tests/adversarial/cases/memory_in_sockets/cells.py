# %% start
import os
import socket
import time

for _ in range(8):
    if os.fork() == 0:
        keep = []
        try:
            while True:
                pair = socket.socketpair()
                keep.append(pair)
                for end in pair:
                    end.setblocking(False)
                    try:
                        while True:
                            end.send(bytes(2**15))
                    except BlockingIOError:
                        pass
        except OSError:
            time.sleep(100)
time.sleep(100)
