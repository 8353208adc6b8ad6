import fcntl
import os
import time

held = []
try:
    while True:
        held.append(os.pipe())
        fcntl.fcntl(held[-1][1], 1031, 2**20)
except OSError:
    time.sleep(100)
