"""The grader's end of the call channel: hidden tests' calls go out, values come back."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from autograder import wire
from autograder.errors import CallTimeout, Invalid, MemoryExceeded, Missing, StudentFault
from autograder.examiner.callbacks import Callbacks
from autograder.examiner.control import KernelControl
from autograder.examiner.exchange import CallLimits, Exchange
from autograder.examiner.recording import RecordedCall, Recording
from autograder.student import (
    Call,
    RemoteObject,
    Target,
    handle_of,
    not_a_function,
    student_raised,
)


class CallChannel:
    """
    Evaluates names, calls and operations in the kernel.

    Args:
        stream: The call channel.
        control: Interrupts and ends the kernel.
        limits: Time of a call and number of callbacks.
    """

    def __init__(self, stream: socket.socket, control: KernelControl, limits: CallLimits) -> None:
        self.recording = Recording()
        self._limits = limits
        self._exchange = Exchange(stream, control, limits)
        self._callbacks = Callbacks(limits)
        self._names: frozenset[str] | None = None
        self._values: dict[str, bytes] = {}
        self._kept: dict[str, Any] = {}
        self._defined: set[str] = set()

    @property
    def dead(self) -> bool:
        """Whether the kernel is gone, and every further call raises."""
        return self._exchange.dead

    @dead.setter
    def dead(self, dead: bool) -> None:
        self._exchange.dead = dead

    def begin_test(self, time_factor: float = 1.0) -> None:
        """Forget what the last test recorded; calls get this part of their time."""
        self._exchange.call_seconds = self._limits.call_seconds * time_factor
        self._callbacks.begin_test()
        self.recording = Recording()

    def end_test(self) -> None:
        """End a kernel that still owes an answer: the next test would take it for its own."""
        self._exchange.end_unanswered()

    def close(self) -> None:
        """Let the kernel's loop end."""
        self._exchange.close()

    def read_names(self) -> None:
        """Read which names are defined, before any test; what goes wrong is the tests' to tell."""
        try:
            self.names()
        except StudentFault as fault:
            self._exchange.fault = fault

    def defined_at_start(self, name: str) -> bool:
        """Return whether the notebook defined a name before the first test asked for anything."""
        return self._names is not None and name in self._names

    def names(self) -> frozenset[str]:
        """Return the names that the notebook defines."""
        if self._names is None:
            names = self._value(self._request(("names",)))
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                self._exchange.broken()
            self._names = frozenset(names)
        # What has been read is there, whatever the kernel says of it later.
        return self._names | self._defined

    def get(self, name: str) -> Any:
        """
        Return the value of a name.

        It is read once, and stays what it was until the tests run a line inside: it cannot be one
        thing to one question and another thing to the next. Of an object that stayed in the kernel
        that holds for its numbers (`RemoteObject.to_array`); its attributes may change by calls.

        Raises:
            Missing: If the notebook does not define it.
        """
        self.recording.asked.add(name)
        return self._noted(self._read(name))

    def _read(self, name: str) -> Any:
        if name in self._kept:
            return _copied(self._kept[name])
        if name not in self._values:
            value = self._value(self._request(("get", name), name))
            self._defined.add(name)
            if isinstance(value, RemoteObject):
                value = RemoteObject(self, handle_of(value), name)
            try:
                self._values[name] = wire.Encoder().encode(("value", value))
            except wire.Unsendable:
                # Untrusted: an object that stayed inside could show other numbers to the next
                # test; the one that is kept has shown its numbers once.
                self._kept[name] = value
                return _copied(value)
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
        if target.name is not None:
            self.recording.asked.add(target.name)
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
            self._exchange.broken()
        _, value, states, after = answer
        self._write_back(generators, states)
        args_after, kwargs_after = self._after(after)
        record(value, args_after)
        return Call(self._noted(value), args_after, kwargs_after)

    def ask(self, operation: str, number: int, argument: object = None) -> Any:
        """Evaluate one operation on an object that stayed in the kernel."""
        return self._noted(self._value(self._request((operation, number, argument))))

    def run(self, source: str, number: int | None = None) -> None:
        """Run a line of trusted code inside; `number` is the one that its answer will carry."""
        self.recording.prepared += (source,)
        self._values.clear()
        self._kept.clear()
        body = wire.Encoder().encode(("run", source))
        self._value(self._ask(body, None, number))

    def forget(self) -> None:
        """Release all objects that stayed in the kernel; none may be used after it."""
        self._kept.clear()
        self._value(self._request(("forget",)))

    def _noted(self, value: Any) -> Any:
        """Note that a value came back: the test may look at an answer."""
        if not isinstance(value, RemoteObject):
            self.recording.answered = True
        return value

    def _recorder(self, target: Target, arguments: object) -> Callable[..., None]:
        if target.name is None:
            return lambda *_: None
        name, functions = target.name, self._callbacks.functions
        request = wire.Encoder(self._handle_for).encode(arguments)
        prepared, self.recording.prepared = self.recording.prepared, ()

        def record(answer: Any, args_after: tuple[Any, ...] = ()) -> None:
            if self.recording.has_room(len(request) + self._exchange.answer_bytes):
                call = RecordedCall(name, request, dict(functions), answer, prepared, args_after)
                self.recording.calls.append(call)

        return record

    def _request(self, request: tuple[Any, ...], name: str | None = None) -> tuple[Any, ...]:
        return self._ask(wire.Encoder(self._handle_for).encode(request), name)

    def _ask(self, body: bytes, name: str | None, number: int | None = None) -> tuple[Any, ...]:
        self._exchange.send(body, number)
        while (answer := self._decode(self._exchange.receive()))[0] == "callback":
            self._answer_callback(answer)
        self._exchange.answered(interrupted=answer[0] == "interrupted")
        if answer[0] not in ("value", "returned"):
            self._raise_fault(answer, name)
        return answer

    def _answer_callback(self, request: tuple[Any, ...]) -> None:
        if not self._callbacks.count_call():
            self._exchange.give_up()
            raise CallTimeout("the function that was passed in was called too often")
        body = self._callbacks.answer(request, wire.Encoder(self._handle_for))
        if body is None:
            self._exchange.broken()
        self._exchange.write(body)

    def _decode(self, body: bytes) -> tuple[Any, ...]:
        # Untrusted: student code wrote these bytes.
        try:
            answer = wire.Decoder(self._resolve, wire.GeneratorState.restore).decode(body)
        except wire.WireError as error:
            self._exchange.broken(str(error))
        if not isinstance(answer, tuple) or not answer or not isinstance(answer[0], str):
            self._exchange.broken()
        return answer

    def _value(self, answer: tuple[Any, ...]) -> Any:
        if answer[0] != "value" or len(answer) != 2:
            self._exchange.broken()
        return answer[1]

    def _handle_for(self, value: object) -> wire.Handle:
        if isinstance(value, RemoteObject):
            return handle_of(value)
        if callable(value):
            return self._callbacks.add(value)
        raise wire.Unsendable(f"{type(value).__name__} cannot travel into the sandbox")

    def _resolve(self, handle: wire.Handle) -> object:
        if handle.kind == "reference":
            return RemoteObject(self, handle)
        return self._callbacks.find(handle.number)

    def _write_back(self, generators: list[np.random.Generator], states: object) -> None:
        # Untrusted: a state is checked by NumPy before it replaces the test's generator's own.
        if not isinstance(states, list) or len(states) != len(generators):
            self._exchange.broken()
        for generator, state in zip(generators, states, strict=True):
            if not isinstance(state, np.random.Generator):
                self._exchange.broken()
            try:
                wire.GeneratorState.of(state).apply(generator)
            except wire.WireError:
                self._exchange.broken()

    def _after(self, after: object) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if (
            not isinstance(after, tuple)
            or len(after) != 2
            or not isinstance(after[0], tuple)
            or not isinstance(after[1], dict)
        ):
            self._exchange.broken()
        return after

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
        self._exchange.broken()

    def _raise_student_error(self, answer: tuple[Any, ...]) -> NoReturn:
        # Untrusted: names, text and place are student code's claim.
        if len(answer) != 5 or not isinstance(answer[1], list) or not isinstance(answer[2], str):
            self._exchange.broken()
        _, names, message, cell, line = answer
        names = tuple(name for name in names[:32] if isinstance(name, str)) or ("Exception",)
        if "MemoryError" in names:
            raise MemoryExceeded("MemoryError")
        self.recording.refused = True
        error = student_raised(names[0], names[1:], message)
        if isinstance(cell, int) and isinstance(line, int):
            error.place = (cell, line)
        raise error


def _copied(value: Any) -> Any:
    """Copy the containers of a value: what a test does to its copy is its own affair."""
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(map(_copied, value))
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value
