# %% start
import mmap

maps = [mmap.mmap(-1, 2**30) for _ in range(6)]
for each in maps:
    for place in range(0, 2**30, 4096):
        each[place] = 1
    each.madvise(mmap.MADV_DONTNEED)
