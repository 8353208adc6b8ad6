"""How long each area of the tests took, beside what it may take: `budgets.toml`."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

FILE: Final = Path(__file__).with_name("budgets.toml")


def budgets() -> dict[str, float]:
    """Return the seconds that each area may take."""
    seconds: dict[str, float] = tomllib.loads(FILE.read_text(encoding="utf-8"))["seconds"]
    return seconds


def area_of(test: str, areas: dict[str, float]) -> str | None:
    """Return the area of a test: the innermost folder of the list that holds it."""
    folders = PurePosixPath(test.partition("::")[0]).parents
    return next((name for folder in folders if (name := str(folder)) in areas), None)


class AreaTimes:
    """
    A plugin of pytest's that adds up the seconds of tests and prints them at the end.

    Args:
        areas: The seconds that each area may take.
    """

    def __init__(self, areas: dict[str, float]) -> None:
        self._areas = areas
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test's setup, call or teardown; xdist sends those of its workers here."""
        area = area_of(report.nodeid, self._areas)
        if area is not None:
            self._seconds[area] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table; what is over its budget is told, never failed."""
        if len(self._seconds) <= 1:
            return
        terminalreporter.section("seconds of each area, beside its budget")
        for area, budget in self._areas.items():
            if seconds := self._seconds.get(area):
                over = "  over its budget" if seconds > budget else ""
                terminalreporter.line(f"{area:32}{seconds:8.1f} of{budget:5.0f}{over}")
        seconds, budget = sum(self._seconds.values()), sum(self._areas.values())
        terminalreporter.line(f"{'all':32}{seconds:8.1f} of{budget:5.0f}")
