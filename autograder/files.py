"""Write files as a whole: readers see the old content or the new, and so they do after a crash."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

UNFINISHED: Final = ".unfinished-"
"""How names of files begin that are still being written, or that a crash has left behind."""


def write_file(target: Path, content: bytes) -> None:
    """Write a file; others may write the same one at the same time."""
    with whole_file(target) as file:
        file.write(content)


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes its name, and its former content's place, once the block has ended."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=UNFINISHED)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            # Else a power failure could leave the new name with nothing in it.
            os.fsync(descriptor)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
