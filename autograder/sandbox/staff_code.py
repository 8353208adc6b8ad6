"""
The sandbox that staff's tests run in: they see their assignment, our program and no more.

An assignment may come from somebody who may write tests and may not read the portal's database, its
secret or what students have submitted. So an examiner gets bubblewrap's namespaces, a user of its
own where root starts it, no network, and the same filter of system calls as a kernel. Beside the
files below there is its own scratch, in memory; and the sockets that the grader hands it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import autograder
from autograder.sandbox import policy
from autograder.sandbox.bubblewrap import program
from autograder.sandbox.host_folder import HostFolder
from autograder.sandbox.launching import Launched, coverage_settings
from autograder.sandbox.mounts import (
    interpreter_mounts,
    merged_folders,
    parents_of,
    system_mounts,
)
from autograder.sandbox.plain_files import copy_folder
from autograder.sandbox.runtime.layout import UID
from autograder.sandbox.seccomp import compiled_filter
from autograder.sandbox.users import UserLease

SCRATCH_BYTES: Final = 2**30
SHARED_BYTES: Final = 2**26
_ROOT: Final = Path(autograder.__file__).parent.parent
# What of the project tests may import, where it is not installed among other packages.
_PACKAGES: Final = ("autograder", "reference")
_FOLDERS_OF_PACKAGES: Final = ("site-packages", "dist-packages")
_SCRATCH: Final = "/tmp"  # noqa: S108  # its own
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "HOME": _SCRATCH,
    "TMPDIR": _SCRATCH,
    "USER": "examiner",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONPATH": str(_ROOT),
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    # One thread: several submissions are graded side by side.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
_COVERAGE_FILE: Final = "COVERAGE_FILE"


def shown_assignment(assignment: Path, folder: Path) -> Path:
    """
    Return where the sandbox can read an assignment; for root's, whose user may not, a copy.

    Args:
        assignment: Its folder.
        folder: The host's folder for the sandbox.

    Raises:
        AssignmentError: If it holds anything but files and folders.
    """
    if os.geteuid() != 0:
        return assignment
    copy = folder / "assignment"
    copy_folder(assignment, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def plan(
    command: Sequence[str], shown: Mapping[Path, Path], folder: Path, filter_file: IO[bytes]
) -> dict[str, Any]:
    """
    Plan the sandbox of a program of staff's.

    Args:
        command: Arguments of the interpreter.
        shown: What it reads of the host's, by the place where it finds it.
        folder: The host's folder for it, with an empty folder ``stage``.
        filter_file: Gets the filter of system calls; the sandbox inherits it.

    Returns:
        The arguments of `launcher.main`.

    Raises:
        SandboxError: If bubblewrap or libseccomp is missing.
    """
    filter_file.write(compiled_filter())
    filter_file.seek(0)
    mounts = [*_program_mounts(), *(policy.Mount(shown[at], str(at)) for at in shown)]
    coverage = os.environ.get(_COVERAGE_FILE)
    if coverage is not None:
        mounts.append(policy.Mount(Path(coverage).parent, str(Path(coverage).parent)))
    before = ["--unshare-all", "--uid", str(UID), "--gid", str(UID), "--hostname", "examiner"]
    before += ["--die-with-parent", "--new-session", "--clearenv"]
    for name, value in {**_ENVIRONMENT, **coverage_settings()}.items():
        before += ["--setenv", name, value]
    before += [*merged_folders(), "--size", str(SCRATCH_BYTES), "--tmpfs", _SCRATCH]
    before += parents_of(mounts)
    if coverage is not None:
        # It refuses to measure where a folder is missing that it has been told of.
        before += ["--dir", str(_ROOT / "web")]
    after = ["--proc", "/proc", "--dev", "/dev"]
    after += ["--size", str(SHARED_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108  # its own
    after += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", _SCRATCH]
    after += ["--seccomp", str(filter_file.fileno()), "--", sys.executable, *command]
    return {
        "bwrap": program(),
        "staging": str(folder / "stage"),
        "user": folder.stat().st_gid,
        "kernel_users": None,
        "before": before,
        "binds": [(str(mount.source), mount.target) for mount in mounts],
        "kept": [],
        "writable": [len(mounts) - 1] if coverage is not None else [],
        "after": after,
    }


class _Folder(HostFolder):
    """A folder, and the user that its group is named after, if root makes it."""

    def __init__(self) -> None:
        users = policy.ROOT_EXAMINER_USERS
        self._lease = UserLease(users) if os.geteuid() == 0 else None
        super().__init__(users.first + self._lease.number if self._lease else os.getegid())

    def close(self) -> None:
        super().close()
        if self._lease is not None:
            self._lease.close()


def make_folder() -> HostFolder:
    """Make the host's folder for one sandbox, which the sandbox's user passes through."""
    folder = _Folder()
    (folder.path / "stage").mkdir()
    (folder.path / "stage").chmod(0o755)
    return folder


def run(command: Sequence[str], assignment: Path, seconds: float, most_bytes: int) -> bytes:
    """
    Run a program that sees an assignment, to its end; nothing of it goes on afterwards.

    Args:
        command: Arguments of the interpreter.
        assignment: The assignment's folder, by its full path.
        seconds: How long it may take.
        most_bytes: How much is read of what it prints.

    Returns:
        What it printed, errors too.

    Raises:
        AssignmentError: If there is anything but files and folders in the assignment's folder.
        SandboxError: If there can be no sandbox.
        TimeoutError: If it takes longer.
    """
    with started(command, assignment) as (launched, output):
        try:
            launched.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"it took more than {seconds:g} s") from None
        launched.kill()
        output.seek(0)
        return output.read(most_bytes)


@contextmanager
def started(command: Sequence[str], assignment: Path) -> Iterator[tuple[Launched, IO[bytes]]]:
    """
    Start a program that sees an assignment; it ends with the block.

    Args:
        command: Arguments of the interpreter.
        assignment: The assignment's folder, by its full path.

    Yields:
        The process, and the file that it prints to.

    Raises:
        AssignmentError: If there is anything but files and folders in the assignment's folder.
        SandboxError: If there can be no sandbox.
    """
    with (
        make_folder() as folder,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as filter_file,
    ):
        shown = {assignment: shown_assignment(assignment, folder.path)}
        planned = plan(command, shown, folder.path, filter_file)
        launched = Launched(planned, [filter_file.fileno()], name="staff-code", output=output)
        try:
            yield launched, output
        finally:
            launched.end()


def _program_mounts() -> Iterator[policy.Mount]:
    yield from system_mounts()
    yield from interpreter_mounts(Path(sys.executable))
    packages = [Path(sys.prefix)] if sys.prefix != sys.base_prefix else []
    # Among them those that a `.pth` file adds; not, as the path's others, whole checkouts.
    packages += (path for path in map(Path, sys.path) if path.name in _FOLDERS_OF_PACKAGES)
    packages += [_ROOT / name for name in _PACKAGES]
    shown: list[Path] = []
    for path in packages:
        if path.is_dir() and not any(path.is_relative_to(other) for other in shown):
            shown.append(path)
            yield policy.Mount(path, str(path))
