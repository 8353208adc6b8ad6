"""Files that kernels share are in memory, so that there is nothing to choose and to find out."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

import pytest

from autograder.sandbox import residency
from autograder.sandbox.fork_server import ForkServer
from tests.autograder.sandbox.processes import children_of

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FILE_BYTES = 2**22
HUGE_BYTES = 2**26
"""More than Linux reads at a time, on any device."""
WAIT_SECONDS = 60.0


@pytest.fixture
def folder() -> Path:
    """Return a folder on a disk with three files in it, no page of which is in memory."""
    kept = Path(__file__).parent / "__pycache__" / "residency"
    (kept / "below").mkdir(parents=True, exist_ok=True)
    sizes = {"large": FILE_BYTES, "huge": HUGE_BYTES, "below/small": 5000}
    for name, size in sizes.items():
        (kept / name).write_bytes(os.urandom(size))
        _evict(kept / name)
    if _missing_pages(kept / "large") == 0:
        pytest.skip("this folder's file system keeps everything in memory")
    return kept


def _evict(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def _missing_pages(path: Path) -> int:
    """Count by asking: whoever tries to read, without waiting even, makes Linux read ahead."""
    size = path.stat().st_size
    pages = (ctypes.c_ubyte * -(-size // PAGE_BYTES))()
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    address = ctypes.c_void_p(residency._map(libc, descriptor, size))
    os.close(descriptor)
    assert libc.mincore(address, ctypes.c_size_t(size), pages) == 0
    assert libc.munmap(address, ctypes.c_size_t(size)) == 0
    return sum(not page & 1 for page in pages)


def _settles(path: Path) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while _missing_pages(path) > 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_every_page_is_read(folder: Path) -> None:
    """Large files and small ones, in folders below, and nothing that a link leads to."""
    (folder / "link").unlink(missing_ok=True)
    (folder / "link").symlink_to("/proc/kcore")
    assert residency.read_into_memory([str(folder)]) == FILE_BYTES + HUGE_BYTES + 5000
    assert _settles(folder / "large")
    assert _settles(folder / "huge")
    assert _settles(folder / "below" / "small")


def test_locked_files_stay(folder: Path) -> None:
    """What is locked cannot be taken out of memory, not even by who may try."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            locked = residency.lock_large_files([str(folder / "large")])
            _evict(folder / "large")
            held = _missing_pages(folder / "large") == 0
            status = 0 if (locked, held) == (FILE_BYTES, True) else 1
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_fork_server_has_a_file_reader(fork_server: ForkServer) -> None:
    """A process beside the sandbox, as the sandbox's user."""
    owner = fork_server._process.pid
    readers = [
        pid
        for pid in children_of(owner)
        if b"launcher" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(readers) == 1
    assert Path(f"/proc/{readers[0]}").stat().st_uid == Path(f"/proc/{owner}").stat().st_uid


def test_the_first_reading_waits_for_nobody(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the lowest priority it would take as long as others keep the processors busy."""
    read, policies = residency.read_into_memory, tmp_path / "policies"

    def noted(sources: list[str]) -> int:
        with policies.open("a") as file:
            file.write(f"{os.sched_getscheduler(0)}\n")
        return read(sources)

    monkeypatch.setattr(residency, "read_into_memory", noted)
    monkeypatch.setattr(residency, "SECONDS_BETWEEN_LOOKS", 0.05)
    before = children_of(os.getpid())
    residency.fork_file_reader([str(folder)], may_lock=False)
    [reader] = set(children_of(os.getpid())) - set(before)
    try:
        assert _settles(folder / "large")
        deadline = time.monotonic() + WAIT_SECONDS
        while not policies.exists() or len(policies.read_text().split()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)
    first, *later = map(int, policies.read_text().split())
    assert first == os.SCHED_OTHER
    assert set(later) == {os.SCHED_IDLE}
