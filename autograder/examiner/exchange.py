"""The grader's end of the call channel as bytes: a request out, an answer in, within its time."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import dataclass
from typing import Final, NoReturn

from autograder import wire
from autograder.errors import (
    CallTimeout,
    Invalid,
    KernelDied,
    MemoryExceeded,
    StudentFault,
)
from autograder.examiner.control import KernelControl
from autograder.patience import Allowance

_CHUNK: Final = 1 << 20


@dataclass
class CallLimits:
    """What one test may ask of the kernel."""

    call_seconds: float
    grace_seconds: float
    callback_calls: int


class Exchange:
    """
    One request at a time, and what comes back for it.

    A call that takes too long is interrupted; one that does not heed the interrupt costs the
    kernel, and so does whatever leaves the stream in a state in which no answer can be told from
    the next.

    Args:
        stream: The call channel.
        control: Interrupts and ends the kernel.
        limits: Time of a call.

    Attributes:
        fault: What a kernel did that was given up before any test asked it for anything.
    """

    def __init__(self, stream: socket.socket, control: KernelControl, limits: CallLimits) -> None:
        self.dead = False
        self.fault: StudentFault | None = None
        self._waiting = False
        self.answer_bytes = 0
        self._asked_to_stop = False
        self.call_seconds = limits.call_seconds
        self._stream = stream
        self._control = control
        self._grace_seconds = limits.grace_seconds
        self._allowance = Allowance(self.call_seconds, control.usage)
        self._deadline = 0.0
        self._number = 0

    def close(self) -> None:
        """Let the kernel's loop end."""
        self._stream.close()

    def send(self, body: bytes, number: int | None = None) -> None:
        """
        Send a request.

        Args:
            body: The encoded request.
            number: What its answer will carry; by default one that student code cannot guess.

        Raises:
            StudentFault: If the kernel is gone, or takes nothing.
        """
        if self.dead:
            raise self.fault or KernelDied("the kernel had ended before")
        if self._waiting:
            raise RuntimeError("a function that was passed in cannot ask the notebook itself")
        self._waiting, self._asked_to_stop, self.answer_bytes = True, False, 0
        self._number = secrets.randbits(wire.NUMBER_BITS) if number is None else number
        self._allowance = Allowance(self.call_seconds, self._control.usage)
        self._deadline = self._allowance.next_look
        self._stream.settimeout(self.call_seconds)
        self.write(body)

    def write(self, body: bytes) -> None:
        """Send a frame that belongs to the present request."""
        try:
            self._stream.sendall(wire.frame(body, self._number))
        except TimeoutError:
            self.timed_out()
        except OSError:
            self._died()

    def receive(self) -> bytes:
        """
        Wait for the next frame that belongs to the present request.

        Raises:
            StudentFault: If the kernel is gone, the time is over, or what comes is no frame.
        """
        while True:
            # Untrusted: student code may write to the channel itself; the length is bounded.
            try:
                length, number = wire.read_header(self._read(wire.HEADER_BYTES))
            except wire.WireError as error:
                self.broken(str(error))
            self.answer_bytes += length
            body = self._read(length)
            # Untrusted: what student code sent without being asked answers no later call.
            if number == self._number:
                return body

    def answered(self, *, interrupted: bool) -> None:
        """
        Note that the present request has its answer.

        Args:
            interrupted: Whether the answer says that the call was interrupted.

        Raises:
            CallTimeout: If the call had been asked to stop.
        """
        self._waiting = False
        if not self._asked_to_stop:
            return
        if not interrupted:
            # The interrupt may still be under way, and would hit the next call.
            self.timed_out()
        raise CallTimeout("the call took too long")

    def end_unanswered(self) -> None:
        """End a kernel that still owes an answer: the next test would take it for its own."""
        if self._waiting and not self.dead:
            self.give_up()

    def give_up(self) -> None:
        """End the kernel; nothing more is asked of it."""
        self.dead = True
        self._control.end(kill=True)

    def timed_out(self) -> NoReturn:
        """End a kernel that did not stop when asked to, and raise."""
        self.give_up()
        raise CallTimeout("the call took too long and did not stop when asked to")

    def broken(self, reason: str = "not an answer") -> NoReturn:
        """End a kernel whose code wrote to the channel itself: no answer can be trusted."""
        self.give_up()
        raise Invalid(f"the kernel's answer cannot be read: {reason}")

    def _died(self) -> NoReturn:
        self.dead = True
        reason = self._control.end(kill=False)
        if reason == "memory":
            raise MemoryExceeded("more memory than allowed")
        if reason == "timeout":
            raise CallTimeout("more CPU time than allowed")
        raise KernelDied("the kernel ended during the call")

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            left = self._deadline - time.monotonic()
            if left <= 0:
                self._ask_to_stop()
                continue
            try:
                self._stream.settimeout(left)
                part = self._stream.recv(min(count, _CHUNK))
            except TimeoutError:
                continue
            except OSError:
                part = b""
            if not part:
                self._died()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _ask_to_stop(self) -> None:
        if self._asked_to_stop:
            self.timed_out()
        if not self._allowance.is_over():
            self._deadline = self._allowance.next_look
            return
        # The call is asked to end; the loop inside answers, and lives on.
        self._control.interrupt()
        self._asked_to_stop = True
        self._deadline = time.monotonic() + self._grace_seconds
