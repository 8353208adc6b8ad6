"""Processes as the host sees them."""

from __future__ import annotations

from pathlib import Path


def parents() -> dict[int, int]:
    """Return each living process's parent."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # Bytes: a process may call itself by any, and attacks do.
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                found[int(folder.name)] = int(fields[1])
    return found


def children_of(pid: int) -> list[int]:
    """Return a process's children."""
    return sorted(child for child, parent in parents().items() if parent == pid)


def descendants_of(pid: int) -> set[int]:
    """Return a process's children, their children and so on."""
    tree = parents()
    found: set[int] = set()
    new = {child for child, parent in tree.items() if parent == pid}
    while new:
        found |= new
        new = {child for child, parent in tree.items() if parent in new} - found
    return found
