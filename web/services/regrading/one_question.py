"""A regrade of one question: what all others gave stays as it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import StaffView, StudentView
from web.models import Result, Snapshot, SnapshotQuestion, Submission
from web.services.errors import RuleError
from web.services.grading.decisions import portions
from web.services.grading.results import View, read_view


def check_one_question(
    session: Session, submission_ids: Collection[int], snapshot: Snapshot, question_id: str
) -> None:
    """
    Check that submissions can be graded again in one question only.

    Args:
        session: To read by.
        submission_ids: Which.
        snapshot: By which version.
        question_id: Which question.

    Raises:
        RuleError: If tests do not grade it, or if other questions differ between the versions.
    """
    question = next((each for each in snapshot.questions if each.id == question_id), None)
    if question is None or question.manual:
        raise RuleError("Choose a question that is graded by tests.")
    others = _others(snapshot, question_id)
    for some in portions(sorted(submission_ids)):
        query = (
            select(Snapshot)
            .join(Result, Result.snapshot_id == Snapshot.id)
            .join(Submission, Submission.result_id == Result.id)
            .where(Submission.id.in_(some))
            .distinct()
        )
        if any(_others(each, question_id) != others for each in session.scalars(query)):
            raise RuleError(
                "Other questions differ between the versions, in points or rubric. Regrade all "
                "questions."
            )


def keep_others(old: Result, new: Result, question_id: str) -> bool:
    """
    Let a new result hold for one question, and all else be as in the old one.

    Args:
        old: What holds until now.
        new: What grading again gave; changed in place.
        question_id: Which question is new.

    Returns:
        Whether the old result could be read; else the new one is as it was.
    """
    staff = _merged(StaffView, old.staff_view, new.staff_view, question_id)
    student = _merged(StudentView, old.student_view, new.student_view, question_id)
    tenths = old.question_tenths
    if staff is None or student is None or not isinstance(tenths, dict):
        return False
    new.question_tenths = tenths | {question_id: new.question_tenths.get(question_id)}
    new.score_tenths = sum(each or 0 for each in new.question_tenths.values())
    new.staff_view = replace(staff, score=new.score_tenths / 10).as_json()
    new.student_view = replace(student, score=new.score_tenths / 10).as_json()
    new.answers = old.answers
    new.notebook, new.rendered, new.own_cells = old.notebook, old.rendered, old.own_cells
    return True


def _merged(kind: type[View], old: object, new: object, question_id: str) -> View | None:
    before, after = read_view(kind, old), read_view(kind, new)
    if before is None or after is None:
        return None
    fresh = {each.id: each for each in after.questions if each.id == question_id}
    questions = tuple(fresh.get(each.id, each) for each in before.questions)
    return replace(before, questions=questions, assignment_hash=after.assignment_hash)


def _others(snapshot: Snapshot, question_id: str) -> list[SnapshotQuestion]:
    # Versions that were imported earlier do not know the questions' text.
    others = [each for each in snapshot.questions if each.id != question_id]
    return [replace(each, prompt_hash="") for each in others]
