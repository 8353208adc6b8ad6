"""A grader that is killed leaves no process behind, and its folders go with the next grader's."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from autograder.sandbox import host_folder
from autograder.sandbox.host_folder import PLACE, PREFIX, HostFolder
from tests.autograder.sandbox.processes import descendants_of, parents

GRADER = """
import time
from autograder.assignment import find_assignment, load_assignment
from autograder.grade import Grader
with Grader(spares=1) as grader:
    grader.prepare(load_assignment(find_assignment("xor")))
    print("ready", flush=True)
    time.sleep(600)
"""


def folders() -> set[Path]:
    """The folders of all sandboxes of this machine."""
    return set(PLACE.glob(f"{PREFIX}*"))


def is_locked(folder: Path) -> bool:
    """Whether a process that lives holds a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def test_what_a_killed_grader_leaves() -> None:
    """Fork server, kernels and examiner end with it; two folders wait for the next grader."""
    before = folders()
    with subprocess.Popen([sys.executable, "-c", GRADER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        family = descendants_of(process.pid)
        made = folders() - before
        process.send_signal(signal.SIGKILL)
    assert len(made) >= 2
    deadline = time.monotonic() + 20
    while family & parents().keys():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    host_folder.remove_abandoned()

    assert not [folder for folder in made if folder.exists() and not is_locked(folder)]


def test_a_folder_in_use_stays() -> None:
    """Whoever makes another one leaves it alone; its own end removes it."""
    with HostFolder(os.getegid()) as first, HostFolder(os.getegid()) as second:
        assert first.path.is_dir()
        assert is_locked(first.path)
        assert first.path != second.path

    assert not first.path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Anybody may put one into that place."""
    (tmp_path / "kept").touch()
    link = PLACE / f"{PREFIX}link-{os.getpid()}"
    link.symlink_to(tmp_path)
    try:
        host_folder.remove_abandoned()
        assert (tmp_path / "kept").exists()
    finally:
        link.unlink()
