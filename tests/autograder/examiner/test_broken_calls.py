"""Calls that do not come to a good end: slow, deaf, dead, forged and broken answers."""

from __future__ import annotations

import signal
import socket
import struct
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import wire
from autograder.errors import (
    CallTimeout,
    Invalid,
    KernelDied,
    MemoryExceeded,
    StudentFault,
    StudentRaised,
)
from autograder.examiner.channel import CallChannel
from autograder.examiner.exchange import CallLimits
from autograder.patience import MAX_STRETCH, Usage
from autograder.student import Student, Target
from tests.autograder.examiner.calls import Kernel


def test_slow_call(kernel: Kernel) -> None:
    """A call that takes too long is interrupted, and the next one works."""
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        kernel.student.endless()
    # This kernel tells nothing of what it wanted, so its limit stretches with the machine's load.
    assert time.monotonic() - began < kernel.limits.call_seconds * MAX_STRETCH + 2
    assert kernel.interrupts == 1
    assert kernel.student.double(4) == 8


def test_slow_call_with_callbacks(kernel: Kernel) -> None:
    """An interrupted call that was calling back leaves no answer behind for the next call."""
    kernel.limits.callback_calls = 10**9
    for number in range(3):
        with pytest.raises(CallTimeout):
            kernel.student.call_for_ever(lambda _: "left over")
        assert kernel.student.identity(number) == number
        assert kernel.student.double(21) == 42


def test_deaf_call(kernel: Kernel) -> None:
    """A call that swallows the interrupt costs the kernel, and each later one is KernelDied."""
    with pytest.raises(CallTimeout):
        kernel.student.deaf()
    assert kernel.channel.dead
    assert kernel.process.returncode == -signal.SIGKILL
    with pytest.raises(KernelDied):
        kernel.student.double(1)


def test_call_that_answers_an_interrupt(kernel: Kernel) -> None:
    """A call that was interrupted and returns all the same has taken too long."""
    with pytest.raises(CallTimeout):
        kernel.student.stubborn()
    assert kernel.channel.dead


def test_call_that_interrupts_itself(student: Any) -> None:
    """A KeyboardInterrupt of student code's own is an exception, not a time-out."""
    with pytest.raises(StudentRaised):
        student.interrupt_itself()


def test_late_interrupt(kernel: Kernel) -> None:
    """An interrupt that comes after the answer does not end the loop."""
    assert kernel.student.answer == 42
    kernel.interrupt()
    time.sleep(0.05)
    assert kernel.student.double(1) == 2


def test_an_exchange_left_open(kernel: Kernel) -> None:
    """If a test ends while the kernel owes an answer, the kernel ends, too: none is mixed up."""

    class Alarm(BaseException):
        """What a timer raises in the middle of a call."""

    def ring(_: object) -> None:
        raise Alarm

    with pytest.raises(Alarm):
        kernel.student.apply(ring, 1)
    kernel.channel.end_test()
    assert kernel.channel.dead
    with pytest.raises(KernelDied):
        kernel.student.double(1)


def test_death(kernel: Kernel) -> None:
    """A call that ends the process is KernelDied."""
    with pytest.raises(KernelDied):
        kernel.student.die()
    assert kernel.channel.dead


def test_reasons_of_an_end(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's reason for the kernel's end becomes the fault."""
    monkeypatch.setattr(kernel, "end", lambda **_: "memory")
    kernel.process.kill()
    with pytest.raises(MemoryExceeded):
        kernel.student.double(1)


NUMBER = 7


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 64,
        struct.pack("<I", 0),
        wire.frame(b"\xff", NUMBER),
        wire.frame(wire.Encoder().encode(None), NUMBER),
        wire.frame(wire.Encoder().encode(()), NUMBER),
        wire.frame(wire.Encoder().encode((1,)), NUMBER),
        wire.frame(wire.Encoder().encode(("value",)), NUMBER),
        wire.frame(wire.Encoder().encode(("passed", 1)), NUMBER),
        wire.frame(wire.Encoder().encode(("unsendable",)), NUMBER),
        wire.frame(wire.Encoder().encode(("raised", "ValueError")), NUMBER),
        wire.frame(wire.Encoder().encode(("raised", ["ValueError"], b"x", 1, 2)), NUMBER),
        wire.frame(wire.Encoder().encode(("returned", 1, [None], ((), {}))), NUMBER),
        wire.frame(wire.Encoder().encode(("returned", 1, [], ([], {}))), NUMBER),
        wire.frame(wire.Encoder().encode(("callback", 1, (), {1: 2})), NUMBER),
        wire.frame(wire.Encoder().encode(("callback", None, None, None)), NUMBER),
        wire.frame(wire.Encoder().encode([wire.Handle("callback", 99)]), NUMBER),
    ],
)
def test_garbage(garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no answer to a call are a student's fault, whatever they are."""
    monkeypatch.setattr("autograder.examiner.exchange.secrets.randbits", lambda _: NUMBER)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(garbage)
        theirs.shutdown(socket.SHUT_WR)
        channel = CallChannel(ours, Ended(), CallLimits(5, 5, 5))
        target = Target(name="double")
        with pytest.raises(StudentFault):
            channel.call(target, (abs,), {})
        assert channel.dead


def test_answers_in_advance(kernel: Kernel) -> None:
    """A well-formed answer that student code sends unasked is taken for no later call's."""
    forged = "wire.frame(wire.Encoder().encode(('value', 13)), 0)"
    kernel.channel.run(f"from autograder import wire; channel.sendall({forged} * 3)")
    assert kernel.student.answer == 42
    assert kernel.student.double(1) == 2


def test_garbage_of_student_code(kernel: Kernel) -> None:
    """What student code writes to the channel itself costs it the kernel, not the grader."""
    with pytest.raises(Invalid):
        kernel.channel.run("channel.sendall(b'x' * 64)")
    assert kernel.process.returncode == -signal.SIGKILL


class Ended:
    """The control of a kernel that is no process."""

    def interrupt(self) -> None:
        """Do nothing."""

    def end(self, **_: bool) -> str | None:
        """Return no reason."""
        return None

    def usage(self) -> Usage | None:
        """Nothing is known of it."""
        return None


answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=8,
)
kinds = st.sampled_from(
    [
        "value",
        "returned",
        "callback",
        "raised",
        "missing",
        "interrupted",
        "unsendable",
        "uncallable",
    ]
)


@given(st.lists(st.tuples(kinds, st.lists(answers, max_size=5)), min_size=1, max_size=3))
def test_forged_answers(forged: list[tuple[str, list[Any]]]) -> None:
    """Any answer that student code can write gives a value or a student's fault."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.examiner.exchange.secrets.randbits", lambda _: NUMBER)
        for kind, rest in forged:
            theirs.sendall(wire.frame(wire.Encoder().encode((kind, *rest)), NUMBER))
        theirs.shutdown(socket.SHUT_WR)
        student: Any = Student(CallChannel(ours, Ended(), CallLimits(5, 5, 5)))
        try:
            student.f(np.random.default_rng(1))
            student.get("x")
        except (StudentFault, TypeError):
            # A plain value was called as a function.
            return
