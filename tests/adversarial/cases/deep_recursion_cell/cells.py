# %% start
import sys

sys.setrecursionlimit(10**9)


class Deep:
    def __repr__(self):
        return repr(self)


try:
    repr(Deep())
except MemoryError:
    import os

    os._exit(1)
