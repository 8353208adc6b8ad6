# %% start
import ctypes

libc = ctypes.CDLL(None)
timer = ctypes.c_void_p()
count = 0
while count < 5000 and libc.timer_create(0, None, ctypes.byref(timer)) == 0:
    count += 1
assert count <= 1024
