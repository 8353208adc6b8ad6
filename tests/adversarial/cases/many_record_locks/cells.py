# %% start
import fcntl

# Each is memory of Linux's own, which no limit counts.
with open(np.__file__, "rb") as file, open(np.__file__, "rb") as other:
    for place in range(0, 200, 2):
        fcntl.lockf(file, fcntl.LOCK_SH, 1, place)
try:
    counted = sum("POSIX" in line for line in open("/proc/locks"))
except OSError:
    counted = 0
assert counted < 50
