import os
import time

for _ in range(8):
    if os.fork() == 0:
        while True:
            if os.fork() != 0:
                os._exit(0)
            os.setsid()
            end = time.monotonic() + 0.1
            while time.monotonic() < end:
                pass
time.sleep(100)
