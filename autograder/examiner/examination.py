"""One job of the examiner, in its forked child: an assignment's tests, run against one kernel."""

from __future__ import annotations

import signal
import socket
import time
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, Final

import pytest

from autograder.checks import counter
from autograder.examiner.channel import CallChannel
from autograder.examiner.collecting import id_of, question_of
from autograder.examiner.exchange import CallLimits
from autograder.examiner.judging import judged
from autograder.examiner.protocol import (
    AskUsage,
    Done,
    EndKernel,
    Hint,
    Interrupt,
    Job,
    ReplaceKernel,
    TestBegins,
    TestOutcome,
    encoded,
)
from autograder.examiner.recognise import recognise
from autograder.examiner.recording import Recording
from autograder.packets import Packets
from autograder.patience import Usage, is_over
from autograder.sample_answers import SampleAnswer
from autograder.verdict import Verdict

# After a time-out the other calls of a question get a part of the time: what is endless for one
# input mostly is for all, and each would be waited for to its end.
_SHORTENED: Final = 0.2
_MORE_SECONDS: Final = 0.5
"""After which a test that others have slowed is looked at again."""


class TestTookTooLong(BaseException):
    """The grader's own work on a student's value took longer than a test may take."""

    __test__ = False


class RemoteControl:
    """The kernel's control, for the child: the grader holds the kernel and is asked by packets."""

    def __init__(self, packets: Packets, calls: socket.socket | None) -> None:
        self._packets = packets
        self._calls = calls

    def calls(self) -> socket.socket | None:
        """Return the call channel that came with the job, or with a new kernel."""
        return self._calls

    def interrupt(self) -> None:
        """Let the grader send SIGINT to the kernel."""
        self._packets.send(encoded(Interrupt()))
        self._packets.receive()

    def end(self, *, kill: bool) -> str | None:
        """Return why the kernel ended, as the grader knows it; with `kill`, let it end it first."""
        self._packets.send(encoded(EndKernel(kill=kill)))
        answer, _ = self._packets.receive()
        reason = answer.get("reason")
        return reason if isinstance(reason, str) else None

    def usage(self) -> Usage | None:
        """Return what the kernel has had, as the grader hears of it."""
        self._packets.send(encoded(AskUsage()))
        answer, _ = self._packets.receive()
        usage = answer.get("usage")
        return Usage(**usage) if usage else None

    def replace(self) -> socket.socket | None:
        """Let the grader run the notebook in a new kernel; returns its call channel."""
        self._packets.send(encoded(ReplaceKernel()))
        _, descriptors = self._packets.receive()
        self._calls = socket.socket(fileno=descriptors[0]) if descriptors else None
        return self._calls


@dataclass
class _QuestionRecord:
    """What the tests of one question asked of the kernel, by whether they passed."""

    passed: list[Recording] = field(default_factory=list)
    failed: list[Recording] = field(default_factory=list)


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
        job: Job,
        stream: socket.socket | None,
        misconceptions: tuple[SampleAnswer, ...],
    ) -> None:
        self.job = job
        self._packets = packets
        self._control = RemoteControl(packets, stream)
        self._misconceptions = misconceptions
        self._limits = CallLimits(job.call_seconds, job.grace_seconds, job.callback_calls)
        self.channel = self._open(stream)
        self._died_in: str | None = None
        self._slow_questions: set[str] = set()
        self._failure: pytest.ExceptionInfo[BaseException] | None = None
        self._records: dict[str, _QuestionRecord] = {}
        self._started = self._clock_began = time.monotonic()

    def _open(self, stream: socket.socket | None) -> CallChannel:
        channel = CallChannel(stream or socket.socket(), self._control, self._limits)
        channel.dead = stream is None
        if stream is not None:
            # Whatever it defines now, it defines without having seen a hidden input.
            channel.read_names()
        return channel

    def run(self, items: list[pytest.Item]) -> None:
        """Run the tests one by one, send what came of each, then the hints."""
        signal.signal(signal.SIGALRM, self._on_alarm)
        for number, item in enumerate(items):
            self._packets.send(encoded(TestBegins(id_of(item))))
            following = items[number + 1] if number + 1 < len(items) else None
            outcome = self._run_one(item, following)
            self._packets.send(encoded(outcome))
            if self.job.until_failure and not outcome.passed:
                break
        else:
            for question, record in self._records.items():
                self._send_hint(question, record)
        self._packets.send(encoded(Done()))

    def note(self, call: pytest.CallInfo[Any]) -> None:
        """Keep the first exception of a test's set-up, run and tear-down."""
        self._failure = self._failure or call.excinfo

    def _run_one(self, item: pytest.Item, following: pytest.Item | None) -> TestOutcome:
        question = question_of(item)
        if is_over(time.monotonic() - self._started, self.job.total_seconds):
            return TestOutcome(id_of(item), Verdict.TIMEOUT, "no time was left for this test")
        self._ensure_kernel(question)
        self.channel.begin_test(_SHORTENED if question in self._slow_questions else 1.0)
        counter.reset()
        self._failure = None
        began = time.monotonic()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        self.channel.end_test()
        if self.channel.dead:
            self._died_in = question
        outcome = self._judged(item, time.monotonic() - began)
        if outcome.verdict is Verdict.TIMEOUT:
            self._slow_questions.add(question)
        if outcome.verdict is Verdict.SKIPPED:
            # What it presupposes was not so, and no call follows the one that showed it.
            self.channel.recording.keep_last_function()
        record = self._records.setdefault(question, _QuestionRecord())
        (record.passed if outcome.passed else record.failed).append(self.channel.recording)
        return outcome

    def start_clock(self) -> None:
        """Begin the time that a test, or the recognition of a mistake, may take."""
        self._clock_began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, self.job.test_seconds)

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        if is_over(time.monotonic() - self._clock_began, self.job.test_seconds):
            raise TestTookTooLong
        signal.setitimer(signal.ITIMER_REAL, _MORE_SECONDS)

    def _judged(self, item: pytest.Item, seconds: float) -> TestOutcome:
        outcome = judged(item, self._failure, seconds)
        # Untrusted: a name that has gone since may have been deleted to carry an input out.
        gone = outcome.missing is not None and self.channel.defined_at_start(outcome.missing)
        recording = self.channel.recording
        return replace(
            outcome,
            missing=None if gone else outcome.missing,
            asked=tuple(sorted(recording.asked)),
            # A public test catches what is raised by itself, and asserts that it did.
            only_refusals=counter.only_refusals or recording.only_refusals,
        )

    def _ensure_kernel(self, question: str) -> None:
        """Replace a kernel that has ended; one that this question ended stays so for the rest."""
        if self.channel.dead and self._died_in != question:
            self.channel.close()
            self.channel = self._open(self._control.replace())

    def _send_hint(self, question: str, record: _QuestionRecord) -> None:
        if not record.failed:
            return
        samples = [sample for sample in self._misconceptions if sample.question == question]
        self.start_clock()
        try:
            found = recognise(samples, record.failed, record.passed)
        # Untrusted: whatever a student's values do here, they cost a hint and no points.
        except (TestTookTooLong, Exception):
            found = None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if found is not None:
            self._packets.send(encoded(Hint(question, found.hint or "", found.title)))
