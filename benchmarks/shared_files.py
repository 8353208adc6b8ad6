"""
Measure what one kernel learns from another one by the state of files that both read.

    python -m benchmarks.shared_files [--bits 2000]

The first kernel takes a message of random bits and reads a page of a large file, or asks for a name
that is not there, wherever a bit is 1. The second one then reads each page, or asks for each name,
once, and calls quick answers ones; the limit between quick and slow is the one that would have told
most of the first half of the bits, and the second half is counted. Half of them right is guessing.
In between the processor's caches are used for something else, as they are between two submissions.
Set AUTOGRADER_SHARED_FILES to measure with a copy of the files in memory.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Final

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.shared_files import folder_for_copies

ENVIRONMENT: Final = "numpy"
INSIDE: Final = """
import os
import time

PLACE = "/opt/environment/lib"


def largest():
    files = (os.path.join(folder, name) for folder, _, names in os.walk(PLACE) for name in names)
    return max(files, key=lambda path: os.stat(path).st_size)


DESCRIPTOR = os.open(largest(), os.O_RDONLY)
PAGES = os.fstat(DESCRIPTOR).st_size // 4096


def page(number):
    os.pread(DESCRIPTOR, 1, 4096 * (number % PAGES))


def name(number):
    try:
        os.stat(f"{PLACE}/no-such-file-{number}")
    except OSError:
        pass


def tell(way, numbers, bits):
    for number, bit in zip(numbers, bits):
        if bit:
            way(number)


def times(way, numbers):
    found = []
    for number in numbers:
        began = time.perf_counter_ns()
        way(number)
        found.append(time.perf_counter_ns() - began)
    return found


def use_the_processors_caches():
    bytearray(b"x") * 2**29


def tell_pages(numbers, bits):
    tell(page, numbers, bits)


def tell_names(numbers, bits):
    tell(name, numbers, bits)


def times_of_pages(numbers):
    return times(page, numbers)


def times_of_names(numbers):
    return times(name, numbers)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both states and print a line for each."""
    parser = argparse.ArgumentParser(prog="benchmarks.shared_files", description=__doc__)
    parser.add_argument("--bits", type=int, default=2000, metavar="N")
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="S", help="until all files have been read"
    )
    options = parser.parse_args(arguments)
    copies = folder_for_copies()
    print(f"files: {'where they are' if copies is None else f'a copy in {copies}'}")
    with ForkServer(load_environment(ENVIRONMENT)) as fork_server:
        fork_server.wait_until_warm()
        time.sleep(options.wait)
        for what in ("pages", "names"):
            right, seconds = _measured(fork_server, what, options.bits)
            print(
                f"{what}: {100 * right:.1f} of 100 bits are read rightly, "
                f"{1e6 * seconds:.1f} µs each"
            )
    return 0


def _measured(fork_server: ForkServer, what: str, count: int) -> tuple[float, float]:
    """Return which part of the bits is read rightly, and how long one takes."""
    draw = random.Random()  # noqa: S311  # not a secret: a name that nobody has asked for
    bits = [draw.getrandbits(1) for _ in range(count)]
    numbers = [draw.getrandbits(60) for _ in range(count)]
    limits = Limits()
    with (
        Probe(fork_server.fork_kernel(), limits) as sender,
        Probe(fork_server.fork_kernel(), limits) as receiver,
    ):
        for probe in (sender, receiver):
            probe.run(INSIDE)
            probe.call(f"times_of_{what}", [0, 1, 2])  # what is slow for the first time only
        sender.call(f"tell_{what}", numbers, bits)
        # What the second one finds there is gone when a later submission is graded.
        receiver.call("use_the_processors_caches")
        times = receiver.call(f"times_of_{what}", numbers)
    half = count // 2
    limit = max(times[:half], key=lambda each: _right(times[:half], bits[:half], each))
    return _right(times[half:], bits[half:], limit), statistics.median(times) / 1e9


def _right(times: Sequence[int], bits: Sequence[int], limit: int) -> float:
    told = [time <= limit for time in times]
    return sum(bool(bit) == each for bit, each in zip(bits, told, strict=True)) / len(bits)


if __name__ == "__main__":
    sys.exit(main())
