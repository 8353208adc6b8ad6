"""By which rubric a course grades a question: its version's own, or one that was changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import CourseAssignment, QuestionRubric, SnapshotQuestion, SnapshotRubricItem

_Rubric = tuple[SnapshotRubricItem, ...]
ChangedRubrics = Mapping[tuple[int, str, str], _Rubric]
"""Rubrics that were changed, by assignment, question and the question's hash."""


def changed_rubrics(session: Session, assignment_ids: Collection[int]) -> ChangedRubrics:
    """Return the rubrics that were changed in assignments."""
    rows = session.execute(
        select(
            QuestionRubric.assignment_id,
            QuestionRubric.question,
            QuestionRubric.question_hash,
            QuestionRubric.items,
        ).where(QuestionRubric.assignment_id.in_(assignment_ids))
    )
    return {(row.assignment_id, row.question, row.question_hash): row.items for row in rows}


def with_rubric(
    session: Session, assignment: CourseAssignment, question: SnapshotQuestion
) -> SnapshotQuestion:
    """Return a question with the rubric by which a course grades it now."""
    changed = changed_rubrics(session, [assignment.id])
    found = changed.get((assignment.id, question.id, question.hash))
    return question if found is None else replace(question, changed_rubric=found)
