"""Kernels to try the sandbox from, and a guard against whatever a test leaves behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.doctor.probe import Probe
from autograder.environments import load_environment
from autograder.limits import Limits
from autograder.sandbox.fork_server import ForkServer
from tests.autograder.sandbox.processes import children_of

MakeProbe = Callable[..., Probe]
Held = dict[str, Any]
SETTLE_SECONDS = 5.0


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Return the fork server that all tests fork from."""
    with ForkServer(load_environment("numpy")) as server:
        server.wait_until_warm()
        yield server


@pytest.fixture
def make_probe(fork_server: ForkServer) -> Iterator[MakeProbe]:
    """Return what makes kernels with limits; they are ended with the test."""
    probes: list[Probe] = []

    def make(files: dict[str, bytes] | None = None, **limits: float) -> Probe:
        settings = {"call_seconds": 20.0, "grace_seconds": 0.5} | limits
        probes.append(Probe(fork_server.fork_kernel(), Limits(**settings), files))
        return probes[-1]

    yield make
    for probe in probes:
        probe.close()


@pytest.fixture(scope="module")
def inside(fork_server: ForkServer) -> Iterator[Probe]:
    """Return one kernel for tests that only look around."""
    kernel, files = fork_server.fork_kernel(), {"data.txt": b"given"}
    with Probe(kernel, Limits(call_seconds=60.0), files) as probe:
        yield probe


@pytest.fixture(autouse=True)
def nothing_is_left(fork_server: ForkServer, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves open files, threads, processes or a kernel's folder behind."""
    if "inside" in request.fixturenames:
        request.getfixturevalue("inside")
    before = _held(fork_server)
    yield
    deadline = time.monotonic() + SETTLE_SECONDS
    while _left_behind(before, _held(fork_server)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _left_behind(before, _held(fork_server))


def _left_behind(before: Held, now: Held) -> Held:
    """Return what is new. A thread that was about to end when the test began may be gone."""
    return {
        name: each
        for name, each in now.items()
        if (each > before[name] if isinstance(each, int) else each != before[name])
    }


def _held(fork_server: ForkServer) -> Held:
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "native threads": len(list(Path("/proc/self/task").iterdir())),
        "children": children_of(os.getpid()),
        "kernels' folders": sorted(path.name for path in Path(fork_server._sockets).iterdir()),
    }
