"""The copy in memory of the files that kernels share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.environments import load_environment
from autograder.errors import SandboxError
from autograder.sandbox import bubblewrap, shared_files
from autograder.sandbox.policy import Mount


@pytest.fixture
def mounts(tmp_path: Path) -> list[Mount]:
    """Return mounts of a folder, of a file and of what is a fork server's own."""
    (tmp_path / "libraries" / "below").mkdir(parents=True)
    (tmp_path / "libraries" / "below" / "module.py").write_text("answer = 42")
    (tmp_path / "libraries" / "link").symlink_to("below/module.py")
    (tmp_path / "cache").write_text("x")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "runtime").mkdir()
    return [
        Mount(tmp_path / "libraries", "/opt/environment"),
        Mount(tmp_path / "cache", "/etc/cache"),
        Mount(tmp_path / "own" / "runtime", "/opt/autograder"),
    ]


def test_sources_are_copies(mounts: list[Mount], tmp_path: Path) -> None:
    """Places stay; folders and files come from the copy, a fork server's own from where it is."""
    copies = tmp_path / "copies"
    made = shared_files.copied(mounts, copies, tmp_path / "own")
    assert [each.target for each in made] == [each.target for each in mounts]
    assert made[2] == mounts[2]
    assert (made[0].source / "below" / "module.py").read_text() == "answer = 42"
    assert (made[0].source / "link").readlink() == Path("below/module.py")
    assert made[1].source.read_text() == "x"
    assert all(each.source.parent == copies for each in made[:2])


def test_copies_are_made_once(mounts: list[Mount], tmp_path: Path) -> None:
    """Another fork server takes what is there, until something has been installed."""
    copies, own = tmp_path / "copies", tmp_path / "own"
    first = shared_files.copied(mounts, copies, own)
    marker = first[0].source / "below" / "module.py"
    marker.write_text("from the copy")
    assert shared_files.copied(mounts, copies, own) == first
    (tmp_path / "libraries" / "below" / "new.py").touch()
    again = shared_files.copied(mounts, copies, own)
    assert again[0] != first[0]
    assert (again[0].source / "below" / "new.py").exists()
    assert not list(copies.glob("*.unfinished"))


def test_what_cannot_be_copied_is_named(mounts: list[Mount], tmp_path: Path) -> None:
    """The operator reads which folder, and why."""
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match=r"libraries could not be copied to .*file"):
        shared_files.copied(mounts, tmp_path / "file", tmp_path / "own")


def test_the_setting_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, the plan of the sandbox binds copies alone."""
    monkeypatch.setenv(shared_files.SETTING, str(tmp_path / "copies"))
    monkeypatch.setattr(shared_files, "_copy_of", lambda source, copies: copies / source.name)
    planned = bubblewrap.plan(load_environment("numpy"), tmp_path / "own", 7)
    allowed = (str(tmp_path / "copies"), str(tmp_path / "own"))
    assert all(source.startswith(allowed) for source, _ in planned["binds"])


def test_memory_is_told_from_disks() -> None:
    """A tmpfs is memory; the folder of the tests is where the project is."""
    assert shared_files.in_memory(Path("/dev/shm"))
    kinds = Path("/proc/self/mounts").read_text()
    if f" {Path('/').resolve()} tmpfs " not in kinds:
        assert not shared_files.in_memory(Path(os.sep))
