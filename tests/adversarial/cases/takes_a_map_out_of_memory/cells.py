# %% start
import mmap

with open(np.__file__, "rb") as file:
    place = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
    sum(place[i] for i in range(0, len(place), 4096))
    place.madvise(21)
