"""Copies of staff's folders: what they hold themselves, and nothing that they point to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.errors import AssignmentError
from autograder.sandbox import staff_code
from autograder.sandbox.plain_files import copy_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a folder with what is copied and what is not."""
    for name in ("a.txt", "data/deep/b.txt", ".git/config", "data/.hidden", "__pycache__/a.pyc"):
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret").write_text("the portal's secret")
    return tmp_path / "source"


def test_files_are_copied(source: Path, tmp_path: Path) -> None:
    """But for hidden ones and compiled modules."""
    copy_folder(source, tmp_path / "copy")
    copied = {path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy").rglob("*.*")}
    assert copied == {Path("a.txt"), Path("data/deep/b.txt")}
    assert (tmp_path / "copy" / "data" / "deep" / "b.txt").read_text() == "data/deep/b.txt"


@pytest.mark.parametrize("target", ["secret", "."])
def test_links_are_not_followed(source: Path, tmp_path: Path, target: str) -> None:
    """One that came after the folder was checked ends the copy."""
    (source / "data" / "leak").symlink_to(tmp_path / target)
    with pytest.raises(AssignmentError, match="data/leak: is a symbolic link"):
        copy_folder(source, tmp_path / "copy")
    assert not (tmp_path / "copy" / "data" / "leak").exists()


def test_pipes_are_not_waited_for(source: Path, tmp_path: Path) -> None:
    """A pipe ends the copy, too."""
    os.mkfifo(source / "pipe")
    with pytest.raises(AssignmentError, match="pipe: is no ordinary file"):
        copy_folder(source, tmp_path / "copy")


def test_roots_copy_for_the_sandbox_follows_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root can read every file, and the copy is for a user who cannot."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (source / "leak").symlink_to(tmp_path / "secret")
    with pytest.raises(AssignmentError, match="leak: is a symbolic link"):
        staff_code.shown_assignment(source, tmp_path)
