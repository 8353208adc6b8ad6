# %% start
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
# How long data will live: stays with the file, for all who ask.
with open(np.__file__, "rb") as file:
    for command in (1036, 1038):
        hint = ctypes.c_uint64(4)
        assert libc.fcntl(file.fileno(), command, ctypes.byref(hint)) == -1
        assert ctypes.get_errno() == 1
