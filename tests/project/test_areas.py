"""Every test has an area, every area a budget, and all budgets fit into the time of `make test`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.areas import AreaTimes, area_of, budgets

ROOT = Path(__file__).parents[2]
WORKERS = 2
MINUTES = 20


def test_every_folder_of_tests_has_a_budget_of_its_own_or_of_the_folder_around_it() -> None:
    """A new folder directly below `tests` cannot be forgotten; budgets of gone folders go too."""
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    named = {Path(name) for name in budgets()}

    assert {Path(*folder.parts[:2]) for folder in folders} <= named
    assert [name for name in named if not any(each.is_relative_to(name) for each in folders)] == []


def test_budgets_fit_into_the_time_of_all_tests() -> None:
    """Who raises one budget lowers another, or samples sweeps."""
    assert sum(budgets().values()) <= WORKERS * MINUTES * 60


@pytest.mark.parametrize(
    ("test", "area"),
    [
        ("tests/web/test_csrf.py::test_x[a/b.py::c]", "tests/web"),
        ("tests/web/services/grading/test_marks.py::test_x", "tests/web/services"),
        ("elsewhere/test_a.py::test_x", None),
    ],
)
def test_area_of_a_test(test: str, area: str | None) -> None:
    """The innermost folder counts; a case may be called as it likes."""
    assert area_of(test, {"tests/web": 1, "tests/web/services": 2}) == area


class Terminal:
    """Keeps what would be printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(title)

    def line(self, text: str) -> None:
        self.lines.append(" ".join(text.split()))


def test_the_table_tells_what_is_over_its_budget() -> None:
    """Each area with tests has a row, beside its budget; then comes the sum."""
    times, terminal = AreaTimes({"tests/a": 10, "tests/b": 2, "tests/c": 3}), Terminal()
    for test, seconds in (("tests/a/t.py::x", 4.0), ("tests/b/t.py::y", 2.5)):
        report = pytest.TestReport(test, ("", 0, ""), {}, "passed", None, "call", duration=seconds)
        times.pytest_runtest_logreport(report)

    times.pytest_terminal_summary(terminal)  # type: ignore[arg-type]

    assert terminal.lines[1:] == [
        "tests/a 4.0 of 10",
        "tests/b 2.5 of 2 over its budget",
        "all 6.5 of 15",
    ]
