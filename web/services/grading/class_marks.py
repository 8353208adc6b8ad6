"""The marks of a whole class, read as columns: thousands of submissions are not made for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, Submission, SubmissionState
from web.services.courses.rule_book import RuleBook
from web.services.grading.marks import Mark, counted_by_user, marks_by_rules
from web.services.grading.worth import AttemptColumns

_COLUMNS = [getattr(Submission, name) for name in AttemptColumns._fields]


def counted_in(
    session: Session,
    assignments: Sequence[CourseAssignment],
    user_ids: Collection[int],
    book: RuleBook,
) -> dict[int, dict[int, Mark]]:
    """
    Return the mark that counts for each student, as staff see it.

    Args:
        session: To read by.
        assignments: In which assignments.
        user_ids: Of whom.
        book: The rules of these assignments.

    Returns:
        Marks by the student's id, by the assignment's id.
    """
    query = (
        select(*_COLUMNS)
        .where(
            Submission.assignment_id.in_([each.id for each in assignments]),
            Submission.user_id.in_(user_ids),
            Submission.state == SubmissionState.GRADED,
            Submission.practice.is_(False),
        )
        .order_by(Submission.id)
    )
    attempts = list(map(AttemptColumns._make, session.execute(query)))
    by_id = {each.id: each for each in assignments}
    marks: dict[int, list[Mark]] = {each: [] for each in by_id}
    for mark in marks_by_rules(session, attempts, by_id, book, with_answers=False).values():
        marks[mark.submission.assignment_id].append(mark)
    return {number: counted_by_user(by_id[number].counted, of) for number, of in marks.items()}
