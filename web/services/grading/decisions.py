"""
What people decided about answers, found by the answer: it holds for every attempt that has it.

A decision belongs to the student, the question and the answer's text. A grade was given by a
version of the question, too: by a later one it stays until somebody looks at it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from web.models import ManualGrade, PointsOverride, SnapshotQuestion, Submission
from web.services.grading.worth import Attempt

_MOST_IDS: Final = 1000
Row = TypeVar("Row", ManualGrade, PointsOverride)
_Answer = tuple[int, int, str, str]


@dataclass(frozen=True)
class Decisions(Generic[Row]):
    """
    People's grades, or their overrides.

    Args:
        by_submission: By the submission in which they were made, and the question.
        by_answer: By assignment, student, question and the answer's hash.
        students: Assignment and student of each.
    """

    by_submission: Mapping[tuple[int, str], Row]
    by_answer: Mapping[_Answer, Sequence[Row]]
    students: Collection[tuple[int, int]] = ()

    def on(self, submission: Attempt, question_id: str, answer: str | None) -> list[Row]:
        """
        Return the decisions on an answer, the newest first.

        Args:
            submission: Where it stands.
            question_id: To which question.
            answer: Its hash; ``None`` if that is not known.
        """
        own = self.by_submission.get((submission.id, question_id))
        alike: Sequence[Row] = ()
        if answer and self.by_answer:
            key = (submission.assignment_id, submission.user_id, question_id, answer)
            alike = self.by_answer.get(key, ())
        if not alike:
            return [] if own is None else [own]
        found = {row.id: row for row in alike}
        if own is not None:
            found[own.id] = own
        return sorted(found.values(), key=_when, reverse=True)


def current_grade(
    grades: Sequence[ManualGrade], question: SnapshotQuestion
) -> tuple[ManualGrade | None, bool]:
    """
    Return the grade that holds for an answer, and whether a person must look at it again.

    Args:
        grades: All that were given for the answer, the newest first.
        question: As it is asked in the version by which the answer is graded.
    """
    for grade in grades:
        if grade.question_hash in (None, question.hash):
            return grade, False
    return (grades[0], True) if grades else (None, False)


def decisions(
    session: Session, kind: type[Row], submissions: Collection[Attempt]
) -> Decisions[Row]:
    """Read people's decisions on all attempts of those whose submissions these are."""
    assignments = {each.assignment_id for each in submissions}
    by_submission: dict[tuple[int, str], Row] = {}
    by_answer: dict[_Answer, list[Row]] = {}
    students: set[tuple[int, int]] = set()
    for some in portions(sorted({each.user_id for each in submissions})):
        query = (
            select(kind, Submission.assignment_id, Submission.user_id)
            .join(Submission, kind.submission_id == Submission.id)
            .where(Submission.user_id.in_(some), Submission.assignment_id.in_(assignments))
            # Few people grade: joined, they would be read again with every row, not once each.
            .options(lazyload("*"))
        )
        for row, assignment_id, user_id in session.execute(query):
            by_submission[row.submission_id, row.question] = row
            students.add((assignment_id, user_id))
            if row.answer_hash:
                key = (assignment_id, user_id, row.question, row.answer_hash)
                by_answer.setdefault(key, []).append(row)
    return Decisions(by_submission, by_answer, students)


def portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut a long list, since databases limit the number of values in a query."""
    return (ids[start : start + _MOST_IDS] for start in range(0, len(ids), _MOST_IDS))


def _when(row: ManualGrade | PointsOverride) -> tuple[float, int]:
    at = row.graded_at if isinstance(row, ManualGrade) else row.created_at
    return at.timestamp(), row.id
