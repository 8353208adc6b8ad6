"""Folders of staff's: they hold ordinary files and folders, no way to other files of the host."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Final

from autograder.errors import AssignmentError

_UNUSED: Final = "__pycache__"


def refuse_links(folder: Path) -> None:
    """
    Refuse a folder in which anything is neither an ordinary file nor a folder.

    Raises:
        AssignmentError: If it holds a symbolic link, a pipe, a socket or a device; names it.
    """
    # Untrusted: whoever may write tests may put links to files that only we can read.
    for at, folders, names, descriptor in os.fwalk(folder.resolve()):
        for name in sorted(folders + names):
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            _refuse(status, folder / Path(at).relative_to(folder.resolve()) / name)


def copy_folder(source: Path, target: Path) -> None:
    """
    Copy a folder's files, but for hidden ones and compiled modules.

    Nothing is followed, even if a link takes a file's place meanwhile.

    Raises:
        AssignmentError: If something else than files and folders is in it; names it.
    """
    source = source.resolve()
    for at, folders, names, descriptor in os.fwalk(source):
        below = Path(at).relative_to(source)
        (target / below).mkdir()
        folders[:] = [name for name in folders if _is_used(name)]
        for name in folders:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            _refuse(status, source / below / name)
        for name in filter(_is_used, names):
            _copy_file(name, descriptor, source / below / name, target / below / name)


def _copy_file(name: str, folder: int, source: Path, target: Path) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    _refuse(os.stat(name, dir_fd=folder, follow_symlinks=False), source)
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        raise AssignmentError(f"cannot be copied: {error.strerror}", str(source)) from None
    with os.fdopen(descriptor, "rb") as file, target.open("xb") as copy:
        _refuse(os.fstat(descriptor), source)
        shutil.copyfileobj(file, copy)


def _refuse(status: os.stat_result, path: Path) -> None:
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return
    what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no ordinary file"
    raise AssignmentError(
        f"is {what}; an assignment holds ordinary files and folders only, so put a copy of what "
        "you need here",
        str(path),
    )


def _is_used(name: str) -> bool:
    return name != _UNUSED and not name.startswith(".")
