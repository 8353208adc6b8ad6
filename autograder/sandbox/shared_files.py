"""
A copy in memory of all files that kernels share, if the operator gives it a folder.

On a disk's file system Linux remembers for all kernels not only which pages of a file it has read,
but also which names have been asked for in vain: one kernel could ask for some, and another one
tell by the time of an answer which. A file system in memory (tmpfs) has all its pages and remembers
no such names.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

from autograder.errors import SandboxError
from autograder.sandbox.policy import Mount

SETTING: Final = "AUTOGRADER_SHARED_FILES"
# So deep a change of what is installed shows in a folder's time.
_LEVELS: Final = 4


def folder_for_copies() -> Path | None:
    """Return the operator's folder for copies, ``None`` if none is set."""
    setting = os.environ.get(SETTING)
    return Path(setting) if setting else None


def in_memory(folder: Path) -> bool:
    """Return whether a folder's file system is one in memory."""
    path = folder.resolve()
    mounts = (line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines())
    kinds = {Path(place.replace("\\040", " ")): kind for place, kind in mounts}
    return next(kinds[each] for each in (path, *path.parents) if each in kinds) == "tmpfs"


def copied(mounts: list[Mount], copies: Path, own: Path) -> list[Mount]:
    """
    Return mounts of copies in place of the originals; those that are missing are made.

    Args:
        mounts: What the sandbox sees.
        copies: Where copies are kept, for all fork servers.
        own: The fork server's own folder, whose files no other one shares.

    Raises:
        SandboxError: If they cannot be copied.
    """
    return [
        each
        if each.source.is_relative_to(own)
        else replace(each, source=_copy_of(each.source, copies))
        for each in mounts
    ]


def _copy_of(source: Path, copies: Path) -> Path:
    copy = copies / _state_of(source)
    if copy.exists():
        return copy
    try:
        copies.mkdir(parents=True, exist_ok=True, mode=0o755)
        with (copies / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not copy.exists():
                unfinished = copy.with_suffix(".unfinished")
                command = ["cp", "-a", "--no-target-directory", str(source), str(unfinished)]
                subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own
                unfinished.rename(copy)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", b"").decode(errors="replace")[-300:] or str(error)
        raise SandboxError(f"{source} could not be copied to {copies}: {reason}") from error
    return copy


def _state_of(source: Path) -> str:
    """Return a name that changes when something is installed in a folder, or removed."""
    digest = hashlib.sha256(str(source).encode())
    level = [source]
    for _ in range(_LEVELS):
        for folder in level:
            mark = folder.stat()
            digest.update(f"{mark.st_ino} {mark.st_mtime_ns} ".encode())
        level = [
            Path(entry.path)
            for folder in level
            if folder.is_dir()
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
            if entry.is_dir(follow_symlinks=False)
        ]
    return digest.hexdigest()[:20]
