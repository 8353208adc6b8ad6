"""
Grade honest notebooks beside attackers, and beside a busy machine: their reports must not change.

    python -m benchmarks.neighbours attackers [--honest 60] [--attackers 20]
    python -m benchmarks.neighbours busy [--honest 200] [--loops 4]

`attackers` grades honest notebooks of all assignments twice with the same hidden inputs: quietly,
and while attackers of all families are graded by the same grader. `busy` grades right notebooks
while loops of other programs use the processors. Exit code 1 if any report differs but for its
times.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import autograder
from autograder.assignment import Assignment, load_assignment
from autograder.environments import load_environment
from autograder.errors import AutograderError
from autograder.grade import Grader
from autograder.report import Report
from autograder.validate.bank import Answer, alternatives, misconceptions
from autograder.validate.command import chosen_folders
from autograder.validate.solved import SolvedNotebook
from tests.adversarial.corpus import CASES, attacked, load_case

SEED: Final = 11
# How many submissions a worker grades at once: as many as this machine has cores.
AT_ONCE: Final = os.cpu_count() or 1
PROJECT: Final = Path(autograder.__file__).parent.parent
_ADDRESS: Final = re.compile(r"0x[0-9a-f]{6,}")
_PAIRS: Final = CASES.parent / "pairs"


@dataclass(frozen=True)
class Submission:
    """
    A notebook to grade.

    Args:
        title: What it is.
        data: Its file.
        assignment: What it answers.
    """

    title: str
    data: bytes
    assignment: Assignment


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the comparisons and print what came of it."""
    parser = argparse.ArgumentParser(prog="benchmarks.neighbours", description=__doc__)
    parser.add_argument("what", choices=("attackers", "busy"))
    parser.add_argument("--honest", type=int, metavar="N", help="how many honest notebooks")
    parser.add_argument("--attackers", type=int, default=20, metavar="N")
    parser.add_argument("--loops", type=int, default=4, metavar="N", help="busy loops for a core")
    parser.add_argument(
        "--ordinary-user",
        action="store_true",
        help="started by root: measure as a user without rights, whose kernels share one user",
    )
    options = parser.parse_args(arguments)
    if options.ordinary_user:
        left = [each for each in arguments or sys.argv[1:] if each != "--ordinary-user"]
        return _as_ordinary_user(left)
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    print(f"{os.cpu_count()} cores, started by {who}")
    if options.what == "attackers":
        return beside_attackers(options.honest or 60, options.attackers)
    return beside_busy_loops(options.honest or 200, options.loops)


def _as_ordinary_user(arguments: Sequence[str]) -> int:
    """Run this again as the tests run the program as a user without rights; return its code."""
    kernel = load_environment("numpy").folder
    with tempfile.TemporaryDirectory(prefix="autograder-user-") as home:
        Path(home).chmod(0o777)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": home,
            "PYTHONPATH": str(PROJECT),
            "AUTOGRADER_KERNEL_VENV": str(kernel),
        }
        needed = (PROJECT, Path(sys.prefix), Path(sys.base_prefix), kernel, Path(home))
        command = [sys.executable, "-m", "tests.autograder.sandbox.as_user", *map(str, needed)]
        command += ["--", sys.executable, "-u", "-m", "benchmarks.neighbours", *arguments]
        return subprocess.run(command, cwd="/", env=environment, check=False).returncode


def beside_attackers(count: int, attackers: int) -> int:
    """Grade honest notebooks quietly and beside attackers; return the exit code."""
    chosen = list(itertools.islice(honest_notebooks(right=False), count))
    with Grader(spares=AT_ONCE) as grader:
        quiet, seconds = timed(grader, chosen)
        print(f"{len(chosen)} honest notebooks, quietly: {seconds:.0f} s")
        with attacks(grader, attackers) as rounds:
            beside, seconds = timed(grader, chosen)
        done = sum(rounds.values())
        print(f"the same beside {attackers} attackers: {seconds:.0f} s, {done} attacks")
    return told(
        f"{each.title}: {'; '.join(differences(one, two))}"
        for each, one, two in zip(chosen, quiet, beside, strict=True)
        if one != two
    )


def beside_busy_loops(count: int, loops: int) -> int:
    """Grade right notebooks beside loops of other programs; return the exit code."""
    chosen = list(itertools.islice(itertools.cycle(honest_notebooks(right=True)), count))
    with Grader(spares=AT_ONCE) as grader, busy_loops(loops * AT_ONCE):
        reports, seconds = timed(grader, chosen)
    print(f"{len(chosen)} right notebooks beside {loops} busy loops a core: {seconds:.0f} s")
    return told(
        f"{each.title}: {report.get('error') or report['score']}"
        for each, report in zip(chosen, reports, strict=True)
        if not has_full_marks(report)
    )


def differences(one: object, two: object, place: str = "") -> Iterator[str]:
    """Return where two reports differ, and how."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in one | two:
            yield from differences(one.get(key), two.get(key), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for number, pair in enumerate(zip(one, two, strict=True)):
            yield from differences(*pair, f"{place}[{number}]")
    elif one != two:
        yield f"{place}: {str(one)[:200]!r} became {str(two)[:200]!r}"


def told(different: Iterable[str]) -> int:
    """Print which reports differ."""
    lines = list(different)
    for line in lines:
        print(f"  differs: {line}")
    print(f"{len(lines)} reports differ")
    return 1 if lines else 0


def honest_notebooks(*, right: bool) -> Iterator[Submission]:
    """Return honest notebooks of all assignments in turn: solutions, other answers, mistakes."""
    by_assignment = [
        _of_assignment(load_assignment(folder), right=right) for folder in chosen_folders([])
    ]
    for several in itertools.zip_longest(*by_assignment):
        yield from (each for each in several if each is not None)


def _of_assignment(assignment: Assignment, *, right: bool) -> Iterator[Submission]:
    solved = SolvedNotebook(assignment)
    answers: list[Answer] = alternatives(assignment)
    if not right:
        wrong = misconceptions(assignment)
        answers = [each for pair in zip(wrong, itertools.cycle(answers)) for each in pair]
    yield Submission(f"{assignment.name}: solution", solved.text().encode(), assignment)
    for answer in answers:
        sample = answer.sample
        text = solved.text(sample.source, sample.question)
        title = f"{assignment.name} {sample.question}: {sample.title}"
        yield Submission(title, text.encode(), assignment)


def timed(grader: Grader, submissions: Sequence[Submission]) -> tuple[list[dict[str, Any]], float]:
    """Grade submissions, as many at once as there are cores; return reports and wall time."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = list(pool.map(lambda each: _graded(grader, each), submissions))
    return reports, time.monotonic() - began


def _graded(grader: Grader, submission: Submission) -> dict[str, Any]:
    try:
        report = grader.grade(submission.data, submission.assignment, seed=SEED)
    except AutograderError as error:
        return {"error": str(error)}
    return without_times(report)


def without_times(report: Report) -> dict[str, Any]:
    """Return what staff see of a report, and what cells printed, without times and addresses."""
    written = _ADDRESS.sub("0x…", json.dumps(report.staff_view().as_json()))
    view: dict[str, Any] = json.loads(written, object_pairs_hook=_without_seconds)
    return view | {"cells": [run.status.value for run in report.cells]}


def _without_seconds(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if key != "seconds"}


def has_full_marks(report: dict[str, Any]) -> bool:
    """Return whether all questions that tests judge have all of their points."""
    return "error" not in report and all(
        question["score"] in (question["max_score"], None) for question in report["questions"]
    )


@contextmanager
def attacks(grader: Grader, count: int) -> Iterator[Counter[str]]:
    """Let attackers of all families be graded again and again, and count how often."""
    cases = list(_attackers())
    chosen = [cases[number * len(cases) // count] for number in range(count)]
    waiting, rounds, over = itertools.cycle(chosen), Counter[str](), threading.Event()
    lock = threading.Lock()

    def attack() -> None:
        while not over.is_set():
            with lock:
                submission = next(waiting)
            _graded(grader, submission)
            rounds[submission.title] += 1

    threads = [threading.Thread(target=attack) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield rounds
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _attackers() -> Iterator[Submission]:
    """Return all attacks of the corpus, those on neighbours among them, in groups of a kind."""
    for path in sorted(_PAIRS.glob("*.py")):
        yield _attacker(path.stem, (("start", path.read_text()),))
    for folder in sorted(CASES.iterdir()):
        case = load_case(folder)
        yield _attacker(case.name, case.cells, case.assignment)


def _attacker(name: str, cells: tuple[tuple[str, str], ...], of: str = "xor") -> Submission:
    (folder,) = (each for each in chosen_folders([]) if each.name == of)
    assignment = load_assignment(folder)
    patient = replace(assignment, limits=replace(assignment.limits, cell_seconds=12.0))
    return Submission(name, attacked(patient, cells), patient)


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Run loops that use the processors, in processes of their own."""
    # They end with this process, also if that is killed.
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
