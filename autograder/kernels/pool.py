"""Fresh kernels of one environment, some of them forked ahead."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from typing import Final

from autograder.environments import Environment
from autograder.errors import SandboxError
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.kernel_process import KernelProcess

ATTEMPTS: Final = 3


class KernelPool:
    """
    Returns fresh kernels of one environment; some are made ahead.

    Its fork server has been launched when the constructor returns.

    Args:
        environment: What the kernels can import.
        spares: How many to keep ready.
        packages: What the notebooks to come import, as far as is known.
        wanted: How many kernels will be asked for, as far as is known: beyond, none is made ahead.
    """

    def __init__(
        self,
        environment: Environment,
        spares: int = 1,
        packages: frozenset[str] = frozenset(),
        wanted: float = math.inf,
    ) -> None:
        self._environment = environment
        self._packages = packages
        self._spares = spares
        self._wanted = wanted
        self._lock = threading.Lock()
        self._closed = False
        self._warm = ForkServer(environment, self._packages)
        self._ready: deque[KernelProcess] = deque()

    def warm_up(self) -> None:
        """
        Wait until kernels can be had; the first are being made when this returns.

        Raises:
            SandboxError: If the sandbox cannot be built.
        """
        with self._lock:
            self._ensure_alive()
            self._top_up()

    def expect(self, packages: frozenset[str]) -> None:
        """Prepare for notebooks that import these packages."""
        with self._lock:
            self._packages |= packages
            self._warm.import_for(packages)

    def take(self) -> KernelProcess:
        """
        Return a kernel that nobody has used and nobody else will get.

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
            self._ensure_alive()
            try:
                return self._forked()
            except SandboxError:
                # One that lives serves others, whose kernels would end with it.
                if self._warm.alive():
                    raise
                self._restart()
                return self._forked()

    def _forked(self) -> KernelProcess:
        kernel = self._ready.popleft() if self._ready else self._warm.fork_kernel()
        self._wanted -= 1
        try:
            self._top_up()
        except SandboxError:
            kernel.kill()
            raise
        return kernel

    def _top_up(self) -> None:
        while len(self._ready) < min(self._spares, self._wanted):
            self._ready.append(self._warm.fork_kernel())

    def _ensure_alive(self) -> None:
        if self._closed:
            # A thread that still grades must not start what nobody would end.
            raise SandboxError("the grader has been closed")
        if not self._warm.alive():
            self._restart()

    def _restart(self) -> None:
        self._discard()
        self._warm = ForkServer(self._environment, self._packages)

    def _discard(self) -> None:
        while self._ready:
            self._ready.popleft().kill()
        self._warm.close()

    def close(self) -> None:
        """End every kernel that was made ahead, and the fork server."""
        with self._lock:
            self._closed = True
            self._discard()
