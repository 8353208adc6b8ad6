"""Take up assignments, set their rules, release them, extend deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff import bp
from web.blueprints.staff.common import assignment_for, course_for, number_field, whole_field
from web.db import now
from web.http import db, end_transaction, portal, signed_in
from web.models import CountedAttempt, CourseAssignment, Membership, Role, Snapshot, User
from web.policy import Action
from web.services.courses import assignments as service
from web.services.courses import snapshots, validation
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local, note_on, parse_local
from web.services.errors import RuleError
from web.services.people import roster

MOMENTS: Final = ("release_at", "due_at", "cutoff_at", "results_at", "solution_at")


@bp.get("/courses/<slug>/staff/assignments/")
def assignments(slug: str) -> str:
    """Show the course's assignments, and those on the server that can be taken up."""
    course = course_for(slug, Action.MANAGE_COURSE)
    taken = service.course_assignments(db(), course)
    names = {assignment.name for assignment in taken}
    found = snapshots.offers(portal().settings.assignment_folders)
    return render_template(
        "staff/assignments.html",
        course=course,
        assignments=taken,
        offers=[offer for offer in found if offer.name not in names],
    )


@bp.post("/courses/<slug>/staff/assignments/take-up")
def import_version(slug: str) -> Response:
    """Take an assignment into the course, as it stands on the server now."""
    course = course_for(slug, Action.MANAGE_COURSE)
    snapshot = _import(request.form.get("name", "")[:100])
    assignment = service.add_to_course(db(), signed_in(), course, snapshot)
    db().commit()
    validation.ask(portal().settings.snapshots, snapshot)
    flash(
        f"“{snapshot.title}” is in the course, and its proof has begun. Set its rules meanwhile.",
        "good",
    )
    return redirect(url_for("staff.assignment", slug=slug, name=assignment.name), code=303)


@bp.get("/courses/<slug>/staff/assignments/<name>/")
def assignment(slug: str, name: str) -> str:
    """Show an assignment's rules, extensions, and whether the server holds a newer content."""
    return _page(assignment_for(slug, name, Action.MANAGE_ASSIGNMENT))


@bp.post("/courses/<slug>/staff/assignments/<name>/rules")
def rules(slug: str, name: str) -> Response | tuple[str, int]:
    """Change an assignment's rules."""
    found = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    try:
        service.set_rules(db(), signed_in(), found, _rules(found))
    except RuleError as error:
        return _typed_again(found, "rules", error)
    db().commit()
    flash("The rules are changed.", "good")
    _flash_notes(found, MOMENTS)
    return redirect(url_for("staff.assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/release")
def release(slug: str, name: str) -> Response:
    """Let students see an assignment from now on."""
    found = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    service.release_now(db(), signed_in(), found)
    db().commit()
    flash("Students see it now.", "good")
    return redirect(url_for("staff.assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/update")
def update(slug: str, name: str) -> Response:
    """Take the newer content from the server; earlier submissions keep theirs."""
    found = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    snapshot = _import(name)
    service.use_snapshot(db(), signed_in(), found, snapshot)
    db().commit()
    validation.ask(portal().settings.snapshots, snapshot)
    flash("New submissions are graded by it; earlier ones only if you grade them again.", "good")
    return redirect(url_for("staff.assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions")
def extend(slug: str, name: str) -> Response | tuple[str, int]:
    """Give one student a later deadline or more attempts."""
    found = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(found)
    try:
        service.extend(db(), signed_in(), found, student, _terms(found))
    except RuleError as error:
        return _typed_again(found, "extension", error)
    db().commit()
    flash(f"{student.name} has an extension.", "good")
    _flash_notes(found, ("due_at", "cutoff_at"))
    return redirect(url_for("staff.assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions/withdraw")
def withdraw_extension(slug: str, name: str) -> Response:
    """Let the assignment's own rules hold for a student again."""
    found = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(found)
    if not service.withdraw_extension(db(), signed_in(), found, student):
        abort(404)
    db().commit()
    flash(f"{student.name} has no extension any more.", "good")
    return redirect(url_for("staff.assignment", slug=slug, name=name), code=303)


def _chosen_student(found: CourseAssignment) -> User:
    chosen = request.form.get("student", type=int)
    student = next((each.user for each in _students(found) if each.user_id == chosen), None)
    return student or abort(404)


def _import(name: str) -> Snapshot:
    settings = portal().settings
    end_transaction()
    assignment = snapshots.prepare(settings.snapshots, settings.assignment_folders, name)
    return snapshots.import_version(db(), assignment)


def _page(found: CourseAssignment, form: str = "", error: str = "") -> str:
    """Render the page; with an error, what was typed into that form stays."""
    zone = zone_of(found.course)
    settings = portal().settings
    offers = snapshots.offers(settings.assignment_folders)
    return render_template(
        "staff/assignment.html",
        course=found.course,
        assignment=found,
        local=lambda moment: format_local(moment, zone),
        extensions=service.extensions_of(db(), found),
        students=_students(found),
        offer=next((offer for offer in offers if offer.name == found.name), None),
        proof=validation.validation_of(settings.snapshots, found.snapshot),
        released=found.release_at is not None and found.release_at <= now(),
        typed=request.form if form else {},
        form=form,
        error=error,
    )


def _typed_again(found: CourseAssignment, form: str, error: RuleError) -> tuple[str, int]:
    db().rollback()
    return _page(found, form, str(error)), 400


def _flash_notes(found: CourseAssignment, names: Sequence[str]) -> None:
    zone = zone_of(found.course)
    for note in {note_on(request.form.get(name, ""), zone) for name in names} - {""}:
        flash(note, "good")


def _terms(found: CourseAssignment) -> service.ExtensionTerms:
    zone = zone_of(found.course)
    return service.ExtensionTerms(
        due_at=parse_local(request.form.get("due_at", ""), zone),
        cutoff_at=parse_local(request.form.get("cutoff_at", ""), zone),
        extra_attempts=whole_field("extra_attempts", "More attempts") or 0,
        reason=request.form.get("reason", "")[:1000],
    )


def _students(found: CourseAssignment) -> list[Membership]:
    everybody = roster.members(db(), found.course)
    return [each for each in everybody if each.role == Role.STUDENT and each.active]


def _rules(found: CourseAssignment) -> service.AssignmentRules:
    zone = zone_of(found.course)
    try:
        counted = CountedAttempt(request.form.get("counted", ""))
    except ValueError:
        raise RuleError("Choose which attempt counts.") from None
    moments = {name: parse_local(request.form.get(name, ""), zone) for name in MOMENTS}
    return service.AssignmentRules(
        **moments,
        grace_minutes=whole_field("grace_minutes", "Grace") or 0,
        late_percent_per_day=number_field("late_percent_per_day", "Late penalty", empty=0) or 0.0,
        max_attempts=whole_field("max_attempts", "Attempts"),
        attempts_per_hour=whole_field("attempts_per_hour", "Attempts an hour"),
        counted=counted,
        weight=number_field("weight", "Weight", empty=0) or 0.0,
    )
