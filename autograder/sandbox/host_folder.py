"""
The host's folders for sandboxes, in ``/tmp``.

Each is locked as long as its process lives. One whose process was killed nobody removes, so whoever
makes the next one does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from autograder.closeable import Closeable

# Not where `TMPDIR` says: the sandbox's user must reach it.
PLACE: Final = Path("/tmp")  # noqa: S108  # made by mkdtemp
# Unix sockets' paths end at 107 bytes, so the name is not long.
PREFIX: Final = "autograder-sandbox-"


class HostFolder(Closeable):
    """
    A folder for one sandbox, removed when it is not used any more.

    Args:
        group: Whose processes may pass through beside root's, if root makes it.
    """

    def __init__(self, group: int) -> None:
        remove_abandoned()
        self.path, lock = _make_locked()
        self._finalizer = weakref.finalize(self, _remove, self.path, lock)
        if os.geteuid() == 0:
            os.chown(self.path, 0, group)
            self.path.chmod(0o710)

    def close(self) -> None:
        """Remove it and all that is in it."""
        self._finalizer()


def remove_abandoned() -> None:
    """Remove the folders of this user whose processes have ended without doing it."""
    for path in PLACE.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _opened(path) as folder:
            if os.fstat(folder).st_uid == os.geteuid():
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)


def _make_locked() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PLACE))
        with contextlib.suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Somebody may have taken it for abandoned before it was locked.
            if path.exists():
                return path, lock
            os.close(lock)


def _remove(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)
