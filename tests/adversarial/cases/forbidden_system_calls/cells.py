# %% start
import ctypes
import errno
import os

calls = {
    "ptrace": (101, 16, 1, 0, 0),
    "unshare": (272, 0x10000000),
    "mount": (165, 0, 0, 0, 0, 0),
    "chroot": (161, b"/tmp"),
    "setns": (308, 0, 0),
    "bpf": (321, 0, 0, 0),
    "keyctl": (250, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "userfaultfd": (323, 0),
    "perf_event_open": (298, 0, 0, 0, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "pivot_root": (155, 0, 0),
    "clone with a user namespace": (56, 0x10000011, 0, 0, 0, 0),
    "shmget": (29, 0, 4096, 0o1666),
}
libc = ctypes.CDLL(None, use_errno=True)
allowed = []
for name, arguments in calls.items() if os.uname().machine == "x86_64" else ():
    result = libc.syscall(*arguments)
    if result != -1 or ctypes.get_errno() != errno.EPERM:
        allowed.append((name, result, ctypes.get_errno()))
assert not allowed, allowed
