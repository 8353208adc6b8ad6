"""
The process that runs an assignment's hidden tests, and the grader's hold on it.

An examiner collects the tests once, with pytest, and forks a child for each submission; it gives
the grader a descriptor of the child's. Children of several submissions may run side by side. Each
talks to its kernel over the call channel and to the grader in packets:

    child                          grader
    {"begin": id}                                          a test begins
    {"result": {...}}                                      its verdict
    {"hint": {...}}                                        a misconception was recognised
    {"ask": "interrupt"}           {}                      SIGINT to the kernel
    {"ask": "end", "kill": bool}   {"reason": R}           why the kernel ended
    {"ask": "replace"}             {} +channel             a new kernel, the notebook run again
    {"done": true}                                         all tests have run
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

from autograder.assignment import Assignment
from autograder.assignment.public_tests import public_test_module
from autograder.environments import SHIPPED
from autograder.errors import AssignmentError, ExaminerError
from autograder.examiner.packets import Packets
from autograder.limits import Limits
from autograder.verdict import Verdict

COLLECT_SECONDS: Final = 60.0
SLACK_SECONDS: Final = 10.0
_MAX_CHILDREN_LOST: Final = 20


@dataclass(frozen=True)
class TestDescription:
    """One test of an assignment, as collected."""

    __test__ = False

    id: str
    question: str
    title: str
    weight: str
    public: bool


class KernelKeeper(Protocol):
    """Who holds the kernel while tests run: interrupts, ends and replaces it."""

    def calls(self) -> socket.socket | None:
        """Return the call channel of the present kernel."""

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""

    def end(self, *, kill: bool) -> str | None:
        """Return why the kernel ended; with `kill`, end it first."""

    def replace(self) -> socket.socket | None:
        """Run the notebook in a new kernel and give its call channel."""


class Examiner:
    """
    Collects an assignment's tests once and runs them against many kernels. Serves many threads.

    Args:
        assignment: Whose tests.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        public_tests = public_test_module(assignment)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="autograder-examiner-")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._packets = Packets(ours)
        Path(self._folder.name, "test_public.py").write_text(public_tests, encoding="utf-8")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        with theirs:
            self._process = self._start(theirs)
        self.tests = self._collected()

    def examine(
        self,
        keeper: KernelKeeper,
        seed: int,
        on_event: Callable[[dict[str, Any]], None],
        tests: Iterable[TestDescription] | None = None,
        *,
        limits: Limits | None = None,
        until_failure: bool = False,
    ) -> list[dict[str, Any]]:
        """
        Run tests against the keeper's kernel.

        Args:
            keeper: Holds the kernel.
            seed: Seed of the hidden inputs.
            on_event: Called with each packet that begins or ends a test.
            tests: Which tests; all if ``None``.
            limits: What the tests may use; by default what the assignment says.
            until_failure: Whether to stop at the first test that fails, without a hint.

        Returns:
            A result for each test, and the hints.

        Raises:
            ExaminerError: If the examiner broke for a reason of our own.
        """
        bounds = limits or self.assignment.limits
        return _Job(self, keeper, seed, on_event, bounds, until_failure=until_failure).run(
            [test.id for test in (self.tests if tests is None else tests)]
        )

    def start_child(self, job: dict[str, Any], descriptors: list[int]) -> int:
        """
        Let a child begin a job; gives a descriptor of that process.

        Raises:
            ExaminerError: If the examiner has ended, or does not answer.
        """
        with self._lock:
            try:
                self._packets.send(job, descriptors)
                _, handles = self._packets.receive(COLLECT_SECONDS)
            except (TimeoutError, OSError) as error:
                # The next answer would be taken for that of another job.
                self._process.kill()
                raise ExaminerError("the examiner does not answer") from error
        if not handles:
            raise ExaminerError("the examiner has ended")
        return handles[0]

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self._packets.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._process.kill()
        self._process.wait()
        self._errors.close()
        self._folder.cleanup()

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "autograder.examiner",
            str(self.assignment.folder),
        ]
        root = str(SHIPPED.parent.parent)
        return subprocess.Popen(  # noqa: S603
            [*command, self._folder.name, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
            env=_environment()
            # What a test leaves in a temporary folder goes with the examiner.
            | {"PYTHONPATH": root, "PYTHONSAFEPATH": "1", "TMPDIR": self._folder.name},
        )

    def _collected(self) -> tuple[TestDescription, ...]:
        try:
            message, _ = self._packets.receive(COLLECT_SECONDS)
            if "tests" not in message:
                raise self._refusal(message)
            return tuple(map(self._described, message["tests"]))
        except TimeoutError:
            self.close()
            raise ExaminerError(
                f"collecting the tests took more than {COLLECT_SECONDS:g} s"
            ) from None
        except AssignmentError:
            self.close()
            raise

    def _refusal(self, message: dict[str, Any]) -> AssignmentError:
        """Explain in one line why the tests cannot be collected, and where."""
        if "refused" in message:
            file, reason = message["refused"]
            if file.startswith(self._folder.name):
                place = str(self.assignment.master.path)
                return AssignmentError(f"its public tests cannot be collected: {reason}", place)
            return AssignmentError(f"cannot be collected: {reason}", file)
        self._process.wait(COLLECT_SECONDS)
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        reason = text.splitlines()[-1] if text else "no reason was given"
        return AssignmentError(
            f"the tests cannot be collected: {reason}", str(self.assignment.folder)
        )

    def _described(self, test: dict[str, Any]) -> TestDescription:
        try:
            weight_holds = Fraction(test["weight"]) > 0
        except (ValueError, ZeroDivisionError):
            weight_holds = False
        if not weight_holds:
            raise AssignmentError(
                f"the weight of {test['name']} is no number above 0",
                str(self.assignment.folder / "hidden"),
            )
        return TestDescription(
            test["id"], test["question"], test["title"], test["weight"], test["public"]
        )


class _Job:
    """One submission's run through an examiner."""

    def __init__(
        self,
        examiner: Examiner,
        keeper: KernelKeeper,
        seed: int,
        on_event: Callable[[dict[str, Any]], None],
        limits: Limits,
        *,
        until_failure: bool = False,
    ) -> None:
        self._examiner = examiner
        self._keeper = keeper
        self._on_event = on_event
        self._test_seconds = limits.test_seconds
        self._replay_seconds = limits.total_seconds
        self._parameters = {
            "seed": seed,
            "call_seconds": limits.call_seconds,
            "grace_seconds": limits.grace_seconds,
            "callback_calls": limits.callback_calls,
            "test_seconds": limits.test_seconds,
            "total_seconds": limits.total_seconds,
            "until_failure": until_failure,
        }
        self._messages: list[dict[str, Any]] = []

    def run(self, tests: list[str]) -> list[dict[str, Any]]:
        began = time.monotonic()
        for _ in range(_MAX_CHILDREN_LOST):
            left = self._parameters["total_seconds"] - (time.monotonic() - began)
            lost = self._run_child(tests, max(0.0, left))
            if lost is None:
                return self._messages
            # Untrusted: handling a student's value ended or stopped the child; that test is theirs.
            self._messages.append(
                {
                    "result": {
                        "id": lost,
                        "verdict": Verdict.INVALID.value,
                        "detail": "handling the value took more time or memory than a test may",
                    }
                }
            )
            done = {message["result"]["id"] for message in self._messages if "result" in message}
            tests = [test for test in tests if test not in done]
            if not tests:
                return self._messages
            self._keeper.end(kill=True)
            self._keeper.replace()
        raise ExaminerError("the examiner lost too many children")

    def _run_child(self, tests: list[str], left: float) -> str | None:
        """Run tests in one child; give the test that it was lost in, if it was."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        packets = Packets(ours)
        calls = self._keeper.calls()
        descriptors = [theirs.fileno(), *([calls.fileno()] if calls else [])]
        job = {**self._parameters, "total_seconds": left, "tests": tests}
        child: int | None = None
        done = False
        try:
            child = self._examiner.start_child(job, descriptors)
            theirs.close()
            lost = self._serve(packets, frozenset(tests))
            done = lost is None
            return lost
        except OSError as error:
            raise ExaminerError("the examiner's child has ended") from error
        finally:
            theirs.close()
            packets.close()
            if child is not None:
                _bury(child, kill=not done)

    def _serve(self, packets: Packets, left: frozenset[str]) -> str | None:
        current: str | None = None
        allowed = self._test_seconds + SLACK_SECONDS
        while True:
            try:
                message, _ = packets.receive(allowed)
            except TimeoutError:
                message = {}
            if not message:
                if current is None and left:
                    raise ExaminerError("the examiner's child ended between two tests")
                return current
            if "ask" in message:
                self._obey(packets, message)
                continue
            if "done" in message:
                return None
            if "begin" in message:
                current = message["begin"]
            else:
                self._messages.append(message)
            if "result" in message:
                # What a child is lost in after its last test are hints, which cost no test.
                current, left = None, left - {message["result"]["id"]}
            self._on_event(message)

    def _obey(self, packets: Packets, message: dict[str, Any]) -> None:
        if message["ask"] == "interrupt":
            self._keeper.interrupt()
            packets.send({"ok": True})
        elif message["ask"] == "end":
            packets.send({"reason": self._keeper.end(kill=message["kill"])})
        else:
            calls = self._keeper.replace()
            packets.send({"ok": True}, [calls.fileno()] if calls else [])


def _bury(child: int, *, kill: bool) -> None:
    """Wait for a child's end: until then it may write to the call channel."""
    if kill:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
    select.select([child], [], [], COLLECT_SECONDS)
    os.close(child)


def _environment() -> dict[str, str]:
    """Return what a hidden test may see of the environment: no secret of the portal's."""
    kept = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE")
    settings = {name: os.environ[name] for name in kept if name in os.environ}
    # One thread: several submissions are graded side by side.
    return settings | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
