"""What a submission is worth, question by question: the numbers that `marks` puts together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from web.models import ManualGrade, PointsOverride, SnapshotRubricItem, Submission
from web.services.courses.deadlines import IN_TIME, Lateness


class AttemptColumns(NamedTuple):
    """What a mark tells of a submission: of a large class these columns are read, and no others."""

    id: int
    assignment_id: int
    user_id: int
    public_id: str
    number: int
    sha256: str
    received_at: datetime
    released_at: datetime | None
    result_id: int | None
    practice: bool


Attempt = Submission | AttemptColumns


@dataclass(frozen=True)
class QuestionMark:
    """
    What one question of a submission is worth, in tenths of points.

    Args:
        id: The question's id.
        max_tenths: What it can give.
        manual: Whether a person grades it.
        tests_tenths: What its tests gave; ``None`` if a person grades it, or nobody can read it.
        grade: What a person gave, if one did.
        override: A member of staff's word, which wins.
        outdated: Whether the grade was given by another version of the question.
        rubric: By which a person grades it, in the version that it was graded by.
    """

    id: str
    max_tenths: int
    manual: bool
    tests_tenths: int | None
    grade: ManualGrade | None = None
    override: PointsOverride | None = None
    outdated: bool = False
    rubric: tuple[SnapshotRubricItem, ...] = ()

    @property
    def tenths(self) -> int | None:
        """What it is worth; ``None`` while nobody knows."""
        if self.override is not None:
            return self.override.points_tenths
        if self.manual:
            return None if self.grade is None else self.grade.points_tenths
        return self.tests_tenths

    @property
    def highest_tenths(self) -> int:
        """What it is worth, or can still become."""
        return self.max_tenths if self.tenths is None else self.tenths


class QuestionMarks(tuple[QuestionMark, ...]):  # noqa: SLOT001  # its sums are attributes
    """All questions' marks. Much of a class shares one of these, so its sums are made once."""

    @cached_property
    def tenths(self) -> int:
        """The points so far."""
        return sum(question.tenths or 0 for question in self)

    @cached_property
    def max_tenths(self) -> int:
        """The points of all questions."""
        return sum(question.max_tenths for question in self)

    @cached_property
    def highest_tenths(self) -> int:
        """The points if all that awaits a person were right."""
        return sum(question.highest_tenths for question in self)

    @cached_property
    def awaiting(self) -> tuple[str, ...]:
        """The questions that await a person."""
        return tuple(question.id for question in self if question.tenths is None)


@dataclass(frozen=True)
class Worth:
    """
    What a submission is worth to somebody who may know it, in tenths of points.

    Args:
        submission: Which.
        result_id: Of the grading that it rests on.
        questions: In the notebook's order.
        lateness: By the rules as they stand now.
        damaged: Whether what the tests gave cannot be read. It is worth what people gave, and can
            still become anything.
    """

    submission: Attempt
    result_id: int
    questions: QuestionMarks
    lateness: Lateness = IN_TIME
    damaged: bool = False

    @property
    def tenths(self) -> int:
        """The points so far, before the late penalty."""
        return self.questions.tenths

    @property
    def max_tenths(self) -> int:
        """The points of all questions."""
        return self.questions.max_tenths

    @property
    def final_tenths(self) -> int:
        """The points so far, after the late penalty."""
        return self.lateness.penalised(self.tenths)

    @property
    def penalty_tenths(self) -> int:
        """What the late penalty takes."""
        return self.tenths - self.final_tenths

    @property
    def highest_tenths(self) -> int:
        """The points after the penalty if all that awaits a person were right."""
        return self.lateness.penalised(self.questions.highest_tenths)

    @property
    def awaiting(self) -> tuple[str, ...]:
        """The questions that await a person."""
        return self.questions.awaiting

    @property
    def complete(self) -> bool:
        """Whether nothing awaits a person, and nothing is unknown."""
        return bool(self.questions) and not self.awaiting

    def question(self, question_id: str) -> QuestionMark | None:
        """Return one question's mark."""
        return next((each for each in self.questions if each.id == question_id), None)
