"""
What the grader and an examiner's processes say to each other, as typed values.

    examiner                       grader
    Started                                                once its sandbox stands
    Collected | CollectionRefused                          once, at its start
                                   Job +descriptors        start a child for a submission
    started +pidfd of the child

    child                          grader
    TestBegins                                             a test begins
    TestOutcome                                            what came of it
    Hint                                                   a misconception was recognised
    Interrupt                      done                    SIGINT to the kernel
    AskUsage                       what the kernel has had
    EndKernel                      why the kernel ended
    ReplaceKernel                  done +channel           a new kernel, the notebook run again
    Done                                                   all tests have run

Each is a JSON object in a packet of its own (`autograder.packets`); `decoded` and
`encoded` are the only places that know how it is spelt. The examiner's processes run the code of
staff, so the grader takes nothing from them but by `received`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Final

from autograder.errors import ExaminerError
from autograder.messages import Message
from autograder.packets import PacketError, Packets, close_all
from autograder.typed import check_types
from autograder.verdict import Verdict

# As Python writes numbers and fractions; a long exponent would be gigabytes of digits.
_WEIGHT: Final = re.compile(r"\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?|\d{1,30}/\d{1,30}")


@dataclass(frozen=True)
class TestDescription:
    """
    One test of an assignment, as collected.

    Args:
        id: File and name, unique in the assignment.
        name: Of its function, for authors.
        question: Id of the question that it belongs to.
        title: First line of its docstring.
        weight: Its share among the question's public or hidden tests, as its author wrote it.
        public: Whether students have it.
    """

    __test__ = False

    id: str
    name: str
    question: str
    title: str
    weight: str
    public: bool

    @property
    def share(self) -> Fraction | None:
        """The weight as a number above 0; ``None`` if it is none."""
        # Untrusted: what collects the tests has imported the code of staff.
        if not _WEIGHT.fullmatch(self.weight):
            return None
        try:
            share = Fraction(self.weight)
        except ZeroDivisionError:
            return None
        return share if share > 0 else None


@dataclass(frozen=True)
class Started:
    """The examiner runs; what it prints from now on is about the tests."""


@dataclass(frozen=True)
class Collected:
    """The tests of an assignment, in order."""

    tests: tuple[TestDescription, ...]


@dataclass(frozen=True)
class CollectionRefused:
    """Why the tests cannot be collected, and the ``file`` or ``file:line`` where."""

    place: str
    reason: str


@dataclass(frozen=True)
class Job:
    """
    What a child of the examiner is to do.

    Args:
        seed: Of the hidden inputs.
        tests: Ids of the tests to run.
        call_seconds: How long one call may take.
        grace_seconds: From the interrupt of a call to its kill.
        callback_calls: How often student code may call one test's functions.
        test_seconds: How long one test may take.
        total_seconds: How long all may take together.
        until_failure: Whether to stop at the first test that fails, without a hint.
    """

    seed: int
    tests: tuple[str, ...]
    call_seconds: float
    grace_seconds: float
    callback_calls: int
    test_seconds: float
    total_seconds: float
    until_failure: bool = False


@dataclass(frozen=True)
class TestBegins:
    """A test begins."""

    __test__ = False

    id: str


@dataclass(frozen=True)
class TestOutcome:
    """
    What came of one test.

    Args:
        id: Of the test.
        verdict: What came of it.
        detail: What happened, for staff: may hold hidden inputs.
        message: Why a value cannot be what was asked for, if a student may read it.
        exception: Name of the built-in exception that student code raised.
        place: Execution count of the cell and line in it where it was raised, as claimed inside.
        missing: The name that is not defined, and was not before the first test either.
        asked: Names of the notebook that the test read or called.
        seconds: Wall time.
        only_refusals: Whether all that held in it is that bad input was refused.
    """

    __test__ = False

    id: str
    verdict: Verdict
    detail: str = ""
    message: Message | None = None
    exception: str | None = None
    place: tuple[int, int] | None = None
    missing: str | None = None
    asked: tuple[str, ...] = ()
    seconds: float = 0.0
    only_refusals: bool = False

    @property
    def passed(self) -> bool:
        """Whether all of its checks held."""
        return self.verdict is Verdict.PASSED


@dataclass(frozen=True)
class Hint:
    """
    A misconception that explains the failed tests of a question.

    Args:
        question: Id of the question.
        hint: What its student is told.
        title: What the misconception does, for staff.
    """

    question: str
    hint: str
    title: str


@dataclass(frozen=True)
class Interrupt:
    """Send SIGINT to the kernel."""


@dataclass(frozen=True)
class AskUsage:
    """Return what the kernel has had, as `autograder.patience.Usage`."""


@dataclass(frozen=True)
class EndKernel:
    """Return why the kernel ended; with `kill`, end it first."""

    kill: bool


@dataclass(frozen=True)
class ReplaceKernel:
    """Run the notebook in a new kernel and send its call channel."""


@dataclass(frozen=True)
class Done:
    """All tests have run."""


@dataclass(frozen=True)
class Examined:
    """
    What came of a run of tests.

    Args:
        outcomes: By the id of the test; a test that was not reached has none.
        hints: By the id of the question.
    """

    outcomes: Mapping[str, TestOutcome] = field(default_factory=dict)
    hints: Mapping[str, Hint] = field(default_factory=dict)


Request = Interrupt | AskUsage | EndKernel | ReplaceKernel
Packet = (
    Started | Collected | CollectionRefused | Job | TestBegins | TestOutcome | Hint | Done | Request
)

_KINDS: Final[dict[str, type[Any]]] = {
    "started": Started,
    "collected": Collected,
    "refused": CollectionRefused,
    "job": Job,
    "begins": TestBegins,
    "outcome": TestOutcome,
    "hint": Hint,
    "interrupt": Interrupt,
    "usage": AskUsage,
    "end": EndKernel,
    "replace": ReplaceKernel,
    "done": Done,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def encoded(packet: Packet) -> dict[str, Any]:
    """Return a packet as plain data."""
    data = {
        # What a test says may hold half a character, which is no text.
        name: value.encode(errors="replace").decode() if isinstance(value, str) else value
        for name, value in asdict(packet).items()
    }
    if isinstance(packet, TestOutcome):
        data["message"] = packet.message.as_json() if packet.message else None
    return {"kind": _NAMES[type(packet)], **data}


def received(packets: Packets, timeout: float) -> Packet | None:
    """
    Wait for the next packet of an examiner's process; ``None`` once it has gone.

    Raises:
        TimeoutError: If none comes in time.
        ExaminerError: If what comes is none.
    """
    try:
        data, descriptors = packets.receive(timeout)
    except PacketError as error:
        raise ExaminerError(f"the examiner sent what is no packet: {error}") from None
    # Untrusted: files that nobody has asked for would use up the grader's.
    close_all(descriptors)
    return decoded(data) if data else None


def decoded(data: Mapping[str, Any]) -> Packet:
    """
    Read a packet.

    Raises:
        ExaminerError: If it is none, or one of its values is of another type: the process that sent
            it is broken.
    """
    try:
        packet = _packet(dict(data))
        check_types(packet)
    # Untrusted: the values are of any type that JSON has.
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExaminerError(f"the examiner sent what is no packet: {error!r}") from error
    return packet


def _packet(values: dict[str, Any]) -> Packet:
    kind = _KINDS[values.pop("kind")]
    if kind is Collected:
        return Collected(tuple(TestDescription(**each) for each in values["tests"]))
    if kind is Job:
        values["tests"] = tuple(values["tests"])
    if kind is TestOutcome:
        return _outcome(values)
    packet: Packet = kind(**values)
    return packet


def _outcome(values: dict[str, Any]) -> TestOutcome:
    values["verdict"] = Verdict(values["verdict"])
    if values["message"] is not None:
        values["message"] = Message.from_json(values["message"])
    if values["place"] is not None:
        values["place"] = tuple(values["place"])
    values["asked"] = tuple(values["asked"])
    return TestOutcome(**values)
