"""
The loop that answers the calls of hidden tests, in the kernel's main thread.

Each request and each answer is one frame of `wire`. What this side sends is a claim of student
code's, and the grader treats it so.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from autograder import wire

MAX_REFERENCES = 100_000
MAX_MESSAGE_CHARACTERS = 2000


class CallbackRaised(Exception):
    """A function of the grader's raised; the student's code sees an ordinary exception."""


class Server:
    """
    Answers requests on the notebook's names.

    Args:
        channel: The call channel.
        namespace: What the notebook defined.
        cell_number: Returns the execution count of the cell that a code file name stands for.
        hidden: Names that the shell itself put into the namespace.
    """

    def __init__(
        self,
        channel: socket.socket,
        namespace: dict[str, Any],
        cell_number: Callable[[str], int | None] = lambda _: None,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self._channel = channel
        self._namespace = namespace
        self._cell_number = cell_number
        self._hidden = hidden
        self._objects: dict[int, object] = {}
        self._generators: list[np.random.Generator] = []
        self._number = 0
        self._in_call = False
        self._in_callback = False
        self._interrupted = False

    def serve(self) -> None:
        """Answer until the grader closes the channel."""
        previous = signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            while (received := self._read_frame()) is not None:
                body, self._number = received
                self._answer(body)
        finally:
            signal.signal(signal.SIGINT, previous)

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._in_callback:
            # The grader's answer is on its way; left unread, it would be taken for a request.
            self._interrupted = True
        elif self._in_call:
            # Otherwise it comes too late, and must not end the loop.
            raise KeyboardInterrupt

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        self._in_call = True
        try:
            yield
        finally:
            self._in_call = False

    def _answer(self, request: bytes) -> None:
        process, operation = os.getpid(), ""
        try:
            operation, *arguments = self._decode(request)
            with self._interruptible():
                answer = getattr(self, f"_do_{operation}")(*arguments)
                body = self._encoder().encode(answer)
        except KeyboardInterrupt:
            body = wire.Encoder().encode(("interrupted",))
        except wire.WireError as error:
            body = wire.Encoder().encode(("unsendable", str(error)))
        except BaseException as error:
            body = wire.Encoder().encode(self._raised(error))
        if os.getpid() != process and operation != "run":
            # Student code has forked; its child must not answer in this process's place.
            os._exit(0)
        self._channel.sendall(wire.frame(body, self._number))

    def _do_names(self) -> tuple[Any, ...]:
        names = (name for name in self._namespace if name not in self._hidden)
        return ("value", sorted(name for name in names if not name.startswith("_")))

    def _do_get(self, name: str) -> tuple[Any, ...]:
        if name not in self._namespace:
            return ("missing",)
        return ("value", self._namespace[name])

    def _do_call(
        self, name: str | None, number: int | None, args: Any, kwargs: Any
    ) -> tuple[Any, ...]:
        if name is not None and name not in self._namespace:
            return ("missing",)
        function: Any = self._object(number) if name is None else self._namespace[name]
        if not callable(function):
            return ("uncallable", type(function).__name__)
        generators = self._generators
        value = function(*args, **kwargs)
        states = [wire.GeneratorState.of(generator) for generator in generators]
        return ("returned", value, states, (args, kwargs))

    def _do_getattr(self, number: int, name: str) -> tuple[Any, ...]:
        return ("value", getattr(self._object(number), name))

    def _do_getitem(self, number: int, key: Any) -> tuple[Any, ...]:
        target: Any = self._object(number)
        return ("value", target[key])

    def _do_len(self, number: int, _: None) -> tuple[Any, ...]:
        target: Any = self._object(number)
        return ("value", len(target))

    def _do_iter(self, number: int, _: None) -> tuple[Any, ...]:
        target: Any = self._object(number)
        return ("value", self._keep(iter(target)))

    def _do_next(self, number: int, _: None) -> tuple[Any, ...]:
        target: Any = self._object(number)
        try:
            return ("value", (True, next(target)))
        except StopIteration:
            return ("value", (False, None))

    def _do_array(self, number: int, _: None) -> tuple[Any, ...]:
        return ("value", np.asarray(self._object(number)))

    def _do_run(self, source: str) -> tuple[Any, ...]:
        exec(compile(source, "<hidden test>", "exec"), self._namespace)  # noqa: S102
        return ("value", None)

    def _do_forget(self) -> tuple[Any, ...]:
        self._objects.clear()
        return ("value", None)

    def _object(self, number: int | None) -> object:
        if number not in self._objects:
            raise wire.WireError("no such reference")
        return self._objects[number]

    def _keep(self, value: object) -> Any:
        number = id(value)
        self._objects[number] = value
        if len(self._objects) > MAX_REFERENCES:
            # The oldest goes, so that what one question left behind costs no other question.
            del self._objects[next(iter(self._objects))]
        return wire.Handle("reference", number, type(value).__name__)

    def _encoder(self) -> Any:
        return wire.Encoder(self._handle_for)

    def _handle_for(self, value: object) -> Any:
        if isinstance(value, Callback):
            return wire.Handle("callback", value.number)
        tensor = _as_array(value)
        return self._keep(value) if tensor is None else tensor

    def _decode(self, body: bytes) -> Any:
        self._generators = []
        return wire.Decoder(self._resolve, self._revive).decode(body)

    def _read_frame(self) -> tuple[bytes, int] | None:
        header = self._read(wire.HEADER_BYTES)
        if header is None:
            return None
        length, number = wire.read_header(header)
        body = self._read(length)
        return None if body is None else (body, number)

    def _read(self, count: int) -> bytes | None:
        parts = []
        while count:
            part = self._channel.recv(min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _resolve(self, handle: Any) -> object:
        if handle.kind == "callback":
            return Callback(self, handle.number)
        return self._object(handle.number)

    def _revive(self, state: Any) -> np.random.Generator:
        generator: np.random.Generator = state.restore()
        self._generators.append(generator)
        return generator

    def call_back(self, number: int, args: Any, kwargs: Any) -> Any:
        """Call a function of the grader's and wait for its answer."""
        body = self._encoder().encode(("callback", number, args, kwargs))
        self._in_callback, self._interrupted = True, False
        try:
            self._channel.sendall(wire.frame(body, self._number))
            received = self._read_frame()
        finally:
            self._in_callback = False
        if self._interrupted:
            raise KeyboardInterrupt
        if received is None:
            raise SystemExit
        answer = self._decode(received[0])
        if answer[0] == "raised":
            raise CallbackRaised(answer[1])
        return answer[1]

    def _raised(self, error: BaseException) -> tuple[Any, ...]:
        names = [kind.__name__ for kind in type(error).__mro__]
        try:
            message = str(error)[:MAX_MESSAGE_CHARACTERS]
            message.encode()
        except BaseException:
            message = ""
        return ("raised", names, message, *self._place(error.__traceback__))

    def _place(self, trace: TracebackType | None) -> tuple[int | None, int | None]:
        """Find the last line of the notebook's own that was running."""
        place: tuple[int | None, int | None] = (None, None)
        while trace is not None:
            cell = self._cell_number(trace.tb_frame.f_code.co_filename)
            if cell is not None:
                place = (cell, trace.tb_lineno)
            trace = trace.tb_next
        return place


class Callback:
    """A function of the grader's, as student code sees it."""

    def __init__(self, server: Server, number: int) -> None:
        self._server = server
        self.number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, in the grader's process."""
        return self._server.call_back(self.number, args, kwargs)


def _as_array(value: object) -> np.ndarray[Any, Any] | None:
    """Return a TensorFlow tensor or variable as an array, if TensorFlow is there at all."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not isinstance(value, tensorflow.Tensor | tensorflow.Variable):
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in wire.ARRAY_KINDS else None
