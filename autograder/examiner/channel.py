"""The grader's end of the call channel: hidden tests' calls go out, values come back."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol

import numpy as np

from autograder import wire
from autograder.errors import (
    CallTimeout,
    Invalid,
    KernelDied,
    MemoryExceeded,
    Missing,
    OutputExceeded,
)
from autograder.student import Call, RemoteObject, Target, not_a_function, student_raised

MAX_RECORDED_BYTES: Final = 8 * 2**20
"""What is kept of one test's calls: a misconception shows in small answers, too."""
_CHUNK: Final = 1 << 20


class Supervisor(Protocol):
    """Who holds the kernel's reins: the process that this channel's owner was forked for."""

    def interrupt(self) -> None:
        """Send SIGINT to the kernel."""

    def end_kernel(self, *, kill: bool) -> str | None:
        """Return why the kernel ended; with `kill`, end it first."""


@dataclass(frozen=True)
class RecordedCall:
    """
    One call that a test made, kept so that a misconception can be recognised.

    Args:
        name: The student's function.
        request: Its encoded arguments.
        functions: The grader's functions among them, by number.
        answer: The decoded value, or the exception that was raised.
        prepared: Lines that the test ran inside before this call, such as seeds.
        args_after: The positional arguments as the call left them; none if it raised.
    """

    name: str
    request: bytes
    functions: dict[int, Callable[..., Any]]
    answer: Any
    prepared: tuple[str, ...] = ()
    args_after: tuple[Any, ...] = ()


@dataclass
class CallLimits:
    """What one test may ask of the kernel."""

    call_seconds: float
    grace_seconds: float
    callback_calls: int


@dataclass
class Recording:
    """What one test asked of the kernel; large answers are left out."""

    calls: list[RecordedCall] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    prepared: tuple[str, ...] = ()
    bytes_left: int = MAX_RECORDED_BYTES

    def has_room(self, size: int) -> bool:
        """Return whether something of this size may be kept, and count it."""
        self.bytes_left -= size
        return self.bytes_left >= 0


class CallChannel:
    """
    Evaluates names, calls and operations in the kernel.

    Args:
        stream: The call channel.
        supervisor: Interrupts and ends the kernel.
        limits: Time of a call and number of callbacks.
    """

    def __init__(self, stream: socket.socket, supervisor: Supervisor, limits: CallLimits) -> None:
        self.recording = Recording()
        self.dead = False
        self._stream = stream
        self._supervisor = supervisor
        self._limits = limits
        self._call_seconds = limits.call_seconds
        self._functions: dict[int, Callable[..., Any]] = {}
        self._callbacks = 0
        self._names: frozenset[str] | None = None
        self._values: dict[str, bytes] = {}
        self._defined: set[str] = set()
        self._waiting = False
        self._answer_bytes = 0
        self._deadline = 0.0
        self._number = 0
        self._asked_to_stop = False

    def begin_test(self, time_factor: float = 1.0) -> None:
        """Forget what the last test recorded; calls get this part of their time."""
        self._call_seconds = self._limits.call_seconds * time_factor
        self.recording = Recording()
        self._functions = {}
        self._callbacks = 0

    def end_test(self) -> None:
        """End a kernel that still owes an answer: the next test would take it for its own."""
        if self._waiting and not self.dead:
            self.dead = True
            self._supervisor.end_kernel(kill=True)

    def close(self) -> None:
        """Let the kernel's loop end."""
        self._stream.close()

    def names(self) -> frozenset[str]:
        """Return the names that the notebook defines."""
        if self._names is None:
            names = self._value(self._exchange(("names",)))
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                self._broken()
            self._names = frozenset(names)
        # What has been read is there, whatever the kernel says of it later.
        return self._names | self._defined

    def get(self, name: str) -> Any:
        """
        Return the value of a name.

        Plain data is read once, and stays what it was until the tests run a line inside: it cannot
        be one thing to one question and another thing to the next.

        Raises:
            Missing: If the notebook does not define it.
        """
        if name not in self._values:
            value = self._value(self._exchange(("get", name)))
            self._defined.add(name)
            if isinstance(value, RemoteObject):
                return RemoteObject(self, value._handle, name)
            try:
                self._values[name] = wire.Encoder().encode(("value", value))
            except wire.Unsendable:
                return value  # a list of objects that stayed inside
        # Decoded for each reader: what a test does to its copy is its own affair.
        value = self._value(self._decode(self._values[name]))
        if self.recording.has_room(len(self._values[name])):
            self.recording.values[name] = value
        return value

    def call(self, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """
        Call a function of the notebook, or an object that stayed in the kernel.

        Raises:
            StudentFault: Whatever the student's code did instead of returning a value.
        """
        encoder = wire.Encoder(self._handle_for)
        body = encoder.encode(("call", target.name, target.number, args, kwargs))
        generators = list(encoder.generators)
        record = self._recorder(target, (args, kwargs))
        try:
            answer = self._ask(body, target.name)
        except Exception as error:
            record(error)
            raise
        if answer[0] != "returned" or len(answer) != 4:
            self._broken()
        _, value, states, after = answer
        self._write_back(generators, states)
        args_after, kwargs_after = self._after(after)
        record(value, args_after)
        return Call(value, args_after, kwargs_after)

    def ask(self, operation: str, number: int, argument: object = None) -> Any:
        """Evaluate one operation on an object that stayed in the kernel."""
        return self._value(self._exchange((operation, number, argument)))

    def run(self, source: str, number: int | None = None) -> None:
        """Run a line of trusted code inside; `number` is the one that its answer will carry."""
        self.recording.prepared += (source,)
        self._values.clear()
        body = wire.Encoder().encode(("run", source))
        self._value(self._ask(body, None, number))

    def forget(self) -> None:
        """Let go of all objects that stayed in the kernel; no reference may be used after it."""
        self._value(self._exchange(("forget",)))

    def _recorder(self, target: Target, arguments: object) -> Callable[..., None]:
        if target.name is None:
            return lambda *_: None
        name, functions = target.name, self._functions
        request = wire.Encoder(self._handle_for).encode(arguments)
        prepared, self.recording.prepared = self.recording.prepared, ()

        def record(answer: Any, args_after: tuple[Any, ...] = ()) -> None:
            if self.recording.has_room(len(request) + self._answer_bytes):
                call = RecordedCall(name, request, dict(functions), answer, prepared, args_after)
                self.recording.calls.append(call)

        return record

    def _exchange(self, request: tuple[Any, ...]) -> tuple[Any, ...]:
        body = wire.Encoder(self._handle_for).encode(request)
        return self._ask(body, request[1] if request[0] == "get" else None)

    def _ask(self, body: bytes, name: str | None, number: int | None = None) -> tuple[Any, ...]:
        self._send(body, secrets.randbits(wire.NUMBER_BITS) if number is None else number)
        return self._answer(name)

    def _send(self, body: bytes, number: int) -> None:
        if self.dead:
            raise KernelDied("the kernel had ended before")
        if self._waiting:
            raise RuntimeError("a function that was passed in cannot ask the notebook itself")
        self._waiting, self._asked_to_stop, self._answer_bytes = True, False, 0
        self._number = number
        self._deadline = time.monotonic() + self._call_seconds
        try:
            self._stream.settimeout(self._call_seconds)
            self._stream.sendall(wire.frame(body, self._number))
        except TimeoutError:
            self._timed_out()
        except OSError:
            self._died()

    def _answer(self, name: str | None) -> tuple[Any, ...]:
        while (answer := self._decode(self._receive()))[0] == "callback":
            self._answer_callback(answer)
        self._waiting = False
        if self._asked_to_stop:
            if answer[0] != "interrupted":
                # The interrupt may still be under way, and would hit the next call.
                self._timed_out()
            raise CallTimeout("the call took too long")
        if answer[0] not in ("value", "returned"):
            self._raise_fault(answer, name)
        return answer

    def _raise_fault(self, answer: tuple[Any, ...], name: str | None) -> NoReturn:
        """Raise what an answer says that is no value."""
        kind = answer[0]
        if kind == "missing":
            raise Missing(name or "")
        if kind == "uncallable":
            raise not_a_function(name)
        if kind == "unsendable" and len(answer) == 2:
            raise Invalid(f"the value cannot leave the sandbox: {answer[1]}")
        if kind == "interrupted":
            raise student_raised("KeyboardInterrupt", (), "")
        if kind == "raised":
            self._raise_student_error(answer)
        self._broken()

    def _decode(self, body: bytes) -> tuple[Any, ...]:
        # Untrusted: student code wrote these bytes.
        try:
            answer = wire.Decoder(self._resolve, wire.GeneratorState.restore).decode(body)
        except wire.WireError as error:
            self._broken(str(error))
        if not isinstance(answer, tuple) or not answer or not isinstance(answer[0], str):
            self._broken()
        return answer

    def _value(self, answer: tuple[Any, ...]) -> Any:
        if answer[0] != "value" or len(answer) != 2:
            self._broken()
        return answer[1]

    def _receive(self) -> bytes:
        while True:
            try:
                length, number = wire.read_header(self._read(wire.HEADER_BYTES))
            except wire.WireError as error:
                self._broken(str(error))
            self._answer_bytes += length
            body = self._read(length)
            # Untrusted: what student code sent without being asked answers no later call.
            if number == self._number:
                return body

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            left = self._deadline - time.monotonic()
            if left <= 0:
                if self._asked_to_stop:
                    self._timed_out()
                # The call is asked to end; the loop inside answers, and lives on.
                self._supervisor.interrupt()
                self._asked_to_stop = True
                self._deadline = time.monotonic() + self._limits.grace_seconds
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

    def _timed_out(self) -> NoReturn:
        self.dead = True
        self._supervisor.end_kernel(kill=True)
        raise CallTimeout("the call took too long and did not stop when asked to")

    def _died(self) -> NoReturn:
        self.dead = True
        reason = self._supervisor.end_kernel(kill=False)
        if reason == "memory":
            raise MemoryExceeded("more memory than allowed")
        if reason == "timeout":
            raise CallTimeout("more CPU time than allowed")
        if reason == "output":
            raise OutputExceeded("more output than allowed")
        raise KernelDied("the kernel ended during the call")

    def _broken(self, reason: str = "not an answer") -> NoReturn:
        """Student code wrote to the channel itself; nothing that follows can be told apart."""
        self.dead = True
        self._supervisor.end_kernel(kill=True)
        raise Invalid(f"the kernel's answer cannot be read: {reason}")

    def _handle_for(self, value: object) -> wire.Handle:
        if isinstance(value, RemoteObject):
            return value._handle
        if callable(value):
            number = id(value)
            self._functions[number] = value
            return wire.Handle("callback", number)
        raise wire.Unsendable(f"{type(value).__name__} cannot travel into the sandbox")

    def _resolve(self, handle: wire.Handle) -> object:
        if handle.kind == "reference":
            return RemoteObject(self, handle)
        if handle.number not in self._functions:
            raise wire.WireError("no such function")
        return self._functions[handle.number]

    def _answer_callback(self, request: tuple[Any, ...]) -> None:
        # Untrusted: number and arguments are student code's; the function is a hidden test's.
        if len(request) != 4 or not isinstance(request[2], tuple | list):
            self._broken()
        _, number, args, kwargs = request
        function = self._functions.get(number) if isinstance(number, int) else None
        if not isinstance(kwargs, dict):
            self._broken()
        self._callbacks += 1
        if self._callbacks > self._limits.callback_calls:
            self.dead = True
            self._supervisor.end_kernel(kill=True)
            raise CallTimeout("the function that was passed in was called too often")
        encoder = wire.Encoder(self._handle_for)
        try:
            if function is None:
                raise LookupError("a function of an earlier test's")
            body = encoder.encode(("returned", function(*args, **kwargs)))
        except Exception as error:
            reason = f"{type(error).__name__} in the function that was passed in"
            body = encoder.encode(("raised", reason))
        try:
            self._stream.sendall(wire.frame(body, self._number))
        except TimeoutError:
            self._timed_out()
        except OSError:
            self._died()

    def _write_back(self, generators: list[np.random.Generator], states: object) -> None:
        # Untrusted: a state is checked by NumPy before it replaces the test's generator's own.
        if not isinstance(states, list) or len(states) != len(generators):
            self._broken()
        for generator, state in zip(generators, states, strict=True):
            if not isinstance(state, np.random.Generator):
                self._broken()
            try:
                wire.GeneratorState.of(state).apply(generator)
            except wire.WireError:
                self._broken()

    def _after(self, after: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if (
            not isinstance(after, tuple)
            or len(after) != 2
            or not isinstance(after[0], tuple)
            or not isinstance(after[1], dict)
        ):
            self._broken()
        return after

    def _raise_student_error(self, answer: tuple[Any, ...]) -> NoReturn:
        # Untrusted: names, text and place are student code's claim.
        if len(answer) != 5 or not isinstance(answer[1], list) or not isinstance(answer[2], str):
            self._broken()
        _, names, message, cell, line = answer
        names = tuple(name for name in names[:32] if isinstance(name, str)) or ("Exception",)
        if "MemoryError" in names:
            raise MemoryExceeded("MemoryError")
        error = student_raised(names[0], names[1:], message)
        if isinstance(cell, int) and isinstance(line, int):
            error.place = (cell, line)
        raise error
