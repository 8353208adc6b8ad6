# %% start
import ctypes

libc = ctypes.CDLL(None)
assert libc.prctl(4, 0) == -1
assert libc.prctl(3) == 1
