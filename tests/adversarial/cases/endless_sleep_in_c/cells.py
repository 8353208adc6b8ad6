# %% start
import ctypes

ctypes.CDLL(None).pause()
