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
    """A plugin of pytest's that adds up the seconds of tests and prints them at the end."""

    def __init__(self) -> None:
        self._budgets = budgets()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test's setup, call or teardown; xdist sends those of its workers here."""
        area = area_of(report.nodeid, self._budgets)
        if area is not None:
            self._seconds[area] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table; what is over its budget is told, never failed."""
        if len(self._seconds) < 2:  # noqa: PLR2004
            return
        terminalreporter.section("seconds by area, of setup, call and teardown")
        for area, budget in self._budgets.items():
            if seconds := self._seconds.get(area):
                over = "  over its budget" if seconds > budget else ""
                terminalreporter.line(f"{area:34} {seconds:7.1f} of {budget:5.0f}{over}")
        total, planned = sum(self._seconds.values()), sum(self._budgets.values())
        terminalreporter.line(f"{'all':34} {total:7.1f} of {planned:5.0f}")
