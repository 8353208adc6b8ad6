"""
What a hidden test's call of a student's function costs, into the sandbox and back.

    python -m benchmarks.calls
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.kernels.pool import KernelPool
from autograder.limits import Limits

CALLS = 500
SIZES = (1, 1_000, 100_000)


def main() -> None:
    """Print the median of many calls for arrays of several sizes."""
    pool = KernelPool(load_environment("numpy"), spares=0)
    try:
        with Probe(pool.take(), Limits()) as probe:
            probe.run("def double(x): return 2 * x")
            for size in SIZES:
                print(f"{size:>7} numbers: {1e6 * _seconds(probe, size):7.0f} µs a call")
    finally:
        pool.close()


def _seconds(probe: Probe, size: int) -> float:
    numbers = np.arange(float(size))
    seconds = []
    for _ in range(CALLS):
        began = time.perf_counter()
        probe.call("double", numbers)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
