"""Grade answers that are alike with one decision, and take the last decision back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import flash, render_template, request
from werkzeug.wrappers import Response

from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import tenths_field
from web.blueprints.staff.grading_form import Fields, shown_answer
from web.blueprints.staff.grading_lookups import (
    answer_for,
    answer_in,
    question_for,
    to_answer,
    to_answers,
)
from web.db import LARGEST_INTEGER
from web.http import db, portal, signed_in, writing
from web.models import CourseAssignment, SnapshotQuestion, Submission
from web.policy import Action, allowed
from web.services.courses import snapshots
from web.services.errors import RuleError
from web.services.grading import grade_changes, group_grades, groups, written_answers
from web.services.grading.group_grades import Member, Together
from web.services.grading.written_answers import ChangedRubricError

_MOST: Final = 2000


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/group")
def show_group(slug: str, name: str, question_id: str, public_id: str) -> str | Response:
    """Show the answers that are like this one, to be graded with one decision."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    return _group_page(assignment, submission, question, Fields())


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/group")
def grade_group(
    slug: str, name: str, question_id: str, public_id: str
) -> str | Response | tuple[str | Response, int]:
    """Grade the chosen answers alike."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    fields = Fields.typed()
    try:
        entered = fields.entered(tenths_field("points", "Points"))
        members = _members(assignment)
        hashed = request.form.get("question", "")
        with writing() as session:
            done = group_grades.save_together(
                session, signed_in(), members, question_id, hashed, entered
            )
    except ChangedRubricError as error:
        fields = replace(fields, items=())
        return _group_page(assignment, submission, question, fields, problem=str(error)), 409
    except RuleError as error:
        return _group_page(assignment, submission, question, fields, problem=str(error)), 400
    _tell(done)
    return to_answers(assignment, question_id)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/undo")
def undo_decision(slug: str, name: str, question_id: str) -> Response:
    """Take back one's last decision on the question's answers."""
    assignment, _ = question_for(slug, name, question_id)
    with writing() as session:
        undone = grade_changes.undo(
            session, signed_in(), assignment, question_id, request.form.get("decision", "")
        )
        count, first = len(undone), undone[0]
    if count > 1:
        flash(f"Undone for {count} answers.", "good")
        return to_answers(assignment, question_id)
    flash("Undone: this answer is as it was before.", "good")
    return to_answer(assignment, question_id, first)


def _members(assignment: CourseAssignment) -> list[Member]:
    """Return the answers that were ticked, each with the version of the grade that was seen."""
    found = []
    # Untrusted: others' submissions and made-up versions; each is looked for in the assignment.
    for ticked in request.form.getlist("answer")[:_MOST]:
        public_id, _, version = ticked.partition(":")
        submission = answer_in(assignment, public_id)
        if submission is None or not allowed(db(), signed_in(), Action.GRADE, submission):
            continue
        number = int(version) if version.isascii() and version.isdigit() else 0
        found.append(Member(submission, min(number, LARGEST_INTEGER)))
    return found


def _tell(done: Together) -> None:
    graded, left = len(done.graded), len(done.left)
    if graded:
        flash("1 answer graded." if graded == 1 else f"{graded} answers graded together.", "good")
    if left:
        flash(
            f"{left} not graded, because somebody else is grading or has graded "
            f"{'it' if left == 1 else 'them'} in the meantime.",
            "wait",
        )


def _group_page(
    assignment: CourseAssignment,
    submission: Submission,
    question: SnapshotQuestion,
    fields: Fields,
    *,
    problem: str = "",
) -> str | Response:
    folder = portal().settings.snapshots
    queue = written_answers.queue(db(), assignment, question.id)
    group = groups.group_of(portal().groups.of(db(), queue), submission.public_id)
    if group is None:
        flash("These answers are graded now, or differ from each other.", "wait")
        return to_answers(assignment, question.id)
    rows = list(zip(group.answers, groups.differences(db(), group), strict=True))
    prompt = snapshots.prompt(folder, submission.snapshot, question.id)
    return render_template(
        "staff/answer_group.html",
        course=assignment.course,
        assignment=assignment,
        question=question,
        group=group,
        rows=rows,
        prompt=prompt,
        fields=fields,
        problem=problem,
        ticked=set(request.form.getlist("answer")) if problem else None,
        answer=shown_answer(group.answers[0].submission, question.id),
    )
