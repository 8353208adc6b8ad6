"""
Compare this grader with otter-grader and nbgrader, on one machine and in one run.

A NumPy and a TensorFlow notebook, with the same cells and the same checks for everybody, are
graded in turn by all, in every round in another order, and bare cells are run for comparison. Each
grader first gets a notebook with a mistake, as its warm-up and as the proof that it looks; then all
get full marks, or the run fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from autograder.assignment import Assignment, load_assignment
from autograder.assignment.build import build_solution
from benchmarks.graders import (
    ROOT,
    AutograderCommand,
    BareCells,
    GraderUnderTest,
    NbgraderAutograde,
    OtterRun,
    Score,
    Submission,
    WarmGrader,
    start_bare,
    start_worker,
)
from benchmarks.measure import CommandError, Taken, adopt_orphans
from benchmarks.results import CLASS, Results, Way, print_results

OURS, OTTER, NBGRADER = ROOT / ".venv", ROOT / ".venv-otter", ROOT / ".venv-nbgrader"
ASSIGNMENTS: Final = ("small_numpy", "small_tensorflow")
MISTAKES: Final = {
    "small_numpy": ("ddof=1", "ddof=0"),
    "small_tensorflow": ("[:, 0] > 0.5", "[:, 0] < 0.5"),
}
ROUNDS: Final = 5
CLASS_SIZE: Final = 20


@dataclass(frozen=True)
class Contest:
    """
    All ways to grade one assignment.

    Args:
        assignment: What is graded.
        ways: The graders, by name.
        right: A class's notebooks, all right.
        wrong: Two notebooks with a mistake.
    """

    assignment: Assignment
    ways: dict[Way, GraderUnderTest]
    right: tuple[Submission, ...]
    wrong: tuple[Submission, ...]

    def warm_up(self, way: Way) -> None:
        """Let a grader grade what is wrong; it must see that."""
        submissions = self.wrong if way in CLASS else self.wrong[:1]
        _, scores = self.ways[way].grade(submissions)
        for score, most in scores:
            if not 0 < score < most:
                raise CommandError(f"{way}: {score} of {most} points for a notebook with a mistake")

    def take(self, way: Way, number: int) -> Taken:
        """Let a grader grade what is right, in one round."""
        submissions = self.right if way in CLASS else [self.right[number % len(self.right)]]
        taken, scores = self.ways[way].grade(submissions)
        self._require_full_marks(way, scores, len(submissions))
        return taken

    def _require_full_marks(self, way: Way, scores: Sequence[Score], expected: int) -> None:
        points = float(self.assignment.points)
        complete = len(scores) == expected or way is Way.BARE
        if not complete or any(
            abs(score - points) > 1e-9 or abs(most - points) > 1e-9 for score, most in scores
        ):
            raise CommandError(f"{way}: {scores} instead of full marks, {points}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and print its table."""
    options = _options(arguments)
    console = Console()
    try:
        subprocess.run([ROOT / ".ci" / "setup-bench"], check=True)
        adopt_orphans()
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            results = _compare(options, Path(folder), console)
    except (CommandError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print_results(results, console)
    if options.json:
        options.json.write_text(json.dumps(_as_json(results), indent=2) + "\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each grades")
    parser.add_argument("--quick", action="store_true", help="one round, a class of four")
    parser.add_argument("--class-size", type=int, default=CLASS_SIZE, metavar="N")
    parser.add_argument("--only", choices=ASSIGNMENTS, help="one of the two notebooks")
    parser.add_argument("--json", type=Path, metavar="F", help="write every measurement, too")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.class_size = 1, min(options.class_size, 4)
    return options


def _compare(options: argparse.Namespace, folder: Path, console: Console) -> Results:
    names = [options.only] if options.only else ASSIGNMENTS
    load = os.getloadavg()[0]
    taken: dict[tuple[str, Way], list[Taken]] = {}
    with console.status("setting up the comparison") as status, ExitStack() as stack:
        contests = stack.enter_context(_contests(names, folder, options.class_size))
        turns = [(contest, way) for contest in contests for way in contest.ways]
        for contest, way in turns:
            status.update(f"warm-up: {contest.assignment.name}, {way}")
            contest.warm_up(way)
        for number in range(options.rounds):
            # Everybody's turn comes at another place in each round, so a drift hits all alike.
            start = number * len(turns) // options.rounds
            for contest, way in turns[start:] + turns[:start]:
                name = contest.assignment.name
                turn = f"round {number + 1} of {options.rounds}: {name}, {way}"
                status.update(turn)
                taken.setdefault((name, way), []).append(contest.take(way, number))
                if not console.is_terminal:  # a log of half an hour should not be silent
                    print(f"{turn}: {taken[name, way][-1]}", file=sys.stderr, flush=True)
    return Results(taken, options.class_size, os.cpu_count() or 1, load)


@contextmanager
def _contests(names: Sequence[str], folder: Path, class_size: int) -> Iterator[list[Contest]]:
    assignments = [load_assignment(ROOT / "benchmarks" / "assignments" / name) for name in names]
    with ExitStack() as stack:
        worker = stack.enter_context(start_worker(assignments, OURS, folder))
        contests = []
        for assignment in assignments:
            place = folder / assignment.name
            bare = stack.enter_context(start_bare(assignment, OTTER, folder))
            ours = AutograderCommand(assignment, OURS, folder)
            nbgrader = NbgraderAutograde(assignment, NBGRADER, _made(place / "nbgrader"))
            ways: dict[Way, GraderUnderTest] = {
                Way.OTTER: OtterRun(assignment, OTTER, _made(place / "otter")),
                Way.NBGRADER: nbgrader,
                Way.COLD: ours,
                # One right after the other: their difference is what matters.
                Way.WARM: WarmGrader(assignment, worker),
                Way.BARE: BareCells(bare),
                Way.NBGRADER_CLASS: nbgrader,
                Way.OUR_CLASS: ours,
            }
            right = _submissions(assignment, place, class_size)
            wrong = _submissions(assignment, place, 2, MISTAKES[assignment.name])
            contests.append(Contest(assignment, ways, right, wrong))
        yield contests


def _submissions(
    assignment: Assignment, folder: Path, number: int, mistake: tuple[str, str] | None = None
) -> tuple[Submission, ...]:
    """Write the solved notebook once for each student; a comment makes each one different."""
    solved = build_solution(assignment).notebook
    old, new = mistake or ("", "")
    answers = tuple(
        cell.source.replace(old, new) if mistake else cell.source
        for question in assignment.questions
        for cell in question.solution
    )
    students = [
        f"{'wrong' if mistake else 'student'}-{index:02d}" for index in range(1, number + 1)
    ]
    submissions = []
    for student in students:
        notebook = folder / "submissions" / student / f"{assignment.name}.ipynb"
        text = json.dumps(_signed(solved, student, mistake))
        notebook.parent.mkdir(parents=True)
        notebook.write_text(text, encoding="utf-8")
        submissions.append(Submission(student, notebook, answers))
    return tuple(submissions)


def _signed(
    solved: dict[str, Any], student: str, mistake: tuple[str, str] | None
) -> dict[str, Any]:
    cells = [dict(cell) for cell in solved["cells"]]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    code[-1]["source"] = f"# {student}\n{code[-1]['source']}"
    if mistake:
        (wrong,) = [cell for cell in code if mistake[0] in cell["source"]]
        wrong["source"] = wrong["source"].replace(*mistake)
    return solved | {"cells": cells}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _as_json(results: Results) -> dict[str, Any]:
    measurements: dict[str, Any] = {}
    for (name, way), rounds in results.taken.items():
        measurements.setdefault(name, {})[way.value] = [asdict(taken) for taken in rounds]
    return {
        "class_size": results.class_size,
        "cores": results.cores,
        "load": results.load,
        "rounds": measurements,
    }


if __name__ == "__main__":
    sys.exit(main())
