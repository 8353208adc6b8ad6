"""What the pages that grade written answers have in common: finding one, and going to another."""

from __future__ import annotations

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for
from web.http import db, require
from web.models import CourseAssignment, SnapshotQuestion, Submission
from web.policy import Action
from web.services import lookup
from web.services.grading import rubrics, written_answers


def question_for(
    slug: str, name: str, question_id: str
) -> tuple[CourseAssignment, SnapshotQuestion]:
    """Find a question that is graded manually, in the present version."""
    assignment = assignment_for(slug, name, Action.GRADE)
    question = written_answers.written_question(assignment.snapshot, question_id) or abort(404)
    return assignment, rubrics.with_rubric(db(), assignment, question)


def answer_for(
    slug: str, name: str, question_id: str, public_id: str
) -> tuple[CourseAssignment, Submission, SnapshotQuestion]:
    """Find an answer, and its question as it was when the answer was last graded by the tests."""
    assignment = assignment_for(slug, name, Action.GRADE)
    submission = answer_in(assignment, public_id) or abort(404)
    require(Action.GRADE, submission)
    snapshot = written_answers.graded_snapshot(db(), submission)
    question = written_answers.written_question(snapshot, question_id) or abort(404)
    return assignment, submission, rubrics.with_rubric(db(), assignment, question)


def answer_in(assignment: CourseAssignment, public_id: str) -> Submission | None:
    """Find a graded submission of an assignment."""
    submission = lookup.submission_by_public_id(db(), public_id)
    if submission is None or submission.assignment_id != assignment.id or submission.result is None:
        return None
    return submission


def to_answers(assignment: CourseAssignment, question_id: str) -> Response:
    """Go to the list of a question's answers."""
    slug, name = assignment.course.slug, assignment.name
    place = url_for("staff.list_answers", slug=slug, name=name, question_id=question_id)
    return redirect(place, code=303)


def to_answer(assignment: CourseAssignment, question_id: str, submission: Submission) -> Response:
    """Go to the page of an answer."""
    place = url_for(
        "staff.show_answer",
        slug=assignment.course.slug,
        name=assignment.name,
        question_id=question_id,
        public_id=submission.public_id,
    )
    return redirect(place, code=303)
