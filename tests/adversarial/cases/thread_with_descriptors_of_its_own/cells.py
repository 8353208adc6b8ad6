# %% start
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
if os.uname().machine == "x86_64":
    # CLONE_THREAD, CLONE_SIGHAND, CLONE_VM, but not CLONE_FILES.
    assert libc.syscall(56, 0x10000 | 0x800 | 0x100, 0, 0, 0, 0) == -1
    assert ctypes.get_errno() == 1
