import os
import select
import time

for _ in range(20):
    if os.fork() == 0:
        sources = [os.pipe()[0] for _ in range(20)]
        instances = [select.epoll() for _ in range(20)]
        for source in sources:
            for number in range(150, 250):
                os.dup2(source, number)
                for instance in instances:
                    instance.register(number, 0)
        time.sleep(100)
time.sleep(100)
