import hashlib
import threading
import time

block = bytes(10**7)


def work():
    while True:
        hashlib.sha256(block)


for _ in range(40):
    threading.Thread(target=work, daemon=True).start()
time.sleep(100)
