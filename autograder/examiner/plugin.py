"""
Hidden tests are plain pytest: this plugin gives them fixtures and markers and collects results.

The process that runs it, the examiner, is trusted. It collects an assignment's tests once; then it
waits for jobs, and for each forks a child that runs the tests against one kernel. See `examiner`
for the other end.
"""

from __future__ import annotations

import gc
import os
import re
import resource
import select
import signal
import socket
import time
import zlib
from collections.abc import Generator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import numpy as np
import numpy.ma  # NumPy imports it late: once here, not again in every child
import numpy.random
import pytest
from _pytest.runner import runtestprotocol

from autograder import errors
from autograder.checks import counter
from autograder.examiner.channel import CallChannel, CallLimits, Recording
from autograder.examiner.packets import Packets
from autograder.examiner.recognise import load_sample_answers, recognise
from autograder.sample_answers import SampleAnswer
from autograder.student import Student
from autograder.verdict import Verdict

_SYNTAX_ERROR: Final = re.compile(r'^E +File "([^"]+)", line (\d+)$', re.MULTILINE)
MEMORY_BYTES: Final = 6 * 2**30
# After a time-out the other calls of a question get a part of the time: what is endless for one
# input mostly is for all, and each would be waited for to its end.
_HURRY: Final = 0.2
MAX_DETAIL_CHARACTERS: Final = 4000
_VERDICTS: Final = (
    (errors.Missing, Verdict.MISSING),
    (errors.CallTimeout, Verdict.TIMEOUT),
    (errors.MemoryExceeded, Verdict.MEMORY),
    (errors.OutputExceeded, Verdict.OUTPUT_LIMIT),
    (errors.KernelDied, Verdict.KERNEL_DIED),
    (errors.StudentRaised, Verdict.ERROR),
    (errors.Invalid, Verdict.INVALID),
    (errors.InternalError, Verdict.INTERNAL),
    (AssertionError, Verdict.FAILED),
    # By `pytest.fail`, and by `pytest.raises` if nothing was raised.
    (pytest.fail.Exception, Verdict.FAILED),
)


# What Python says where a test calls `student.f(x)` and `f` has come as a plain value.
_CALLED_A_VALUE: Final = re.compile(r"^'[\w.]+' object (is not callable|has no attribute 'call')$")
_A_VALUE: Final = (
    "a function was asked for, and this is a value; perhaps its name is used again further down"
)


class TestTookTooLong(BaseException):
    """The grader's own work on a student's value took longer than a test may take."""

    __test__ = False


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


class _Host:
    """The examiner's parent, which holds the kernel: the channel's supervisor."""

    def __init__(self, packets: Packets) -> None:
        self._packets = packets

    def interrupt(self) -> None:
        self._packets.send({"ask": "interrupt"})
        self._packets.receive()

    def end_kernel(self, *, kill: bool) -> str | None:
        self._packets.send({"ask": "end", "kill": kill})
        answer, _ = self._packets.receive()
        reason = answer.get("reason")
        return reason if isinstance(reason, str) else None

    def new_kernel(self) -> socket.socket | None:
        self._packets.send({"ask": "replace"})
        _, descriptors = self._packets.receive()
        return socket.socket(fileno=descriptors[0]) if descriptors else None


class Examination:
    """
    One job in its forked child: the tests of an assignment, run against one kernel.

    Args:
        packets: The connection to the parent.
        job: Seed, limits, and which tests to run.
        stream: The kernel's call channel, if there is a kernel.
        misconceptions: The assignment's.
    """

    def __init__(
        self,
        packets: Packets,
        job: dict[str, Any],
        stream: socket.socket | None,
        misconceptions: tuple[SampleAnswer, ...],
    ) -> None:
        self.job = job
        self._packets = packets
        self._host = _Host(packets)
        self._misconceptions = misconceptions
        self._limits = CallLimits(job["call_seconds"], job["grace_seconds"], job["callback_calls"])
        self.channel = self._open(stream)
        self._died_in: str | None = None
        self._slow_questions: set[str] = set()
        self._failure: pytest.ExceptionInfo[BaseException] | None = None
        self._recordings: dict[str, list[tuple[bool, Recording]]] = {}
        self._started = time.monotonic()

    def _open(self, stream: socket.socket | None) -> CallChannel:
        dead = stream is None
        channel = CallChannel(stream or socket.socket(), self._host, self._limits)
        channel.dead = dead
        return channel

    def run(self, items: list[pytest.Item]) -> None:
        """Run the tests one by one and send each result."""
        signal.signal(signal.SIGALRM, _on_alarm)
        for number, item in enumerate(items):
            self._packets.send({"begin": id_of(item)})
            following = items[number + 1] if number + 1 < len(items) else None
            result = self._run_one(item, following)
            self._packets.send({"result": result})
            if self.job["until_failure"] and result["verdict"] != Verdict.PASSED:
                return
        for question_id, recordings in self._recordings.items():
            self._send_hint(question_id, recordings)

    def note(self, call: pytest.CallInfo[Any]) -> None:
        """Keep the first exception of a test's set-up, run and tear-down."""
        self._failure = self._failure or call.excinfo

    def _run_one(self, item: pytest.Item, following: pytest.Item | None) -> dict[str, Any]:
        question = question_of(item)
        if time.monotonic() - self._started > self.job["total_seconds"]:
            return _result(item, Verdict.TIMEOUT, "no time was left for this test")
        if self.channel.dead and self._died_in != question:
            self.channel.close()
            self.channel = self._open(self._host.new_kernel())
        hurried = question in self._slow_questions
        self.channel.begin_test(_HURRY if hurried else 1.0)
        counter.reset()
        self._failure = None
        began = time.monotonic()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        self.channel.end_test()
        if self.channel.dead:
            self._died_in = question
        result = _judge(item, self._failure)
        if result["verdict"] == Verdict.TIMEOUT:
            self._slow_questions.add(question)
        result["seconds"] = time.monotonic() - began
        passed = result["verdict"] == Verdict.PASSED
        self._recordings.setdefault(question, []).append((passed, self.channel.recording))
        return result

    def _send_hint(self, question: str, recordings: list[tuple[bool, Recording]]) -> None:
        failed = [recording for passed, recording in recordings if not passed]
        if not failed:
            return
        samples = [sample for sample in self._misconceptions if sample.question == question]
        signal.setitimer(signal.ITIMER_REAL, self.job["test_seconds"])
        try:
            found = recognise(samples, failed, [r for passed, r in recordings if passed])
        # Untrusted: whatever a student's values do here, they cost a hint and not a mark.
        except (TestTookTooLong, Exception):
            found = None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if found is not None:
            hint = {"question": question, "hint": found.hint, "title": found.title}
            self._packets.send({"hint": hint})


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
            self._packets.send({"refused": why_not_collected(collector.path, report)})
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Wait for jobs instead of running the tests here."""
        self._packets.send({"tests": [describe(item) for item in session.items]})
        # A collection of garbage in a child would copy every page that holds an object.
        gc.freeze()
        children: dict[int, int] = {}
        while True:
            ready, _, _ = select.select([self._packets.socket.fileno(), *children], [], [])
            for ended in children.keys() & set(ready):
                os.waitpid(children.pop(ended), 0)
                os.close(ended)
            if self._packets.socket.fileno() in ready:
                job, descriptors = self._packets.receive()
                if not job:
                    return True
                child = self._fork(job, descriptors, session.items)
                handle = os.pidfd_open(child)
                children[handle] = child
                self._packets.send({"started": True}, [handle])

    def _fork(self, job: dict[str, Any], descriptors: list[int], items: list[pytest.Item]) -> int:
        child = os.fork()
        if child == 0:
            self._run_job(job, descriptors, items)
        for descriptor in descriptors:
            os.close(descriptor)
        return child

    def _run_job(
        self, job: dict[str, Any], descriptors: list[int], items: list[pytest.Item]
    ) -> None:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            packets = Packets(socket.socket(fileno=descriptors[0]))
            stream = socket.socket(fileno=descriptors[1]) if len(descriptors) > 1 else None
            chosen = [item for item in items if id_of(item) in set(job["tests"])]
            # Public tests first: nothing that a hidden call brought in can leave through them.
            chosen.sort(key=lambda item: not is_public(item))
            self._examination = Examination(packets, job, stream, self._misconceptions)
            self._examination.run(chosen)
            packets.send({"done": True})
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
        signal.setitimer(signal.ITIMER_REAL, self._running().job["test_seconds"])
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
        return np.random.default_rng([self._running().job["seed"], test])

    @pytest.hookimpl
    def pytest_assertion_pass(self) -> None:
        """Count an ``assert`` that held."""
        counter.count()

    def _running(self) -> Examination:
        assert self._examination is not None
        return self._examination


def why_not_collected(file: Path, report: pytest.CollectReport) -> tuple[str, str]:
    """Return the place, with the line if it is known, and the reason in one line."""
    lines = report.longreprtext.strip().splitlines() or ["no reason was given"]
    reasons = [line[1:].strip() for line in lines if line.startswith("E  ")]
    numbers = re.findall(rf"{re.escape(file.name)}(?::|\", line )(\d+)", report.longreprtext)
    place = f"{file}:{numbers[-1]}" if numbers else str(file)
    # A module that the tests import, and that is no Python, is named by the syntax error itself.
    if elsewhere := _SYNTAX_ERROR.findall(report.longreprtext):
        place = ":".join(elsewhere[-1])
    return place, (reasons or lines)[-1][:500]


def describe(item: pytest.Item) -> dict[str, Any]:
    """Return a test's id, question, title, weight and visibility, as plain data."""
    marker = item.get_closest_marker("question")
    function = getattr(item, "function", None)
    title = next(iter((getattr(function, "__doc__", None) or item.name).strip().splitlines()))
    return {
        "id": id_of(item),
        "name": item.name,
        "question": question_of(item),
        "title": title.strip(),
        "weight": str(marker.kwargs.get("weight", 1)) if marker else "1",
        "public": is_public(item),
    }


def id_of(item: pytest.Item) -> str:
    """Return a test's id. pytest's own lacks the file here, and two files may have a test each."""
    _, separator, name = item.nodeid.partition("::")
    return f"{item.path.name}{separator}{name}"


def question_of(item: pytest.Item) -> str:
    """Return the id of the question that a test belongs to."""
    marker = item.get_closest_marker("question")
    return str(marker.args[0]) if marker and marker.args else ""


def is_public(item: pytest.Item) -> bool:
    """Return whether students have this test."""
    marker = item.get_closest_marker("question")
    return bool(marker and marker.kwargs.get("public", False))


def _on_alarm(_number: int, _frame: FrameType | None) -> None:
    raise TestTookTooLong


def _judge(
    item: pytest.Item, failure: pytest.ExceptionInfo[BaseException] | None
) -> dict[str, Any]:
    if failure is None:
        if counter.held:
            return _result(item, Verdict.PASSED, "")
        return _result(item, Verdict.FAILED, "the test ended without a single check")
    error = failure.value
    result = _result(item, _verdict(error), _detail(failure))
    if isinstance(error, errors.StudentRaised):
        result["exception"], result["place"] = error.builtin_name, error.place
    if isinstance(error, errors.Missing):
        result["name"] = str(error)
    if isinstance(error, errors.Invalid):
        result["safe"] = error.safe_message
    elif _CALLED_A_VALUE.search(str(error)):
        result["safe"] = _A_VALUE
    return result


def _verdict(error: BaseException) -> Verdict:
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED
    for kind, verdict in _VERDICTS:
        if isinstance(error, kind):
            return verdict
    if _is_own_fault(error):
        return Verdict.INTERNAL
    # The tests are proved on right answers, so what else they raise comes of the student's value.
    return Verdict.INVALID


def _is_own_fault(error: BaseException) -> bool:
    """Tell a test that nobody has proved: it names what is not there, whatever the student did."""
    if isinstance(error, AttributeError):
        return isinstance(error.obj, ModuleType)
    if isinstance(error, UnboundLocalError):
        return False  # a loop over the student's value may have been empty
    return isinstance(error, NameError | ImportError | pytest.FixtureLookupError)


def _detail(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    entry = excinfo.traceback[-1]
    for candidate in excinfo.traceback:
        if "test_" in Path(str(candidate.path)).name:
            entry = candidate
    text = str(excinfo.value) or excinfo.typename
    place = f"{Path(str(entry.path)).name}:{entry.lineno + 1}"
    return f"{place}: {excinfo.typename}: {text}"[:MAX_DETAIL_CHARACTERS]


def _result(item: pytest.Item, verdict: Verdict, detail: str) -> dict[str, Any]:
    return {"id": id_of(item), "verdict": verdict.value, "detail": detail}
