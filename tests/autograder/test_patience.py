"""Limits on time stretch with the machine's load, and end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder import patience
from autograder.patience import EARLY_SECONDS, MAX_STARVED, MORE_SECONDS, Allowance, Usage

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


class Kernel:
    """What a kernel has had, by a clock that stands still until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, told: bool = True) -> None:
        self.now = 100.0
        self.cpu = 0.0
        self.starved: float | None = 0.0 if told else None
        self.answers = True
        self._last: Usage | None = None
        monkeypatch.setattr("autograder.patience.time.monotonic", lambda: self.now)
        monkeypatch.setattr(patience, "stretch", lambda: 2.0)

    def goes_on(self, seconds: float, *, cpu: float = 0.0, starved: float = 0.0) -> None:
        """Let time pass, of which the kernel computes or waits for a processor."""
        self.now += seconds
        self.cpu += cpu
        if self.starved is not None:
            self.starved += starved

    def usage(self) -> Usage | None:
        """Return what it has had, or the last answer."""
        if self.answers:
            self._last = Usage(self.now, self.cpu, self.starved)
        return self._last


def begun(kernel: Kernel, seconds: float = 1.0) -> Allowance:
    """Return an allowance whose first look has been taken."""
    allowance = Allowance(seconds, kernel.usage)
    kernel.goes_on(EARLY_SECONDS)
    assert not allowance.is_over()
    return allowance


def test_the_machine_is_looked_at_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking takes longer than most tests do, so it is for those that have had their time."""
    looked: list[float] = []

    def stretch() -> float:
        looked.append(3.0)
        return 3.0

    monkeypatch.setattr(patience, "stretch", stretch)

    assert not patience.is_over(0.9, 1.0)
    assert looked == []
    assert not patience.is_over(2.9, 1.0)
    assert patience.is_over(3.1, 1.0)
    assert len(looked) == 2


def test_who_sleeps_has_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that waits for nothing is judged by the clock, from the first look on."""
    kernel = Kernel(monkeypatch)
    allowance = begun(kernel)
    kernel.goes_on(0.9)
    assert not allowance.is_over()
    kernel.goes_on(MORE_SECONDS)
    assert allowance.is_over()


def test_who_is_starved_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others had is not counted, however much it is, up to a bound."""
    kernel = Kernel(monkeypatch)
    allowance = begun(kernel)
    kernel.goes_on(20, cpu=0.9, starved=19.1)
    assert not allowance.is_over()
    assert allowance.used() == pytest.approx(EARLY_SECONDS + 0.9)
    kernel.goes_on(0.1 + MORE_SECONDS, cpu=0.1)
    assert allowance.is_over()

    allowance = begun(kernel)
    kernel.goes_on(MAX_STARVED, starved=MAX_STARVED)
    assert allowance.is_over()


def test_who_computes_in_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU time counts, though the processes keep each other waiting."""
    kernel = Kernel(monkeypatch)
    allowance = begun(kernel)
    kernel.goes_on(1.0, cpu=1.9, starved=1.0)
    assert allowance.is_over()


def test_an_answer_from_a_while_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guardian that is late itself does not end a cell that was starved meanwhile."""
    kernel = Kernel(monkeypatch)
    allowance = begun(kernel)
    kernel.answers = False
    kernel.goes_on(5.0, cpu=0.5, starved=4.5)
    assert not allowance.is_over()
    kernel.answers = True
    kernel.goes_on(MORE_SECONDS)
    assert not allowance.is_over()


@pytest.mark.parametrize("answers", [True, False])
def test_where_nothing_is_told(monkeypatch: pytest.MonkeyPatch, *, answers: bool) -> None:
    """The machine's load stretches the clock."""
    kernel = Kernel(monkeypatch, told=False)
    kernel.answers = answers
    allowance = begun(kernel)
    kernel.goes_on(1.5)
    assert not allowance.is_over()
    assert allowance.used() == pytest.approx((1.5 + EARLY_SECONDS) / 2)
    kernel.goes_on(0.5)
    assert allowance.is_over()
