"""
Compare how long this version and another one of this grader take for the same notebook, both warm.

    python -m benchmarks.versions CHECKOUT [--rounds N]

The other is a checkout that has been set up (`make setup`). In each round both grade, now this one
first and now the other; what counts is the median of the ratios, so a busy machine hits both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from autograder.assignment import load_assignment
from autograder.assignment.build import build_solution
from benchmarks.graders import ROOT, SPARE_KERNEL_SECONDS, Conversation, environment

ASSIGNMENTS: Final = ("small_numpy", "small_tensorflow")
ROUNDS: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.versions", description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("warm", "other", "this", "median of ratios", "middle half"):
        table.add_column(title, justify="left" if title == "warm" else "right")
    load = os.getloadavg()[0]
    for name in ASSIGNMENTS:
        others, ours = _measured(name, options.checkout.resolve(), options.rounds)
        ratios = [mine / other for other, mine in zip(others, ours, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        seconds = (f"{statistics.median(each):.3f} s" for each in (others, ours))
        table.add_row(name, *seconds, f"{middle:.3f}", f"{low:.2f} to {high:.2f}")
    console = Console()
    console.print(table)
    console.print(f"{options.rounds} rounds; load average before: {load:.2f}")
    return 0


def _measured(name: str, checkout: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of the other version and of this one, in each round."""
    taken: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory(prefix="bench-versions-") as folder:
        job = Path(folder) / f"{name}.ipynb"
        job.write_text(build_solution(load_assignment(_folder(ROOT, name))).text)
        folders = [_folder(root, name) for root in (checkout, ROOT)]
        with ExitStack() as stack:
            workers = [stack.enter_context(_worker(each, Path(folder))) for each in folders]
            for number in range(-1, rounds):  # the first is the warm-up
                for index in (0, 1) if number % 2 else (1, 0):
                    seconds = _seconds(workers[index], folders[index], job)
                    if number >= 0:
                        taken[index].append(seconds)
    return taken


def _folder(root: Path, name: str) -> Path:
    return root / "benchmarks" / "assignments" / name


def _worker(assignment: Path, home: Path) -> Conversation:
    root = assignment.parents[2]
    command = [root / ".venv" / "bin" / "python", "-m", "benchmarks.worker", assignment]
    return Conversation(command, environment(root / ".venv", home), root)


def _seconds(worker: Conversation, assignment: Path, notebook: Path) -> float:
    answer = worker.ask(json.dumps({"assignment": str(assignment), "notebook": str(notebook)}))
    score, most = answer["score"]
    if score != most:
        sys.exit(f"{assignment}: {score} of {most} points for the solution")
    time.sleep(SPARE_KERNEL_SECONDS)
    return float(answer["wall_seconds"])


if __name__ == "__main__":
    sys.exit(main())
