# %% start
import os
import time

for _ in range(8):
    if os.fork() == 0:
        keep = [bytearray(b"x" * 2**20) for _ in range(200)]
        time.sleep(100)
time.sleep(100)
