"""``autograder doctor``: try every layer of the sandbox on this machine and print what holds."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.doctor.layers import SANDBOX_ITSELF, try_layers
from autograder.doctor.libraries import try_environments
from autograder.doctor.parts import installed_parts
from autograder.doctor.result import LayerResult
from autograder.doctor.staff_code import try_staff_code

WIDTH: Final = 80
_MARKS: Final = {True: ("✔", "green"), False: ("✘", "bold red"), None: ("–", "dim")}  # noqa: RUF001


def run_doctor(console: Console | None = None) -> int:
    """
    Try every layer and print what came of it: what it is, whether it holds and, if not, advice.

    Args:
        console: Where to print.

    Returns:
        0 if grading is as safe as the design says, else 1.
    """
    shown = console or Console(highlight=False)
    console = Console(file=shown.file, width=min(shown.width, WIDTH), highlight=False)
    console.print(f"\n[bold]The sandbox on this machine[/]  [dim]{_machine()}[/]\n")
    results = _print_section(console, "Parts", installed_parts())
    tried = _print_section(console, "Tried from inside", try_layers())
    built = all(result.layer != SANDBOX_ITSELF for result in tried)
    results += tried
    results += _print_section(console, "The sandbox of an assignment's tests", try_staff_code())
    results += _print_section(console, "Libraries", try_environments(sandbox_built=built))
    broken = [result.layer for result in results if result.holds is False and result.tried]
    untried = [result.layer for result in results if not result.tried]
    if untried:
        console.print(Text(f"Could not be tried: {', '.join(untried)}.", style="bold red"))
        console.print("Run it again when the machine has less to do.\n")
    if broken:
        console.print(Text(f"Not safe to grade with: {', '.join(broken)}.", style="bold red"))
        console.print("Nothing is graded where the sandbox cannot be built.\n")
    if broken or untried:
        return 1
    console.print(Text("Grading is as safe here as it is meant to be.", style="bold green"))
    for result in results:
        if result.holds is None and result.advice:
            console.print(f"Still open, {result.layer}: {result.advice}.")
    console.print()
    return 0


def _print_section(
    console: Console, title: str, results: Iterable[LayerResult]
) -> list[LayerResult]:
    """Print each result as soon as it is there, and return all."""
    console.print(Text(title, style="bold"))
    printed = []
    for result in results:
        _print_result(console, result)
        printed.append(result)
    console.print()
    return printed


def _print_result(console: Console, result: LayerResult) -> None:
    mark, style = _MARKS[result.holds]
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=21)
    row.add_column()
    row.add_row(Text(mark, style=style), result.layer, Text(result.detail, style="dim"))
    console.print(Padding(row, (0, 0, 0, 2)))
    if not result.holds and result.advice:
        console.print(Padding(Text(f"→ {result.advice}", style="yellow"), (0, 0, 0, 4)))


def _machine() -> str:
    return f"Linux {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}"
