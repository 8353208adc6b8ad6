"""Whatever staff's tests send is a packet with values of the right types, or an `ExaminerError`."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

from autograder.errors import ExaminerError
from autograder.examiner import protocol
from autograder.examiner.protocol import received
from autograder.messages import Message, MessageCode
from autograder.packets import Packets
from autograder.verdict import Verdict

MAX_BYTES = 2048
IS_JSON = True


def seeds() -> Iterator[bytes]:
    """Return a packet of each kind."""
    test = protocol.TestDescription("t", "n", "q1", "A title", "1/2", public=True)
    message = Message(MessageCode.WRONG_SHAPE, {"wanted": "(2,)", "got": "(3,)"})
    packets: list[protocol.Packet] = [
        protocol.Started(),
        protocol.Collected((test,)),
        protocol.CollectionRefused("a.py:1", "why"),
        protocol.Job(1, ("t",), 1.0, 0.5, 9, 2.0, 3.0),
        protocol.TestBegins("t"),
        protocol.TestOutcome("t", Verdict.PASSED),
        protocol.TestOutcome(
            "t", Verdict.ERROR, "d", message, "ValueError", (1, 2), "f", ("a", "b"), 0.5
        ),
        protocol.Hint("q1", "a hint", "a title"),
        protocol.Interrupt(),
        protocol.EndKernel(kill=True),
    ]
    yield from (json.dumps(protocol.encoded(packet)).encode() for packet in packets)
    yield b""
    yield b"[" * 2000
    yield b"1" * 2000


def check(data: bytes) -> None:
    """Send it; what is received can be encoded, sent and received again."""
    with suppress(ExaminerError):
        packet = _through_a_socket(data)
        if packet is None:
            return
        again = json.dumps(protocol.encoded(packet), allow_nan=False).encode()
        assert _through_a_socket(again) == packet
        _use(packet)


def _through_a_socket(data: bytes) -> protocol.Packet | None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.send(data)
        theirs.close()
        return received(Packets(ours), 1)


def _use(packet: protocol.Packet) -> None:
    """Do what the grader does with its values: it counts, prints and stores them as text."""
    match packet:
        case protocol.TestOutcome():
            str(packet.message).encode()
            assert packet.passed is (packet.verdict is Verdict.PASSED)
            hash((packet.id, packet.place, packet.missing, packet.asked))
        case protocol.Collected(tests):
            assert all(test.share is None or test.share > 0 for test in tests)
            sum((test.share or Fraction(0) for test in tests), Fraction(0))
        case protocol.Hint():
            hash(packet)
    str(packet).encode()
