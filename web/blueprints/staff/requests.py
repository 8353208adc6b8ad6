"""Students' requests to look at a question again, and their answers; changed points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, submission_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import tenths_field
from web.blueprints.staff.form_versions import Shown, refuse_outdated, version_of
from web.blueprints.staff.grading_form import shown_answer
from web.blueprints.submission_page import staff_page
from web.http import db, portal, require, signed_in, writing
from web.models import (
    Course,
    ExtensionRequest,
    PointsOverride,
    RegradeRequest,
    RequestState,
    User,
)
from web.policy import Action, allowed
from web.services.courses import extension_requests, snapshots
from web.services.courses.assignments import course_assignments
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local
from web.services.courses.rule_book import rule_book
from web.services.errors import RuleError
from web.services.grading import marks, overrides, requests, written_answers
from web.services.grading.rule_effects import RuleEffect
from web.services.grading.worth import QuestionMark


@bp.get("/courses/<slug>/staff/requests/")
def list_requests(slug: str) -> str:
    """Show what students ask for: requests that wait the longest first."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    return requests_page(course, everything=request.args.get("all") == "1")


@bp.get("/staff/requests/<row:number>/")
def show_request(number: int) -> str:
    """Show a student's request beside what it is about."""
    signed_in()
    regrade_request = db().get(RegradeRequest, number) or abort(404)
    require(Action.GRADE, regrade_request.submission)
    return _request_page(regrade_request)


@bp.post("/staff/requests/<row:number>/answer")
def answer_request(number: int) -> Response | tuple[str, int]:
    """Answer a student's request, with new points if they are right."""
    signed_in()
    regrade_request = db().get(RegradeRequest, number) or abort(404)
    user = require(Action.GRADE, regrade_request.submission)
    course = regrade_request.submission.assignment.course
    onward = request.form.get("onward") == "1"
    try:
        _answer(user, regrade_request)
    except RuleError as error:
        unsaved = UnsavedAnswer("regrade", number, str(error))
        if onward and regrade_request.state is RequestState.OPEN:
            return _request_page(regrade_request, unsaved), 400
        return requests_page(course, unsaved=unsaved), 400
    flash("Reply sent. The student can see it now.", "good")
    beside = requests.neighbours(db(), regrade_request) if onward else None
    following = (beside.after or beside.before) if beside is not None else None
    if following is not None:
        return redirect(url_for("staff.show_request", number=following.id), code=303)
    return redirect(url_for("staff.list_requests", slug=course.slug), code=303)


def _answer(user: User, regrade_request: RegradeRequest) -> None:
    decision = request.form.get("decision")
    if decision not in ("accept", "decline"):
        raise RuleError("Choose “Accept” or “Decline”.")
    with writing() as session:
        requests.answer(
            session,
            user,
            regrade_request,
            accepted=decision == "accept",
            text=request.form.get("answer", ""),
            tenths=tenths_field("points", "New points"),
        )


@dataclass(frozen=True)
class UnsavedAnswer:
    """
    An answer that was not saved, beside whose request the page says why.

    Args:
        kind: ``"regrade"`` or ``"extension"``.
        number: The request's.
        error: What is wrong with it.
        effect: What it would do to marks, to be confirmed.
    """

    kind: str
    number: int
    error: str = ""
    effect: RuleEffect | None = None


def requests_page(
    course: Course, *, everything: bool = False, unsaved: UnsavedAnswer | None = None
) -> str:
    """Render the page; what was typed into an answer that was not saved stays."""
    extends = allowed(db(), signed_in(), Action.MANAGE_COURSE, course)
    zone = zone_of(course)
    # Reasons for more time may be private, and only those who may extend need them.
    more_time = (
        extension_requests.of_course(db(), course, only_open=not everything) if extends else []
    )
    figures, by_question = requests.figures(db(), course)
    asked = requests.of_course(db(), course, only_open=not everything)
    assignments = {each.id: each for each in course_assignments(db(), course)}
    return render_template(
        "staff/requests.html",
        course=course,
        figures=figures,
        by_question=[(assignments[key], name, each) for (key, name), each in by_question.items()],
        requests=asked,
        asked_about=_marks_asked_about(asked),
        extension_requests=more_time,
        deadlines=_deadlines(more_time),
        local=lambda moment: format_local(moment, zone),
        everything=everything,
        unsaved=unsaved,
        typed=request.form,
    )


def _request_page(regrade_request: RegradeRequest, unsaved: UnsavedAnswer | None = None) -> str:
    submission, question_id = regrade_request.submission, regrade_request.question
    folder = portal().settings.snapshots
    written = written_answers.written_question(
        written_answers.graded_snapshot(db(), submission), question_id
    )
    answer = None if written is None else shown_answer(submission, question_id)
    page = staff_page(db(), submission, chosen=None)
    found = () if page.summary is None else page.summary.questions
    return render_template(
        "staff/request.html",
        course=submission.assignment.course,
        regrade_request=regrade_request,
        beside=requests.neighbours(db(), regrade_request),
        summary=next((each for each in found if each.id == question_id), None),
        # The requests stand beside it.
        own_remark=replace(page.remarks[question_id], requests=())
        if question_id in page.remarks
        else None,
        answer=answer,
        own_cells=page.own_cells.get(question_id, ()),
        prompt=snapshots.prompt(folder, submission.snapshot, question_id),
        model=snapshots.solution_text(folder, submission.assignment.snapshot, question_id),
        asked_mark=_marks_asked_about([regrade_request]).get(regrade_request.id),
        unsaved=unsaved,
        typed=request.form,
    )


def _marks_asked_about(asked: Sequence[RegradeRequest]) -> dict[int, QuestionMark]:
    """Return what the questions of open requests are worth now, by request."""
    waiting = [each for each in asked if each.state is RequestState.OPEN]
    found = marks.marks_of(db(), {each.submission_id: each.submission for each in waiting}.values())
    return {
        each.id: question
        for each in waiting
        for question in (found[each.submission_id].questions if each.submission_id in found else ())
        if question.id == each.question
    }


def _deadlines(asked: Sequence[ExtensionRequest]) -> dict[int, datetime]:
    """Return the deadlines that hold now for those who ask for a later one, by request."""
    book = rule_book(db(), [each.assignment for each in asked], {each.user_id for each in asked})
    found = {each.id: book.rules(each.assignment, each.user_id).due_at for each in asked}
    return {number: due_at for number, due_at in found.items() if due_at}


def points_version(override: PointsOverride | None) -> str:
    """Return what the forms that change a question's points hold of an earlier change."""
    return version_of(_points_shown(override))


def _points_shown(override: PointsOverride | None) -> dict[str, Shown]:
    value = "" if override is None else f"{override.points_tenths / 10:g}: {override.reason}"
    return {"points": Shown("the adjusted points", value)}


@bp.post("/staff/submissions/<public_id>/points/<question_id>")
def change_points(public_id: str, question_id: str) -> Response:
    """Give a question other points, with a reason that the student reads."""
    submission = submission_for(public_id, Action.GRADE)
    tenths = tenths_field("points", "Points")
    reason = request.form.get("reason", "")
    with writing() as session:
        refuse_outdated(_points_shown(overrides.override_of(session, submission, question_id)))
        overrides.set_points(session, signed_in(), submission, question_id, tenths, reason)
    flash("Points saved.", "good")
    return redirect(url_for("staff.show_submission", public_id=public_id), code=303)


@bp.post("/staff/submissions/<public_id>/points/<question_id>/restore")
def restore_points(public_id: str, question_id: str) -> Response:
    """Take a change of points back."""
    submission = submission_for(public_id, Action.GRADE)
    with writing() as session:
        refuse_outdated(_points_shown(overrides.override_of(session, submission, question_id)))
        overrides.remove(session, signed_in(), submission, question_id)
    flash("The original points are restored.", "good")
    return redirect(url_for("staff.show_submission", public_id=public_id), code=303)
