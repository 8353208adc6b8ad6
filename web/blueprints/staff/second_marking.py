"""A share of a question's answers is graded by two people; instructors see how well they agree."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import tenths_field, whole_field
from web.blueprints.staff.grading_form import Fields, shown_answer
from web.blueprints.staff.grading_lookups import answer_for, answer_in, question_for, to_answers
from web.http import db, portal, require, signed_in, writing
from web.models import CourseAssignment, SnapshotQuestion, Submission
from web.policy import Action
from web.services.courses import snapshots
from web.services.errors import RuleError
from web.services.grading import claims, second_marking, written_answers
from web.services.grading.agreement import agreement_of
from web.services.grading.second_marking import Choice, SecondMarkings
from web.services.grading.written_answers import ChangedRubricError


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/second")
def change_second_marking(slug: str, name: str, question_id: str) -> Response:
    """Set which share of the answers two people grade."""
    assignment, _ = question_for(slug, name, question_id)
    require(Action.RELEASE_GRADES, assignment)
    percent = whole_field("percent", "Share of the answers") or 0
    with writing() as session:
        second_marking.set_percent(session, signed_in(), assignment, question_id, percent)
    flash("Second marking saved.", "good")
    return to_answers(assignment, question_id)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/second/next")
def claim_next_second(slug: str, name: str, question_id: str) -> Response:
    """Claim the next answer that awaits a second grade by this person."""
    assignment, _ = question_for(slug, name, question_id)
    leaving = answer_in(assignment, request.form.get("leaving", ""))
    return _to_next(assignment, question_id, leaving)


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/second")
def show_second(slug: str, name: str, question_id: str, public_id: str) -> str | Response:
    """Show an answer that awaits a second grade, without the first one."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    if not second_marking.awaits(db(), signed_in(), submission, question_id):
        flash("This answer needs no second grade from you.", "wait")
        return to_answers(assignment, question_id)
    with writing(grades=False) as session:
        claims.take(session, signed_in(), submission, question_id)
    return _page(assignment, question, submission, Fields())


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/second")
def grade_second(
    slug: str, name: str, question_id: str, public_id: str
) -> str | Response | tuple[str, int]:
    """Keep a second grade, and go to the next answer that awaits one."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    fields = Fields.typed()
    try:
        entered = fields.entered(tenths_field("points", "Points"))
        with writing() as session:
            second_marking.save(session, signed_in(), submission, question_id, entered)
    except ChangedRubricError as error:
        fields = replace(fields, items=())
        return _page(assignment, question, submission, fields, problem=str(error)), 409
    except RuleError as error:
        return _page(assignment, question, submission, fields, problem=str(error)), 400
    return _to_next(assignment, question_id, submission)


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/agreement")
def show_agreement(slug: str, name: str, question_id: str) -> str:
    """Show how well two people agree, and where an instructor has to decide."""
    assignment, question = question_for(slug, name, question_id)
    require(Action.RELEASE_GRADES, assignment)
    found = _markings(assignment, question_id)
    pairs = found.pairs
    points = [(each.mark.first_tenths, each.mark.points_tenths) for each in pairs]
    return render_template(
        "staff/agreement.html",
        course=assignment.course,
        assignment=assignment,
        question=question,
        markings=found,
        agreement=agreement_of(points),
        pairs=sorted(pairs, key=lambda each: (not each.unsettled, not each.differs)),
    )


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/settle")
def settle_grades(slug: str, name: str, question_id: str, public_id: str) -> Response:
    """Decide between two grades that differ."""
    assignment, submission, _ = answer_for(slug, name, question_id, public_id)
    require(Action.RELEASE_GRADES, assignment)
    # Untrusted: what is none of the three choices is refused.
    typed = request.form.get("choice", "")
    if typed not in set(Choice):
        raise RuleError("Choose whose points hold.")
    points = tenths_field("points", "Points")
    with writing() as session:
        pairs = _markings(assignment, question_id).pairs
        pair = next((each for each in pairs if each.answer.submission == submission), None)
        if pair is None:
            raise RuleError("This answer has not been graded twice.")
        reason = request.form.get("reason", "")
        second_marking.settle(session, signed_in(), pair, Choice(typed), points, reason)
    flash("Settled.", "good")
    place = url_for("staff.show_agreement", slug=slug, name=name, question_id=question_id)
    return redirect(place, code=303)


def _markings(assignment: CourseAssignment, question_id: str) -> SecondMarkings:
    queue = written_answers.queue(db(), assignment, question_id)
    return second_marking.second_markings(db(), assignment, question_id, queue)


def _to_next(
    assignment: CourseAssignment, question_id: str, leaving: Submission | None
) -> Response:
    with writing(grades=False) as session:
        following = second_marking.take_next(session, signed_in(), assignment, question_id, leaving)
    if following is None:
        flash("No other answer needs a second grade from you now.", "good")
        return to_answers(assignment, question_id)
    place = url_for(
        "staff.show_second",
        slug=assignment.course.slug,
        name=assignment.name,
        question_id=question_id,
        public_id=following.public_id,
    )
    return redirect(place, code=303)


def _page(
    assignment: CourseAssignment,
    question: SnapshotQuestion,
    submission: Submission,
    fields: Fields,
    *,
    problem: str = "",
) -> str:
    folder = portal().settings.snapshots
    answer = shown_answer(submission, question.id)
    return render_template(
        "staff/answer_second.html",
        course=assignment.course,
        assignment=assignment,
        question=question,
        submission=submission,
        answer=answer,
        prompt=snapshots.prompt(folder, submission.snapshot, question.id),
        model=snapshots.model_answer(folder, assignment.snapshot, question.id),
        fields=fields,
        problem=problem,
        left=len(_markings(assignment, question.id).waiting_for(signed_in())),
    )
