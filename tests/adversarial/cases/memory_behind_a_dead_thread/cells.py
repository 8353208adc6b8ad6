# %% start
import ctypes
import os
import threading
import time


def fill():
    keep = [bytearray(b"x" * 2**20) for _ in range(220)]
    time.sleep(100)


for _ in range(8):
    if os.fork() == 0:
        threading.Thread(target=fill).start()
        ctypes.CDLL(None).syscall(60, 0)
time.sleep(100)
