# Takes and gives back what it may have, page by page, by several processes.
import mmap
import os

for _ in range(4):
    if os.fork() == 0:
        break
while True:
    with mmap.mmap(-1, 64 * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        for start in range(0, len(memory), 4096):
            memory[start] = 1
