"""
An attacker beside an honest notebook, whose points must not change.

Each file of `pairs` is the attacker's first cell. It runs until its time is over, or holds what it
has taken; the honest one is graded meanwhile, with the limits that students have.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.grade import Grader
from autograder.report import Report
from tests.adversarial.corpus import attacked

PAIRS: Final = sorted((Path(__file__).parent / "pairs").glob("*.py"))
ATTACK_SECONDS: Final = 12.0
HEAD_START_SECONDS: Final = 3.0
# A little of all that neighbours share: a command with its terminal, a file, a socket, a process.
HONEST: Final = """
import select, socket, sqlite3, subprocess, time

!echo from a terminal
began = time.process_time()
while time.process_time() - began < 1:
    pass
ends = socket.socketpair()
socket.send_fds(ends[0], [b"x"], [0])
assert len(socket.recv_fds(ends[1], 1, 1)[1]) == 1
select.epoll().register(ends[0], select.EPOLLIN)
with sqlite3.connect("/tmp/own.db") as database:
    database.execute("create table numbers (number)")
assert subprocess.run(["echo", "x"], capture_output=True, check=True).stdout == b"x\\n"
"""


@pytest.fixture(scope="module")
def xor() -> Assignment:
    """Return an assignment with the limits that students have."""
    return load_assignment(find_assignment("xor"))


@pytest.fixture(scope="module")
def quiet(grader: Grader, xor: Assignment) -> Report:
    """Return what the honest notebook gets on its own."""
    return grader.grade(attacked(xor, (("start", HONEST),)), xor, seed=3)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("attack", PAIRS, ids=lambda path: path.stem)
def test_the_neighbour_is_graded_as_if_alone(
    attack: Path, grader: Grader, xor: Assignment, quiet: Report
) -> None:
    """Points, verdicts and what came of each cell are those of the quiet run."""
    patient = replace(xor, limits=replace(xor.limits, cell_seconds=ATTACK_SECONDS))
    attacker = threading.Thread(
        target=grader.grade, args=(attacked(patient, (("start", attack.read_text()),)), patient)
    )
    attacker.start()
    time.sleep(HEAD_START_SECONDS)
    report = grader.grade(attacked(xor, (("start", HONEST),)), xor, seed=3)
    attacker.join()
    assert quiet.score == quiet.max_score - 2
    assert _told(report) == _told(quiet)


def _told(report: Report) -> list[object]:
    questions = [(each.id, each.score, each.verdict.value) for each in report.questions]
    return [*questions, *(run.status.value for run in report.cells)]
