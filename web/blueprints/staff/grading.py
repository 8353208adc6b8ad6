"""Grade written answers: the queue of a question, one answer after another, saved comments."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
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
from web.http import db, portal, require, signed_in, writing
from web.models import CourseAssignment, ManualGrade, SnapshotQuestion, Submission
from web.policy import Action, allowed
from web.services import audit
from web.services.courses import extension_requests, snapshots
from web.services.errors import RuleError
from web.services.grading import (
    claims,
    comments,
    grade_changes,
    groups,
    marks,
    release,
    requests,
    second_marking,
    shares,
    written_answers,
)
from web.services.grading.written_answers import ChangedRubricError, NewerGradeError


@bp.get("/courses/<slug>/staff/grading/")
def show_grading(slug: str) -> str:
    """Show what awaits a person in each assignment."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    extends = allowed(db(), signed_in(), Action.MANAGE_COURSE, course)
    return render_template(
        "staff/grading_overview.html",
        course=course,
        rows=release.progress(db(), course),
        ungraded=portal().ungraded.by_assignment(db(), course),
        open_requests=requests.open_by_assignment(db(), course),
        more_time=extension_requests.count_open(db(), course) if extends else 0,
    )


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/")
def list_answers(slug: str, name: str, question_id: str) -> str:
    """Show the answers to a written question, and how far their grading is."""
    assignment, question = question_for(slug, name, question_id)
    found = written_answers.student_marks(db(), assignment)
    answers = written_answers.queue(db(), assignment, question_id, found)
    markings = second_marking.second_markings(db(), assignment, question_id, answers)
    waiting = markings.waiting_for(signed_in())
    instructs = allowed(db(), signed_in(), Action.RELEASE_GRADES, assignment)
    return render_template(
        "staff/answers.html",
        markings=markings,
        second_waiting=len(waiting),
        blind=set() if instructs else {each.submission.id for each in waiting},
        course=assignment.course,
        assignment=assignment,
        question=question,
        answers=answers,
        groups=portal().groups.of(db(), answers),
        shares=shares.shares(
            db(), assignment, question_id, [(each.submission, each.graded) for each in answers]
        ),
        graders=shares.graders_of(db(), assignment),
        sections=[(each, f"section {each}") for each in shares.sections_of(db(), assignment)],
        assigns=instructs,
        last=grade_changes.last_decision(db(), signed_in(), assignment, question_id),
    )


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/graders")
def assign_answers(slug: str, name: str, question_id: str) -> Response:
    """Assign the answers to graders, who get theirs first."""
    assignment, _ = question_for(slug, name, question_id)
    require(Action.RELEASE_GRADES, assignment)
    # Untrusted: made-up numbers and sections, which are looked for among the course's.
    chosen = {
        each.id: request.form.get(f"section-{each.id}", "")
        for each in shares.graders_of(db(), assignment)
        if request.form.get(f"grader-{each.id}") == "1"
    }
    with writing() as session:
        shares.assign(session, signed_in(), assignment, question_id, chosen)
    flash("Graders saved.", "good")
    return to_answers(assignment, question_id)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/next")
def claim_next_answer(slug: str, name: str, question_id: str) -> Response:
    """Claim the next answer that nobody has graded and nobody else reads."""
    assignment, _ = question_for(slug, name, question_id)
    leaving = answer_in(assignment, request.form.get("leaving", ""))
    return _to_next(assignment, question_id, leaving)


@bp.get("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/")
def show_answer(slug: str, name: str, question_id: str, public_id: str) -> str | Response:
    """Show an answer with its rubric; whoever looks at it first holds it for some minutes."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    if _is_blind(assignment, submission, question_id):
        return redirect(url_for("staff.show_second", **(request.view_args or {})))
    with writing(grades=False) as session:
        claims.take(session, signed_in(), submission, question_id)
    grade = written_answers.grade_of(db(), submission, question_id)
    return _page(assignment, question, submission, Fields.saved(question, grade))


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/")
def grade_answer(
    slug: str, name: str, question_id: str, public_id: str
) -> str | Response | tuple[str, int]:
    """Save a grade; or put a saved comment into the one that is being written."""
    assignment, submission, question = answer_for(slug, name, question_id, public_id)
    if _is_blind(assignment, submission, question_id):
        raise RuleError("Give this answer its second grade first, without seeing the first one.")
    fields = Fields.typed()
    inserted = request.form.get("insert", type=int)
    if inserted is not None:
        saved = comments.of_question(db(), assignment, question_id)
        text = next((each.text for each in saved if each.id == inserted), "")
        return _page(assignment, question, submission, fields.with_comment(text))
    try:
        entered = fields.entered(tenths_field("points", "Points"))
        with writing() as session:
            written_answers.save(session, signed_in(), submission, question_id, entered)
    except NewerGradeError as error:
        fields = replace(fields, version=error.grade.version)
        return _page(assignment, question, submission, fields, newer=error.grade), 409
    except ChangedRubricError as error:
        fields = replace(fields, items=())
        return _page(assignment, question, submission, fields, problem=str(error)), 409
    except RuleError as error:
        return _page(assignment, question, submission, fields, problem=str(error)), 400
    if request.form.get("then") == "next":
        return _to_next(assignment, question_id, submission)
    flash("Grade saved.", "good")
    return to_answer(assignment, question_id, submission)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/<public_id>/claim")
def claim_answer(slug: str, name: str, question_id: str, public_id: str) -> Response:
    """Hold an answer for some more minutes; with ``take=1`` take it from whoever holds it."""
    assignment, submission, _ = answer_for(slug, name, question_id, public_id)
    force = request.form.get("take") == "1"
    with writing() as session:
        claims.take(session, signed_in(), submission, question_id, force=force)
        if force:
            course, target = assignment.course, audit.question_target(submission, question_id)
            audit.record(session, signed_in(), "answer.taken_over", course=course, target=target)
    return to_answer(assignment, question_id, submission)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/comments")
def save_comment(slug: str, name: str, question_id: str) -> Response:
    """Save a comment for the next answers."""
    assignment, _ = question_for(slug, name, question_id)
    with writing() as session:
        comments.add(session, signed_in(), assignment, question_id, request.form.get("text", ""))
    flash("Comment saved.", "good")
    return _back(assignment, question_id)


@bp.post("/courses/<slug>/staff/grading/<name>/<question_id>/comments/<row:number>/delete")
def delete_comment(slug: str, name: str, question_id: str, number: int) -> Response:
    """Delete a saved comment."""
    assignment, _ = question_for(slug, name, question_id)
    with writing() as session:
        comments.delete(session, signed_in(), assignment, question_id, number)
    flash("Comment deleted.", "good")
    return _back(assignment, question_id)


def _to_next(
    assignment: CourseAssignment, question_id: str, leaving: Submission | None
) -> Response:
    with writing() as session:
        following = written_answers.take_next(
            session, signed_in(), assignment, question_id, leaving
        )
    if following is not None:
        return to_answer(assignment, question_id, following)
    flash("All answers are graded or being graded by somebody else.", "good")
    return to_answers(assignment, question_id)


def _back(assignment: CourseAssignment, question_id: str) -> Response:
    """Go back to the answer that is being graded, or to the list of them."""
    submission = answer_in(assignment, request.form.get("public_id", ""))
    if submission is not None:
        return to_answer(assignment, question_id, submission)
    return to_answers(assignment, question_id)


def _is_blind(assignment: CourseAssignment, submission: Submission, question_id: str) -> bool:
    """Return whether one is to give an answer a second grade, and must not see the first one."""
    if allowed(db(), signed_in(), Action.RELEASE_GRADES, assignment):
        return False
    return second_marking.awaits(db(), signed_in(), submission, question_id)


def _is_present(assignment: CourseAssignment, question: SnapshotQuestion) -> bool:
    """Return whether the present version asks the question as it was asked here."""
    present = written_answers.written_question(assignment.snapshot, question.id)
    return present is not None and present.hash == question.hash


def _page(
    assignment: CourseAssignment,
    question: SnapshotQuestion,
    submission: Submission,
    fields: Fields,
    *,
    newer: ManualGrade | None = None,
    problem: str = "",
) -> str:
    """Show an answer with the form, whose fields may hold what was not saved."""
    answer = shown_answer(submission, question.id)
    folder = portal().settings.snapshots
    queue = written_answers.queue(db(), assignment, question.id)
    mark = marks.question_mark_of(db(), submission, question.id)
    claim = claims.present(db(), [submission.id], question.id).get(submission.id)
    others = claim is not None and claim.grader_id != signed_in().id
    return render_template(
        "staff/answer.html",
        course=assignment.course,
        assignment=assignment,
        question=question,
        has_rubric=_is_present(assignment, question),
        submission=submission,
        answer=answer,
        prompt=snapshots.prompt(folder, submission.snapshot, question.id),
        model=snapshots.model_answer(folder, assignment.snapshot, question.id),
        fields=fields,
        grade=None if mark is None else mark.grade,
        outdated=mark is not None and mark.outdated,
        newer=newer,
        problem=problem,
        reader=claim.grader if claim is not None and others else None,
        comments=comments.of_question(db(), assignment, question.id),
        group=groups.group_of(portal().groups.of(db(), queue), submission.public_id),
        last=grade_changes.last_decision(db(), signed_in(), assignment, question.id),
        waiting=sum(not each.graded for each in queue),
        total=len(queue),
    )
