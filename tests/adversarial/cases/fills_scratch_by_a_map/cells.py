# %% start
import mmap

with open("/tmp/full", "wb+") as file:
    file.truncate(2**30)
    with mmap.mmap(file.fileno(), 2**30) as view:
        for place in range(0, 2**30, 4096):
            view[place] = 1
