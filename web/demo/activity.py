"""What the demo's students do: submit what is done, and go on while somebody watches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from autograder.assignment import Assignment, load_assignment
from web.config import Settings
from web.db import Database, now
from web.demo.course import Cast
from web.demo.notebooks import Work, notebook
from web.models import CourseAssignment, Submission, SubmissionState, User
from web.services.courses.snapshots import snapshot_folder
from web.services.errors import RuleError
from web.services.submissions import submitting

PAUSE_SECONDS: Final = 12.0
FAILURE_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class DemoSubmission:
    """
    One submission.

    Args:
        who: First name of the student.
        assignment: Name of the assignment.
        work: What the student has done.
        days_ago: When it was submitted.
    """

    who: str
    assignment: str
    work: Work
    days_ago: float = 0.0


_NO_BIAS: Final = ("q1", "No bias.")
_SUM: Final = ("q5", "Default is the sum.")
_ASCENT: Final = ("q6", "Ascent.")
_NO_BIASES: Final = ("q3", "Weights without biases.")
_NO_RELU: Final = ("q2", "No ReLU.")
_XNOR: Final = ("q1", "XNOR: the labels are exchanged")
_ORDER: Final = ("q1", "Product in the wrong order.")
_EXACT: Final = ("q4", "Floats compared exactly.")
_RATES: Final = ("q1", "Rates exchanged.")
_FACTOR: Final = ("q2", "The factor 2 of the derivative forgotten.")

FIRST: Final = (
    DemoSubmission("Ada", "xor", Work(wrong=(_NO_RELU,)), 0.2),
    DemoSubmission("Ada", "perceptron", Work(wrong=(_SUM, _ASCENT)), 8),
    DemoSubmission("Ben", "xor", Work(undone=("q5", "q6")), 0.3),
    DemoSubmission("Clara", "linear_collapse", Work(wrong=(_ORDER,)), 1.5),
    DemoSubmission("Dario", "regularization", Work(wrong=(_RATES, _FACTOR)), 1),
    DemoSubmission("Ada", "perceptron", Work(), 7),
    DemoSubmission("Ada", "linear_collapse", Work(wrong=(_EXACT,)), 0.1),
    DemoSubmission("Ada", "regularization", Work(wrong=(_FACTOR,)), 2),
    DemoSubmission("Ben", "perceptron", Work(wrong=(_NO_BIAS, _NO_BIASES), undone=("q7",)), 6),
    DemoSubmission("Clara", "perceptron", Work(), 9),
    DemoSubmission("Dario", "perceptron", Work(blank=True), 6.5),
    DemoSubmission("Ella", "perceptron", Work(wrong=(_NO_BIASES,)), 6),
    DemoSubmission("Finn", "perceptron", Work(undone=("q4", "q5", "q6", "q7")), 5.5),
    DemoSubmission("Greta", "linear_collapse", Work(), 3),
    DemoSubmission("Hugo", "linear_collapse", Work(undone=("q6",)), 0.4),
    DemoSubmission("Ida", "xor", Work(), 1),
    DemoSubmission("Jonas", "xor", Work(wrong=(_XNOR,)), 2),
    DemoSubmission("Luca", "regularization", Work(), 3),
)
DAMAGED: Final = DemoSubmission("Jonas", "linear_collapse", Work(), 2)
LOST: Final = DemoSubmission("Kira", "linear_collapse", Work(wrong=(_ORDER,)), 0.05)
LATER: Final = (
    DemoSubmission("Finn", "xor", Work(endless="q5")),
    DemoSubmission("Greta", "xor", Work(wrong=(_NO_RELU,))),
    DemoSubmission("Hugo", "regularization", Work(undone=("q5", "q6"))),
    DemoSubmission("Ben", "xor", Work(undone=("q6",))),
    DemoSubmission("Ella", "linear_collapse", Work(undone=("q6",))),
    DemoSubmission("Kira", "xor", Work(wrong=(_XNOR, _NO_RELU))),
    DemoSubmission("Greta", "regularization", Work(wrong=(_RATES,))),
    DemoSubmission("Ida", "linear_collapse", Work(wrong=(_EXACT,))),
)


class Activity:
    """
    The students at work.

    Args:
        settings: Of the portal.
        database: The portal's.
        cast: Who and what there is.
    """

    def __init__(self, settings: Settings, database: Database, cast: Cast) -> None:
        self._settings = settings
        self._database = database
        self._cast = cast
        self._over = threading.Event()
        self._loaded: dict[str, Assignment] = {}

    def stop(self) -> None:
        """End it."""
        self._over.set()

    def begin(self) -> None:
        """Submit what was done till now."""
        for each in FIRST:
            self._submit(each)
        self._submit_damaged(DAMAGED)

    def go_on(self) -> None:
        """Submit now and then until stopped, so that visitors see grading go on."""
        self._submit_lost(LOST)
        for each in self._later():
            if self._over.wait(PAUSE_SECONDS):
                return
            try:
                self._submit(each)
            except RuleError:
                continue  # the rules hold for these students, too

    def _later(self) -> Iterator[DemoSubmission]:
        yield from LATER
        for each in cycle(LATER[1:]):
            # Less and less is seen of what repeats itself, and nobody watches for hours.
            if self._over.wait(5 * PAUSE_SECONDS):
                return
            yield each

    def _submit(self, each: DemoSubmission) -> None:
        data = self._written(each)
        with self._database.write.begin() as session:
            self._accept(session, each, data)

    def _submit_damaged(self, each: DemoSubmission) -> None:
        """Let a disk damage a file, which the worker will find out."""
        data = self._written(each)
        with self._database.write.begin() as session:
            path = self._accept(session, each, data)[1]
            path.write_bytes(path.read_bytes()[:2000])

    def _submit_lost(self, each: DemoSubmission) -> None:
        """Let a disk be away while a submission is graded; afterwards it can be tried again."""
        data = self._written(each)
        with self._database.write.begin() as session:
            submission, path = self._accept(session, each, data)
            away = path.rename(path.with_suffix(".away"))
        self._wait_for_failure(submission.id)
        away.rename(path)

    def _written(self, each: DemoSubmission) -> bytes:
        """Write a notebook; takes seconds, for which nobody else may wait with the database."""
        data = notebook(self._assignment(each.assignment), each.work)
        submitting.check_notebook(data, each.assignment)
        return data

    def _accept(
        self, session: Session, each: DemoSubmission, data: bytes
    ) -> tuple[Submission, Path]:
        folder = self._settings.submissions
        submission = submitting.submit(
            session,
            folder,
            session.get_one(User, self._cast.students[each.who].id),
            session.get_one(CourseAssignment, self._cast.assignments[each.assignment].id),
            f"{each.assignment}.ipynb",
            data,
            now() - timedelta(days=each.days_ago),
        )
        return submission, submitting.stored_file(folder, submission)

    def _assignment(self, name: str) -> Assignment:
        if name not in self._loaded:
            snapshot = self._cast.assignments[name].snapshot
            folder = snapshot_folder(self._settings.snapshots, snapshot)
            self._loaded[name] = load_assignment(folder)
        return self._loaded[name]

    def _wait_for_failure(self, submission_id: int) -> None:
        for _ in range(int(FAILURE_SECONDS / LOOK_SECONDS)):
            with self._database.read() as session:
                state = session.get_one(Submission, submission_id).state
            if state == SubmissionState.FAILED or self._over.wait(LOOK_SECONDS):
                return
