# %% start
import ctypes
import os
import threading
import time


def fill():
    keep = b"x" * (140 * 2**20)
    time.sleep(100)


for _ in range(4):
    if os.fork() == 0:
        threading.Thread(target=fill).start()
        ctypes.CDLL(None).syscall(60, 0)
time.sleep(100)
