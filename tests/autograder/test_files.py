"""Files are written as a whole, or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from autograder.files import whole_file, write_file


def test_readers_see_the_old_content_until_the_new_one_is_complete(tmp_path: Path) -> None:
    """Nothing of the new content is visible under the name while it is being written."""
    target = tmp_path / "a.txt"
    write_file(target, b"old")

    with whole_file(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"

    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_leaves_the_old_content_and_no_remains(tmp_path: Path) -> None:
    """Whatever goes wrong on the way, the folder is as it was."""
    target = tmp_path / "a.txt"
    write_file(target, b"old")

    with pytest.raises(KeyboardInterrupt):
        write_half(target)

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def write_half(target: Path) -> None:
    """Be interrupted while writing."""
    with whole_file(target) as file:
        file.write(b"half of the n")
        raise KeyboardInterrupt


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Submissions, secrets and backups are written by it."""
    write_file(tmp_path / "a.txt", b"")

    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o600
