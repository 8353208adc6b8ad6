"""The gate in the terminal: a table that fills while it runs, then each fault on its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from autograder.closeable import Closeable
from autograder.validate.columns import COLUMNS, verdict
from autograder.validate.results import AssignmentValidation, Fault, Trial

_STYLES: Final = {"valid": "green", "fails": "bold red", "…": "dim"}
_REDRAWS_PER_SECOND: Final = 4


class Board(Closeable):
    """
    Shows the table while assignments are validated.

    Args:
        console: Where it is shown; only a terminal sees it fill.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._results: dict[str, AssignmentValidation] = {}
        self._live = Live(
            console=console,
            refresh_per_second=_REDRAWS_PER_SECOND,
            get_renderable=self._table,
            transient=True,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def close(self) -> None:
        """Stop showing the table."""
        self._live.stop()

    def listen(self, assignment: AssignmentValidation, trial: Trial | None) -> None:
        """Take note of news; called from several threads."""
        with self._lock:
            self._results[assignment.assignment] = assignment
        if trial is None and not self._console.is_terminal:
            state = verdict(assignment) if assignment.done else "begins"
            self._console.print(f"{assignment.assignment}: {state}")

    def _table(self) -> Table:
        with self._lock:
            return table(list(self._results.values()))


def print_results(console: Console, results: Sequence[AssignmentValidation]) -> None:
    """Print the finished table, then remarks and faults, one by one."""
    console.print(table(results))
    for label, style, lines in (
        ("remark", "yellow", list(_remarks(results))),
        ("fault", "bold red", list(_faults(results))),
    ):
        for line in lines:
            console.print(f"[{style}]{label}[/] {line}", soft_wrap=True, highlight=False)


def table(results: Iterable[AssignmentValidation]) -> Table:
    """Return the table of what was tried so far."""
    view = Table(header_style="bold", box=None, padding=(0, 1))
    view.add_column("assignment", no_wrap=True)
    for title in COLUMNS:
        view.add_column(title, justify="left" if title == "verdict" else "right")
    for result in results:
        cells = [column(result) for column in COLUMNS.values()]
        style = _STYLES[cells[-1]]
        view.add_row(result.assignment, *cells[:-1], f"[{style}]{cells[-1]}[/]")
    return view


def _faults(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    for result in results:
        for trial in result.trials:
            yield from (_line(trial, fault) for fault in trial.faults)


def _remarks(results: Iterable[AssignmentValidation]) -> Iterator[str]:
    for result in results:
        for trial in result.trials:
            yield from (_line(trial, remark) for remark in trial.remarks)


def _line(trial: Trial, fault: Fault) -> str:
    named = fault.question or trial.question
    question = f" {named}" if named else ""
    place = f"  [dim]{escape(fault.place)}[/]" if fault.place else ""
    return f"{escape(trial.assignment)}{question}: {escape(fault.reason)}{place}"
