import os
import pty
import time

for _ in range(16):
    if os.fork() == 0:
        held = []
        try:
            while True:
                held.append(pty.openpty())
        except OSError:
            time.sleep(100)
time.sleep(100)
