"""Hashes of passwords: a few at a time, and pages come first."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from web.services.errors import BusyError

_Answer = TypeVar("_Answer")
# RFC 9106's second recommendation: 64 MiB, three passes.
_hasher: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
AT_ONCE: Final = 2
# Between pages and kernels; the threads that Argon2 starts inherit it.
_NICENESS: Final = 5
# The line, and who hashes: the other threads are for pages. A class needs less than a second each.
_IN_LINE: Final = threading.BoundedSemaphore(12)
# Verified where there is no account, so that the time taken does not tell.
NOBODY: Final = _hasher.hash(secrets.token_hex(16))


def _let_pages_go_first() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


# A hash takes the time and the memory that others' pages need: a class that signs in waits in line.
_threads: Final = ThreadPoolExecutor(AT_ONCE, "hash", initializer=_let_pages_go_first)


def hashed(password: str) -> str:
    """
    Hash a password.

    Raises:
        BusyError: If many wait for a hash.
    """
    return _in_turn(lambda: _hasher.hash(password))


def matches(stored: str, password: str) -> bool:
    """
    Return whether a password is the one whose hash is stored.

    Raises:
        BusyError: If many wait for a hash.
    """
    try:
        return _in_turn(lambda: _hasher.verify(stored, password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Return whether a hash was made with less work than today's."""
    return _hasher.check_needs_rehash(stored)


def _in_turn(work: Callable[[], _Answer]) -> _Answer:
    if not _IN_LINE.acquire(blocking=False):
        raise BusyError
    try:
        return _threads.submit(work).result()
    finally:
        _IN_LINE.release()
