"""Limits on time stretch with the machine's load, and end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder import patience

CORES = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("running", "times"), [(0, 1.0), (1, 1.0), (CORES, 1.0), (4 * CORES, 4.0), (10**6, 10.0)]
)
def test_stretch(
    running: int, times: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is as many times longer as tasks share each core now, at most ten times."""
    file = tmp_path / "loadavg"
    file.write_text(f"55.0 5.0 5.0 {running}/999 12345\n")
    monkeypatch.setattr(patience, "_LOAD", file)

    assert patience.stretch() == pytest.approx(times)


@pytest.mark.parametrize("content", ["", "a b c d e", "1.0 1.0 1.0 x/y 1"])
def test_a_machine_that_says_nothing_of_its_load(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then limits are what they say."""
    file = tmp_path / "loadavg"
    file.write_text(content)
    monkeypatch.setattr(patience, "_LOAD", file)

    assert patience.stretch() == 1.0
    monkeypatch.setattr(patience, "_LOAD", tmp_path / "nothing")
    assert patience.stretch() == 1.0
