"""What a grader keeps between submissions: warm processes, kernels forked ahead, examiners."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from autograder.environments import Environment
from autograder.errors import SandboxError
from autograder.sandbox.fork_server import ForkServer
from autograder.sandbox.kernel_process import KernelProcess

ATTEMPTS: Final = 3


class KernelPool:
    """
    Returns fresh kernels of one environment; some are made ahead.

    Its warm process has been launched when the constructor returns.

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
            SandboxError: If the wall cannot be built.
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
                # The warm process has ended, and who started it has not noticed yet.
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
        """End every kernel that was made ahead, and the warm process."""
        with self._lock:
            self._closed = True
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
        """Return an idle one, or make one."""
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


class Living(Closable, Protocol):
    """Something that may end by itself."""

    def alive(self) -> bool:
        """Return whether it still serves."""


LivingItem = TypeVar("LivingItem", bound=Living)


@dataclass
class _Place(Generic[LivingItem]):
    """Where one shared thing stands: nobody has it, or a number of users."""

    making: threading.Lock = field(default_factory=threading.Lock)
    item: LivingItem | None = None
    users: int = 0


class SharedCache(Generic[LivingItem]):
    """
    Keeps things that take long to make, and that many may use at once.

    Args:
        keep: How many to keep; of those that nobody uses, the longest idle are closed.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._places: dict[str, _Place[LivingItem]] = {}

    @contextlib.contextmanager
    def borrow(self, key: str, make: Callable[[], LivingItem]) -> Iterator[LivingItem]:
        """Return the one for a key; `make` makes it if it is not there, or has ended."""
        with self._lock:
            place = self._places.pop(key, None) or _Place[LivingItem]()
            self._places[key] = place
            place.users += 1
        try:
            yield self._living(place, make)
        finally:
            with self._lock:
                place.users -= 1
                surplus = self._take_surplus()
            for item in surplus:
                item.close()

    def _living(self, place: _Place[LivingItem], make: Callable[[], LivingItem]) -> LivingItem:
        with place.making:
            if place.item is not None and not place.item.alive():
                place.item.close()
                place.item = None
            if place.item is None:
                place.item = make()
            return place.item

    def _take_surplus(self) -> list[LivingItem]:
        idle = [key for key, place in self._places.items() if place.users == 0]
        old = idle[: max(0, len(self._places) - self._keep)]
        places = [self._places.pop(key) for key in old]
        return [place.item for place in places if place.item is not None]

    def close(self) -> None:
        """Close all."""
        with self._lock:
            places, self._places = list(self._places.values()), {}
        for place in places:
            if place.item is not None:
                place.item.close()
