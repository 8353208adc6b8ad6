# %% start
import os
import pty

held = []
try:
    while len(held) < 200:
        held.append(pty.openpty())
except OSError:
    pass
assert len(held) == 16
assert sorted(os.listdir("/dev/pts"), key=len)[-1] == "ptmx"
