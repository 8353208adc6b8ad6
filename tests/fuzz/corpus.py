"""Inputs that are kept: few and small, chosen so that together they reach what any has reached."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

MAX_FILES: Final = 50
MAX_BYTES: Final = 100_000
_HERE: Final = Path(__file__).parent


def stored(name: str) -> Path:
    """Return the folder of a target's inputs."""
    return _HERE / "corpora" / name


def crashes(name: str) -> Path:
    """Return the folder of the inputs that once broke a target's property."""
    return _HERE / "crashes" / name


def files(*folders: Path) -> list[Path]:
    """Return the inputs of folders, in order."""
    return sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir())


def write(folder: Path, inputs: Iterable[bytes]) -> None:
    """Write inputs, each under its hash, as libFuzzer names them."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


def chosen(features: Mapping[Path, frozenset[int]]) -> list[Path]:
    """
    Choose inputs within the bounds: always the one that adds most, the smallest of equals.

    Args:
        features: What each input reaches.
    """
    kept: list[Path] = []
    reached: frozenset[int] = frozenset()
    room, left = MAX_BYTES, dict(features)
    while left and len(kept) < MAX_FILES:
        best = max(left, key=lambda path: (len(left[path] - reached), -path.stat().st_size))
        gain, size = left.pop(best) - reached, best.stat().st_size
        if not gain:
            break
        if size <= room:
            kept.append(best)
            reached |= gain
            room -= size
    return kept
