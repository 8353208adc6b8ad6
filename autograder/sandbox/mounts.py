"""What of the host's files a sandbox sees: the system's libraries and an interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from autograder.environments import base_interpreter
from autograder.sandbox import policy

_SHOWN: Final = tuple(f"{folder}/" for folder in policy.SYSTEM_FOLDERS)


def system_mounts() -> Iterator[policy.Mount]:
    """Mount the system's libraries, the shell and what programs look up to run at all."""
    for name in (*policy.SYSTEM_FOLDERS, *policy.SYSTEM_FILES):
        if Path(name).exists():
            yield policy.Mount(Path(name).resolve(), name)
    for name in policy.MERGED_FOLDERS:
        if Path(name).is_dir() and not Path(name).is_symlink():
            yield policy.Mount(Path(name), name)


def interpreter_mounts(python: Path) -> Iterator[policy.Mount]:
    """
    Mount the interpreter under a virtual environment, with its standard library.

    Args:
        python: The environment's interpreter.

    Raises:
        SandboxError: If it does not run.
    """
    base = base_interpreter(python)
    # The loader asks for the shared library by its full name, the one that the links end at; were
    # it missing, the system's own of another version would be taken.
    library = base.library.resolve() if base.library is not None else None
    for path in (base.executable, base.stdlib, library):
        if path is not None and not str(path).startswith(_SHOWN):
            yield policy.Mount(path, str(path))
    for link in _interpreter_links(python, base.executable):
        yield policy.Mount(base.executable, str(link))


def merged_folders() -> Iterator[str]:
    """Return bubblewrap's arguments that repeat the system's links, such as ``/lib``."""
    for merged in policy.MERGED_FOLDERS:
        if Path(merged).is_symlink():
            yield from ("--symlink", str(Path(merged).readlink()), merged)


def parents_of(mounts: Iterable[policy.Mount]) -> Iterator[str]:
    """Return the arguments that make the folders above; bubblewrap's own would be closed to all."""
    folders = {str(parent) for each in mounts for parent in Path(each.target).parents}
    for folder in sorted(folders):
        yield from ("--dir", folder)


def _interpreter_links(python: Path, executable: Path) -> Iterator[Path]:
    """Return the names outside the environment that its interpreter's link goes through."""
    path = python
    while path.is_symlink():
        path = path.parent / path.readlink()
        inside = path.parent == python.parent
        if not inside and path != executable and not str(path).startswith("/usr/bin/"):
            yield path
