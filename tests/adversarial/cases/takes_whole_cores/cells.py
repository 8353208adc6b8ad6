# %% start
import ctypes

# PR_SCHED_CORE: a hyper-thread that is another's would stand still.
assert ctypes.CDLL(None).prctl(62, 1, 0, 0, 0) == -1
