"""
Hidden tests are plain pytest: this plugin gives them fixtures and markers and collects results.

The process that runs it, the examiner, collects an assignment's tests once; then it waits for jobs,
and for each forks a child that runs the tests against one kernel
(`autograder.examiner.examination`). `autograder.examiner.process` is the other end.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.ma  # NumPy imports it late: once here, not again in every child
import numpy.random
import pytest
from _pytest.runner import runtestprotocol

from autograder.checks import counter
from autograder.examiner.bounds import give_way
from autograder.examiner.channel import CallChannel
from autograder.examiner.collecting import describe, id_of, is_public, why_not_collected
from autograder.examiner.examination import Examination
from autograder.examiner.protocol import Collected, Job, Packet, decoded, encoded
from autograder.examiner.recognise import load_sample_answers
from autograder.packets import Packets, serve_children
from autograder.student import Student


def _print_to_nobody() -> None:
    """Let what tests print go nowhere: it may hold hidden inputs, and nobody reads it."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    os.close(null)


class Sandbox:
    """The fixture ``sandbox``: what a hidden test does inside the kernel, besides calls."""

    def __init__(self, channel: CallChannel) -> None:
        self._channel = channel

    def run(self, source: str) -> None:
        """Execute Python source in the notebook's namespace."""
        self._channel.run(source)

    def seed(self, seed: int) -> None:
        """Seed the global generators of NumPy and Python, and bind none of the student's names."""
        self.run(f"__import__('numpy').random.seed({seed}); __import__('random').seed({seed})")


class ExaminerPlugin:
    """
    The plugin object that an examiner hands to pytest.

    Args:
        packets: The connection to the grader.
        misconceptions_file: The assignment's ``misconceptions.py``.
    """

    def __init__(self, packets: Packets, misconceptions_file: Path) -> None:
        self._packets = packets
        self._misconceptions = load_sample_answers(misconceptions_file)
        self._examination: Examination | None = None
        # pytest writes out both sides of every assertion that holds, too, and cuts after 240
        # characters: of long arrays the ends will do.
        np.set_printoptions(threshold=12, edgeitems=2)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Declare the marker."""
        config.addinivalue_line(
            "markers", "question(id, weight=1, public=False): the question that a test belongs to"
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Tell the grader of a file that cannot be collected; it hears the first."""
        report = yield
        if report.failed:
            self._packets.send(encoded(why_not_collected(collector.path, report)))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Wait for jobs instead of running the tests here."""
        self._packets.send(encoded(Collected(tuple(map(describe, session.items)))))
        # A collection of garbage in a child would copy every page that holds an object.
        gc.freeze()
        serve_children(
            self._packets, lambda job, given: self._fork(decoded(job), given, session.items)
        )
        return True

    def _fork(self, job: Packet, descriptors: list[int], items: list[pytest.Item]) -> int:
        child = os.fork()
        if child == 0:
            self._run_job(job, descriptors, items)
        return child

    def _run_job(self, job: Packet, descriptors: list[int], items: list[pytest.Item]) -> NoReturn:
        status = 1
        try:
            assert isinstance(job, Job)
            give_way()
            _print_to_nobody()
            packets = Packets(socket.socket(fileno=descriptors[0]))
            stream = socket.socket(fileno=descriptors[1]) if len(descriptors) > 1 else None
            chosen = [item for item in items if id_of(item) in set(job.tests)]
            # Public tests first: nothing that a hidden call brought in can leave through them.
            chosen.sort(key=lambda item: not is_public(item))
            self._examination = Examination(packets, job, stream, self._misconceptions)
            self._examination.run(chosen)
            status = 0
        finally:
            os._exit(status)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test as pytest does, without its own account of how it went: nobody reads that."""
        runtestprotocol(item, log=False, nextitem=nextitem)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Bound the time that a test takes, the grader's own work on student values included."""
        self._running().start_clock()
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Collect what a test raised, once pytest has told `call` what a `unittest` test did."""
        report = yield
        self._running().note(call)
        return report

    @pytest.fixture(name="student")
    def student_fixture(self) -> Student:
        """Return the student's notebook."""
        return Student(self._running().channel)

    @pytest.fixture(name="sandbox")
    def sandbox_fixture(self) -> Sandbox:
        """Return what runs a line inside the kernel."""
        return Sandbox(self._running().channel)

    @pytest.fixture(name="rng")
    def rng_fixture(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Return random inputs that are the same for every run of the same submission."""
        test = zlib.crc32(request.node.name.encode())
        return np.random.default_rng([self._running().job.seed, test])

    @pytest.hookimpl
    def pytest_assertion_pass(self) -> None:
        """Count an ``assert`` that held."""
        counter.count()

    def _running(self) -> Examination:
        assert self._examination is not None
        return self._examination
