# %% start
import mmap
import os

zero = os.open("/dev/zero", os.O_RDWR)
assert os.read(zero, 3) == bytes(3)
mmap.mmap(zero, 2**30)
