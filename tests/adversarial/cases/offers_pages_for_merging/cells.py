# %% start
import mmap

mmap.mmap(-1, 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).madvise(mmap.MADV_MERGEABLE)
