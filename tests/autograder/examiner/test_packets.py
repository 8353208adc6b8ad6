"""What staff's tests send in place of the examiner: an error of ours, whatever it is."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import load_assignment
from autograder.errors import AssignmentError, ExaminerError
from autograder.examiner.process import Examiner
from autograder.examiner.protocol import (
    Collected,
    Done,
    Packet,
    TestBegins,
    TestDescription,
    TestOutcome,
    decoded,
    encoded,
    received,
)
from autograder.grade import Grader
from autograder.messages import Message, MessageCode
from autograder.packets import MAX_DESCRIPTORS, Packets
from autograder.verdict import Verdict
from tests.autograder.grade.reports import TINY_SOLUTION, graded

OUTCOME = encoded(
    TestOutcome("t", Verdict.ERROR, "d", Message(MessageCode.NOT_NUMBERS, {"kind": "text"}))
)
DESCRIPTION = TestDescription("t", "n", "q1", "title", "1", public=False)
# Finds the examiner's socket among the descriptors of its process, and writes to it.
SENDS = """
import os, socket

def send(*packets):
    for number in range(3, 64):
        try:
            sock = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        if sock.type == socket.SOCK_SEQPACKET:
            for packet in packets:
                sock.send(packet)
"""
SENDS_WHEN_RUN = f"""
import pytest
{SENDS}
@pytest.mark.question("q1")
def test_it(student):
    send(%s)
    assert student.double(1) == 2
"""
SENDS_WHEN_IMPORTED = f"{SENDS}\nsend(%s)\n"


def through_a_socket(data: bytes, descriptors: list[int] | None = None) -> Packet | None:
    """Receive what somebody has sent before leaving."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(theirs, [data], descriptors or [])
        theirs.close()
        return received(Packets(ours), 5)


def open_files() -> int:
    """Count this process's descriptors."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize(
    "data",
    [b"x", b"\xff", b"[1]", b"1", b'""', b"null", b"[" * 100_000, b"1" * 10_000, b'{"kind": '],
    ids=lambda data: repr(data[:9]),
)
def test_what_is_no_json_object(data: bytes) -> None:
    """It is the examiner's error, not one that nobody waits for."""
    with pytest.raises(ExaminerError, match="no packet"):
        through_a_socket(data)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "unknown"},
        {"kind": ["outcome"]},
        {"id": 1},
        {"id": ["t"]},
        {"id": "\ud800"},
        {"verdict": None},
        {"verdict": {}},
        {"detail": None},
        {"message": 1},
        {"message": {"code": "not_numbers", "parameters": {}}},
        {"message": {"code": "not_numbers", "parameters": {"kind": []}}},
        {"message": {"code": "not_numbers", "parameters": [1]}},
        {"place": 1},
        {"place": [1, 2, 3]},
        {"place": [float("inf"), 1]},
        {"asked": 1},
        {"asked": [[]]},
        {"seconds": float("nan")},
        {"seconds": 10**400},
        {"seconds": True},
        {"more": 1},
    ],
    ids=str,
)
def test_a_value_of_another_type(change: dict[str, Any]) -> None:
    """No part of the grader comes upon it later."""
    assert decoded(json.loads(json.dumps(OUTCOME)))
    with pytest.raises(ExaminerError, match="no packet"):
        decoded(json.loads(json.dumps(OUTCOME | change)))


def test_half_a_character_that_a_test_says() -> None:
    """A test that speaks of what is no text is judged as any other."""
    packet = decoded(json.loads(json.dumps(encoded(TestOutcome("t", Verdict.FAILED, "a\ud800")))))

    assert packet == TestOutcome("t", Verdict.FAILED, "a?")


@pytest.mark.parametrize("data", [json.dumps(encoded(Done())).encode(), b"no JSON"])
def test_files_that_nobody_asked_for_are_closed(data: bytes) -> None:
    """Else a test could use up the descriptors of the grader."""
    with Path(os.devnull).open() as file:
        before = open_files()
        try:
            through_a_socket(data, [file.fileno()] * MAX_DESCRIPTORS)
        except ExaminerError:
            assert data == b"no JSON"
        assert open_files() == before


@pytest.mark.parametrize("weight", ["1e999999999", "1e-999999999", "9" * 100_000, "inf", "1/0", ""])
def test_a_weight_that_would_take_all_memory(weight: str) -> None:
    """A number is not written out before its length is known."""
    began = time.process_time()

    assert TestDescription("t", "n", "q1", "title", weight, public=False).share is None
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("weight", [1, 0.5, 1e-05, 1e16, 0.1 + 0.2, "2/3", "1E+2"])
def test_weights_as_authors_write_them(weight: float | str) -> None:
    """Python's own ways to write a number are known."""
    share = TestDescription("t", "n", "q1", "title", str(weight), public=False).share

    assert share is not None
    assert share > 0


@pytest.mark.parametrize(
    "packets",
    [
        [b"no JSON"],
        [b'{"kind": "outcome"}'],
        [json.dumps(encoded(TestBegins("another"))).encode()],
        [json.dumps(encoded(TestOutcome(f"t{n}", Verdict.PASSED))).encode() for n in range(3)],
        [json.dumps({"kind": "hint", "question": "q9", "hint": "", "title": ""}).encode()],
        [json.dumps(encoded(Collected((DESCRIPTION,)))).encode()],
    ],
    ids=["no JSON", "half an outcome", "another begins", "other tests", "other question", "tests"],
)
def test_a_test_that_sends_what_no_examiner_sends(
    grader: Grader, make_assignment: Callable[..., Path], packets: list[bytes]
) -> None:
    """It costs the grading, which is told as a fault of ours, and not the grader."""
    sent = ", ".join(map(repr, packets))
    assignment = load_assignment(make_assignment(hidden=SENDS_WHEN_RUN % sent))

    with pytest.raises(ExaminerError):
        graded(grader, assignment, [TINY_SOLUTION])


def test_a_module_that_sends_what_no_examiner_sends(make_assignment: Callable[..., Path]) -> None:
    """Its tests cannot be collected."""
    folder = make_assignment(hidden=SENDS_WHEN_IMPORTED % b"no JSON")

    with pytest.raises((ExaminerError, AssignmentError)):
        Examiner(load_assignment(folder))
