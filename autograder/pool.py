"""What a grader keeps between submissions: warm processes, kernels forked ahead, examiners."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from autograder.environments import Environment
from autograder.errors import SandboxError
from autograder.sandbox.warm_process import KernelProcess, WarmProcess

ATTEMPTS: Final = 3


class KernelPool:
    """
    Gives fresh kernels of one environment; some are made ahead.

    Args:
        environment: What the kernels can import.
        spares: How many to keep ready.
    """

    def __init__(self, environment: Environment, spares: int = 1) -> None:
        self._environment = environment
        self._spares = spares
        self._lock = threading.Lock()
        self._warm = WarmProcess(environment)
        self._ready: deque[KernelProcess] = deque(self._warm.fork_kernel() for _ in range(spares))

    def take(self) -> KernelProcess:
        """
        Give a kernel that nobody has used and nobody else will get.

        Raises:
            SandboxError: If none can be made.
        """
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(SandboxError):
                return self._bound()
        return self._bound()

    def _bound(self) -> KernelProcess:
        kernel = self._next()
        try:
            kernel.wait_bound()
        except SandboxError:
            kernel.kill()
            raise
        return kernel

    def _next(self) -> KernelProcess:
        with self._lock:
            if not self._warm.alive():
                self._restart()
            try:
                return self._forked()
            except SandboxError:
                # The warm process has ended, and who started it has not noticed yet.
                self._restart()
                return self._forked()

    def _forked(self) -> KernelProcess:
        kernel = self._ready.popleft() if self._ready else self._warm.fork_kernel()
        try:
            while len(self._ready) < self._spares:
                self._ready.append(self._warm.fork_kernel())
        except SandboxError:
            kernel.kill()
            raise
        return kernel

    def _restart(self) -> None:
        self._discard()
        self._warm = WarmProcess(self._environment)

    def _discard(self) -> None:
        while self._ready:
            self._ready.popleft().kill()
        self._warm.close()

    def close(self) -> None:
        """End every kernel that was made ahead, and the warm process."""
        with self._lock:
            self._discard()


class Closable(Protocol):
    """Something that must be closed."""

    def close(self) -> None:
        """Close it."""


Item = TypeVar("Item", bound=Closable)


class Shelf(Generic[Item]):
    """
    Keeps things that take long to make and serve one user at a time.

    Args:
        make: Makes one for a key.
        keep: How many idle ones to keep; the longest idle are closed.
    """

    def __init__(self, make: Callable[[str], Item], keep: int) -> None:
        self._make = make
        self._keep = keep
        self._lock = threading.Lock()
        self._idle: deque[tuple[str, Item]] = deque()

    def take(self, key: str) -> Item:
        """Give an idle one, or make one."""
        with self._lock:
            for entry in reversed(self._idle):
                if entry[0] == key:
                    self._idle.remove(entry)
                    return entry[1]
        return self._make(key)

    def put(self, key: str, item: Item) -> None:
        """Give one back for the next user."""
        with self._lock:
            self._idle.append((key, item))
            old = [self._idle.popleft()[1] for _ in range(len(self._idle) - self._keep)]
        for each in old:
            each.close()

    def close(self) -> None:
        """Close the idle ones."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, item in idle:
            item.close()
