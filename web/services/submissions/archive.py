"""Many submitted notebooks as one archive, written while it is sent."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PORTION: Final = 64 * 1024
_STRANGE: Final = re.compile(r"[^A-Za-z0-9._@+-]+")
_LONGEST: Final = 80
_MISSING: Final = "missing.txt"


@dataclass(frozen=True)
class ArchivedFile:
    """
    A file of an archive.

    Args:
        name: What it is called there.
        path: Where its bytes are.
        at: The moment that the archive gives for it, in any time zone.
    """

    name: str
    path: Path
    at: datetime


def safe_name(text: str) -> str:
    """
    Return a text as a part of a file's name that means the same on every system.

    No separators, nothing hidden, no device's name: whoever unpacks it gets one file in one folder.
    """
    # Untrusted: a student number comes from a roster, an address from whoever has it.
    return _STRANGE.sub("-", text).strip(".-")[:_LONGEST] or "unnamed"


def unique_names(names: Iterable[str]) -> list[str]:
    """Return names of which no two are one on any system, numbered where they would be."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        chosen, number = name, 1
        while chosen.lower() in seen:
            number += 1
            chosen = f"{stem}-{number}{dot}{suffix}"
        seen[chosen.lower()] = number
        found.append(chosen)
    return found


def write_archive(files: Sequence[ArchivedFile]) -> Iterator[bytes]:
    """
    Return an archive in portions, of which one at a time is in memory.

    Files that are gone are named in a text file at its end.
    """
    sink = _Sink()
    missing = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            try:
                source = file.path.open("rb")
            except OSError:
                missing.append(file.name)
                continue
            entry = zipfile.ZipInfo(file.name, file.at.timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with source, archive.open(entry, "w") as target:
                while portion := source.read(_PORTION):
                    target.write(portion)
                    yield from sink.taken()
        if missing:
            archive.writestr(_MISSING, "Missing on the server:\n" + "\n".join(missing) + "\n")
    yield from sink.taken()


class _Sink(RawIOBase):
    """What an archive is written to; gives away what it has got so far."""

    def __init__(self) -> None:
        self._portions: list[bytes] = []

    def writable(self) -> bool:
        """Return that it can be written to; it cannot be gone back in."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Keep some bytes."""
        portion = bytes(data)
        self._portions.append(portion)
        return len(portion)

    def taken(self) -> list[bytes]:
        """Return what has been written since this was asked last."""
        portions, self._portions = self._portions, []
        return portions
