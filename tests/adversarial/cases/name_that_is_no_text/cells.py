# %% start
import ctypes
import time

ctypes.CDLL(None).prctl(15, b"\xff\x0b\x0b")
time.sleep(0.3)
