# %% start
import os
import time

NAMES = ("loadavg", "meminfo", "stat", "uptime", "vmstat", "interrupts", "softirqs", "locks")


def counters():
    return [open(f"/proc/{name}").read() for name in NAMES]


before = counters()
keep = bytes(10**7)
time.sleep(0.1)
# Another kernel's work would show in them, at once and exactly.
assert counters() == before
assert not os.listdir("/proc/sys/kernel/pty") and not os.listdir("/proc/sys/fs")
