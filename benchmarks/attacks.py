"""
Give the same attacks to this grader, otter-grader and nbgrader: who gets points without an answer?

Each attack is a notebook whose answers are wrong, with code in its first answer cell that tries to
get points all the same. The solved notebook must get full marks from everybody, or the run fails.
Prints a table in Markdown.

    .venv/bin/python -m benchmarks.attacks

Of the three only this grader confines student code; the others document containers around them, in
which the same code has the same powers over their tests and results.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from autograder.assignment import Assignment, load_assignment
from autograder.assignment.build import build_solution
from autograder.grade import Grader
from benchmarks.attack_cells import ATTACKS, Attack
from benchmarks.graders import ROOT, NbgraderAutograde, OtterRun, Submission
from benchmarks.measure import CommandError
from benchmarks.peers import NBGRADER, OTTER

NO_RESULT: Final = "no result"
SEED: Final = 3
Grade = Callable[[Submission], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all attacks and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.attacks", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", default="", help="attacks with these words")
    options = parser.parse_args(arguments)
    attacks = [each for each in ATTACKS if options.only in each.title]
    try:
        subprocess.run([ROOT / ".ci" / "setup-bench"], check=True)
        assignment = load_assignment(ROOT / "benchmarks" / "assignments" / "small_numpy")
        with tempfile.TemporaryDirectory(prefix="attacks-") as folder, Grader() as grader:
            ways = _ways(assignment, grader, Path(folder))
            print(*_table(assignment, ways, attacks, Path(folder)), sep="\n")
    except (CommandError, subprocess.CalledProcessError) as error:
        print(f"attacks: {error}", file=sys.stderr)
        return 1
    return 0


def _ways(assignment: Assignment, grader: Grader, folder: Path) -> dict[str, Grade]:
    """Return the graders by name, each giving a submission's points, or that there are none."""
    otter, nbgrader = folder / "otter", folder / "nbgrader"
    for place in (otter, nbgrader):
        place.mkdir()
    peers = {
        f"otter-grader {_version(OTTER, 'otter-grader')}": OtterRun(assignment, OTTER, otter),
        f"nbgrader {_version(NBGRADER, 'nbgrader')}": NbgraderAutograde(
            assignment, NBGRADER, nbgrader
        ),
    }

    def ours(submission: Submission) -> str:
        report = grader.grade(submission.notebook.read_bytes(), assignment, seed=SEED)
        return f"{float(report.score):.3g}"

    def theirs(peer: OtterRun | NbgraderAutograde) -> Grade:
        def grade(submission: Submission) -> str:
            try:
                _, [(score, _)] = peer.grade([submission])
            except (CommandError, OSError, ValueError, KeyError):
                return NO_RESULT
            return f"{score:.3g}"

        return grade

    named = {name: theirs(peer) for name, peer in peers.items()}
    return named | {f"autograder {version('autograder')}": ours}


def _table(
    assignment: Assignment, ways: dict[str, Grade], attacks: Sequence[Attack], folder: Path
) -> Iterator[str]:
    solved = build_solution(assignment).notebook
    solutions = tuple(
        cell.source for question in assignment.questions for cell in question.solution
    )
    control = submission(solved, solutions, solutions, folder / "solved")
    for name, grade in ways.items():
        if (points := grade(control)) != f"{float(assignment.points):g}":
            raise CommandError(f"{name} gives the solved notebook {points} points")
    yield f"| what the notebook does | {' | '.join(ways)} |"
    yield f"|---|{'---|' * len(ways)}"
    for number, attack in enumerate(attacks):
        answers = (attack.code + attack.answers[0], *attack.answers[1:])
        made = submission(solved, solutions, answers, folder / f"attack-{number}")
        points = []
        for name, grade in ways.items():
            points.append(grade(made))
            print(f"{attack.title}: {name}: {points[-1]}", file=sys.stderr, flush=True)
        yield f"| {attack.title} | {' | '.join(points)} |"


def submission(
    solved: dict[str, Any], solutions: Sequence[str], answers: Sequence[str], folder: Path
) -> Submission:
    """
    Write a notebook with other answers in place of the solutions.

    Args:
        solved: The solved notebook.
        solutions: The sources of its answer cells.
        answers: What is to stand in their places.
        folder: Is made, and gets the notebook.
    """
    replaced = dict(zip(solutions, answers, strict=True))
    cells = [
        cell | {"source": replaced.get(cell["source"], cell["source"])} for cell in solved["cells"]
    ]
    assert len({cell["source"] for cell in cells} & set(answers)) == len(set(answers))
    folder.mkdir()
    notebook = folder / "small_numpy.ipynb"
    notebook.write_text(json.dumps(solved | {"cells": cells}), encoding="utf-8")
    return Submission(folder.name, notebook, tuple(answers))


def _version(venv: Path, package: str) -> str:
    command = [
        venv / "bin" / "python",
        "-c",
        f"import importlib.metadata as m; print(m.version({package!r}))",
    ]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
