"""A process is cloned into namespaces of its own, with and without other threads beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, threading, zlib
from autograder.sandbox.runtime import linux

def work():
    while True:
        zlib.compress(os.urandom(100_000))

for _ in range({threads}):
    threading.Thread(target=work, daemon=True).start()
for _ in range(20):
    ours, theirs = os.pipe()
    if linux.clone(linux.CLONE_NEWUSER | linux.CLONE_NEWPID) == 0:
        # What a lock that a thread held would hinder.
        threading.Thread(target=lambda: bytearray(10_000_000)).start()
        os.write(theirs, b"%d" % os.getpid())
        os._exit(0)
    os.close(theirs)
    assert os.read(ours, 10) == b"1"
    os.close(ours)
print("all are the first of their namespace")
"""


@pytest.mark.parametrize("threads", [0, 2])
def test_clone(threads: int) -> None:
    """It is PID 1, and can do what any process can."""
    program = PROGRAM.format(threads=threads)
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout == "all are the first of their namespace\n", result.stderr
