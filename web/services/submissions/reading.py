"""Read submitted files in processes of their own, so that no file can stop the portal."""

from __future__ import annotations

import atexit
import json
import queue
import select
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from autograder.messages import Message
from web.services.errors import BusyError, RuleError, TooManyError
from web.services.submissions.reader_process import LENGTH_BYTES
from web.services.turns import Turns

READERS: Final = 2
PATIENCE_SECONDS: Final = 20.0
READ_SECONDS: Final = 20.0
MOST_REFUSED_AN_HOUR: Final = 12
_HOUR: Final = 3600.0


@dataclass(frozen=True)
class Description:
    """
    What a submitted file is.

    Args:
        fault: Why it is no notebook; ``None`` if it is one.
        assignment: The assignment that the notebook names, if any.
        given: Whether it was made from a notebook that was given: it names an assignment, or has
            one of its checks.
    """

    fault: Message | None
    assignment: str | None
    given: bool = False


class Readers:
    """A few processes that read one file after another, each started when it is needed."""

    def __init__(self, count: int = READERS) -> None:
        self._idle: queue.LifoQueue[_Reader] = queue.LifoQueue()
        self._all = [_Reader() for _ in range(count)]
        for reader in self._all:
            self._idle.put(reader)
        atexit.register(self.close)

    def read(self, data: bytes) -> Description:
        """
        Read a file.

        Raises:
            RuleError: If it takes more time or memory than a notebook may.
            BusyError: If all readers are busy for long.
        """
        try:
            reader = self._idle.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise BusyError from None
        try:
            return reader.read(data)
        finally:
            self._idle.put(reader)

    def close(self) -> None:
        """End the processes."""
        for reader in self._all:
            reader.end()


class _Reader:
    """One process; a new one takes its place when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes) -> Description:
        process = self._running()
        try:
            line = _exchange(process, data)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self.end()
            raise RuleError(
                "The file takes too long to read, so nothing was submitted. Clear the "
                "notebook's outputs, save it, and try again."
            )
        answer: dict[str, Any] = json.loads(line)
        fault = answer.get("fault")
        return Description(
            fault and Message.from_json(fault),
            answer.get("assignment"),
            bool(answer.get("given")),
        )

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "web.services.submissions.reader_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process


def _exchange(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Send a file and wait for the answer; what it returns otherwise is no line."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(data).to_bytes(LENGTH_BYTES, "big"))
    process.stdin.write(data)
    process.stdin.flush()
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    return process.stdout.readline() if poll.poll(READ_SECONDS * 1000) else b""


class Uploads(Turns):
    """Bounds what each person's files cost: one at a time, and not many that are refused."""

    def __init__(self) -> None:
        super().__init__("You are sending another file right now. Wait until it has arrived.")
        self._refusals = threading.Lock()
        self._moments: dict[int, deque[float]] = {}

    def check(self, user_id: int) -> None:
        """
        Check whether somebody may upload another file.

        Raises:
            TooManyError: If too many of theirs were refused within the last hour.
        """
        with self._refusals:
            self._forget()
            if len(self._moments.get(user_id, ())) >= MOST_REFUSED_AN_HOUR:
                raise TooManyError(
                    f"{MOST_REFUSED_AN_HOUR} of your files were not notebooks for this assignment. "
                    "Try again in an hour, or ask your instructor."
                )

    def note(self, user_id: int) -> None:
        """Count a file that was refused."""
        with self._refusals:
            self._moments.setdefault(user_id, deque()).append(time.monotonic())

    def _forget(self) -> None:
        start = time.monotonic() - _HOUR
        for moments in self._moments.values():
            while moments and moments[0] < start:
                moments.popleft()
        self._moments = {user_id: each for user_id, each in self._moments.items() if each}


_readers: Final = Readers()


def describe(data: bytes) -> Description:
    """Read a file in one of this process's readers; see `Readers.read`."""
    return _readers.read(data)
