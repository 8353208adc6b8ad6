"""The grader's side of one job of the examiner: children that run tests, one after another."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass, replace
from typing import Final

from autograder.errors import ExaminerError
from autograder.examiner.control import KernelControl
from autograder.examiner.protocol import (
    AskUsage,
    Done,
    EndKernel,
    Examined,
    Hint,
    Interrupt,
    Job,
    Packet,
    ReplaceKernel,
    TestBegins,
    TestOutcome,
    received,
)
from autograder.packets import Packets
from autograder.patience import is_over
from autograder.sandbox.kernel_process import KILLED
from autograder.verdict import Verdict

SLACK_SECONDS: Final = 10.0
_MOST_HINTS: Final = 50
"""For which there is time, a test's each, when the tests' own is over."""
EXIT_SECONDS: Final = 60.0
_MAX_CHILDREN_LOST: Final = 20
_SECOND_TRIES: Final = 3
"""Of tests whose child or kernel ended for no known reason: the machine may have done it."""


@dataclass(frozen=True)
class _Lost:
    """
    A test during which its child was lost, or its kernel killed.

    Args:
        test: Its id.
        again: Whether it gets another try.
    """

    test: str
    again: bool


class JobRun:
    """
    One job, in as many children of the examiner as it takes.

    Args:
        start_child: Lets a child of the examiner's begin a job; returns a descriptor of it.
        control: Of the kernel.
        job: What to do.
        questions: Of which there may be hints.
        on_begin: Called with the id of each test that begins.
    """

    def __init__(
        self,
        start_child: Callable[[Job, list[int]], int],
        control: KernelControl,
        job: Job,
        questions: Container[str],
        on_begin: Callable[[str], None],
    ) -> None:
        self._start_child = start_child
        self._control = control
        self._job = job
        self._questions = questions
        self._on_begin = on_begin
        self._outcomes: dict[str, TestOutcome] = {}
        self._hints: dict[str, Hint] = {}
        self._current: str | None = None
        self._tried_again: set[str] = set()

    def run(self) -> Examined:
        """
        Run the tests.

        Raises:
            ExaminerError: If the examiner broke for a reason of our own.
        """
        began = time.monotonic()
        for _ in range(_MAX_CHILDREN_LOST + _SECOND_TRIES):
            left = self._job.total_seconds - (time.monotonic() - began)
            tests = self._tests_left()
            lost = self._run_child(replace(self._job, tests=tests, total_seconds=max(0.0, left)))
            if lost is not None and not lost.again:
                # Untrusted: handling a student's value ended or stopped the child, and did so
                # again; that test is theirs.
                detail = "handling the value took more time or memory than a test may"
                self._outcomes[lost.test] = TestOutcome(lost.test, Verdict.INVALID, detail)
            if lost is None or not self._tests_left():
                return Examined(self._outcomes, self._hints)
            self._control.end(kill=True)
            self._control.replace()
        raise ExaminerError("the examiner lost too many children")

    def _tests_left(self) -> tuple[str, ...]:
        return tuple(test for test in self._job.tests if test not in self._outcomes)

    def _run_child(self, job: Job) -> _Lost | None:
        """Run tests in one child; return the test that was lost in it, if one was."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        packets = Packets(ours)
        calls = self._control.calls()
        descriptors = [theirs.fileno(), *([calls.fileno()] if calls else [])]
        child: int | None = None
        done = False
        try:
            child = self._start_child(job, descriptors)
            theirs.close()
            lost = self._serve(packets)
            done = lost is None
            return lost
        except OSError as error:
            raise ExaminerError("the examiner's child has ended") from error
        finally:
            theirs.close()
            packets.close()
            if child is not None:
                _wait_for_exit(child, kill=not done)

    def _serve(self, packets: Packets) -> _Lost | None:
        self._current = None
        began = time.monotonic()
        while (packet := self._received(packets)) is not None:
            # Untrusted: packets without end would hold the grader's thread.
            seconds = self._job.total_seconds + _MOST_HINTS * self._job.test_seconds
            if is_over(time.monotonic() - began, seconds):
                raise ExaminerError("the examiner's child does not end")
            match packet:
                case Done():
                    return None
                case EndKernel(kill):
                    reason = self._control.end(kill=kill)
                    if reason == KILLED and (lost := self._lost()) is not None and lost.again:
                        return lost
                    packets.send({"reason": reason})
                case Interrupt() | AskUsage() | ReplaceKernel() as request:
                    self._obey(packets, request)
                case _:
                    self._note(packet)
        if self._current is None and self._tests_left():
            raise ExaminerError("the examiner's child ended between two tests")
        return self._lost()

    def _note(self, packet: Packet) -> None:
        match packet:
            case TestBegins(test) if test in self._tests_left():
                self._current = test
                self._on_begin(test)
            case TestOutcome() as outcome if outcome.id in self._tests_left():
                # What a child is lost in after its last test are hints, which cost no test.
                self._current = None
                self._outcomes[outcome.id] = outcome
            case Hint() as hint if hint.question in self._questions:
                self._hints[hint.question] = hint
            case other:
                # Untrusted: what is of no test of this job would fill the grader's memory.
                raise ExaminerError(f"the examiner's child sent {str(other)[:200]}")

    def _lost(self) -> _Lost | None:
        """Return the present test as lost; it begins again once, as not many of a submission do."""
        if self._current is None:
            return None
        again = self._current not in self._tried_again and len(self._tried_again) < _SECOND_TRIES
        if again:
            self._tried_again.add(self._current)
        return _Lost(self._current, again)

    def _received(self, packets: Packets) -> Packet | None:
        """Wait for the next packet; ``None`` stands for a child that has gone or is silent."""
        allowed = self._job.test_seconds + SLACK_SECONDS
        began = time.monotonic()
        while not is_over(time.monotonic() - began, allowed):
            with contextlib.suppress(TimeoutError):
                return received(packets, allowed)
        return None

    def _obey(self, packets: Packets, request: Interrupt | AskUsage | ReplaceKernel) -> None:
        match request:
            case Interrupt():
                self._control.interrupt()
                packets.send({"ok": True})
            case AskUsage():
                usage = self._control.usage()
                packets.send({"usage": asdict(usage) if usage else None})
            case ReplaceKernel():
                calls = self._control.replace()
                packets.send({"ok": True}, [calls.fileno()] if calls else [])


def _wait_for_exit(child: int, *, kill: bool) -> None:
    """Wait for a child's end: until then it may write to the call channel."""
    if kill:
        # Untrusted: what staff's code hands over may be no process's descriptor.
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
    select.select([child], [], [], EXIT_SECONDS)
    os.close(child)
