"""Import assignments, set their rules, release them, extend deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for, course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import number_field, whole_field
from web.http import db, end_transaction, portal, signed_in
from web.models import CountedAttempt, CourseAssignment, Membership, Role, Snapshot, User
from web.policy import Action
from web.services.courses import assignments, snapshots, validation
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local, note_on, parse_local
from web.services.errors import RuleError
from web.services.people import roster

MOMENTS: Final = ("release_at", "due_at", "cutoff_at", "results_at", "solution_at")


@bp.get("/courses/<slug>/staff/assignments/")
def list_assignments(slug: str) -> str:
    """Show the course's assignments, and those on the server that can be imported."""
    course = course_for(slug, Action.MANAGE_COURSE)
    imported = assignments.course_assignments(db(), course)
    names = {assignment.name for assignment in imported}
    offers = snapshots.offers(portal().settings.assignment_folders)
    return render_template(
        "staff/assignments.html",
        course=course,
        assignments=imported,
        offers=[offer for offer in offers if offer.name not in names],
    )


@bp.post("/courses/<slug>/staff/assignments/take-up")
def import_assignment(slug: str) -> Response:
    """Import an assignment into the course, as it stands on the server now."""
    course = course_for(slug, Action.MANAGE_COURSE)
    snapshot = _import(request.form.get("name", "")[:100])
    assignment = assignments.add_to_course(db(), signed_in(), course, snapshot)
    db().commit()
    validation.request(portal().settings.snapshots, snapshot)
    flash(
        f"“{snapshot.title}” is in the course, and its proof has begun. Set its rules meanwhile.",
        "good",
    )
    return redirect(url_for("staff.show_assignment", slug=slug, name=assignment.name), code=303)


@bp.get("/courses/<slug>/staff/assignments/<name>/")
def show_assignment(slug: str, name: str) -> str:
    """Show an assignment's rules, extensions, and whether the server holds a newer version."""
    return _page(assignment_for(slug, name, Action.MANAGE_ASSIGNMENT))


@bp.post("/courses/<slug>/staff/assignments/<name>/rules")
def change_rules(slug: str, name: str) -> Response | tuple[str, int]:
    """Change an assignment's rules."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    try:
        assignments.set_rules(db(), signed_in(), assignment, _rules(assignment))
    except RuleError as error:
        return _typed_again(assignment, "rules", error)
    db().commit()
    flash("The rules are changed.", "good")
    _flash_notes(assignment, MOMENTS)
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/release")
def release_assignment(slug: str, name: str) -> Response:
    """Let students see an assignment from now on."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    assignments.release_now(db(), signed_in(), assignment)
    db().commit()
    flash("Students see it now.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/update")
def update_assignment(slug: str, name: str) -> Response:
    """Take the newer version from the server; earlier submissions keep theirs."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    snapshot = _import(name)
    assignments.use_snapshot(db(), signed_in(), assignment, snapshot)
    db().commit()
    validation.request(portal().settings.snapshots, snapshot)
    flash("New submissions are graded by it; earlier ones only if you grade them again.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions")
def grant_extension(slug: str, name: str) -> Response | tuple[str, int]:
    """Give one student a later deadline or more attempts."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(assignment)
    try:
        assignments.extend(db(), signed_in(), assignment, student, _terms(assignment))
    except RuleError as error:
        return _typed_again(assignment, "extension", error)
    db().commit()
    flash(f"{student.name} has an extension.", "good")
    _flash_notes(assignment, ("due_at", "cutoff_at"))
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions/withdraw")
def withdraw_extension(slug: str, name: str) -> Response:
    """Let the assignment's own rules hold for a student again."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(assignment)
    if not assignments.withdraw_extension(db(), signed_in(), assignment, student):
        abort(404)
    db().commit()
    flash(f"{student.name} has no extension any more.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


def _chosen_student(assignment: CourseAssignment) -> User:
    chosen = request.form.get("student", type=int)
    student = next((each.user for each in _students(assignment) if each.user_id == chosen), None)
    return student or abort(404)


def _import(name: str) -> Snapshot:
    settings = portal().settings
    end_transaction()
    assignment = snapshots.prepare(settings.snapshots, settings.assignment_folders, name)
    return snapshots.import_version(db(), assignment)


def _page(assignment: CourseAssignment, form: str = "", error: str = "") -> str:
    """Render the page; with an error, what was typed into that form stays."""
    zone = zone_of(assignment.course)
    settings = portal().settings
    offers = snapshots.offers(settings.assignment_folders)
    return render_template(
        "staff/assignment.html",
        course=assignment.course,
        assignment=assignment,
        local=lambda moment: format_local(moment, zone),
        extensions=assignments.extensions_of(db(), assignment),
        students=_students(assignment),
        offer=next((offer for offer in offers if offer.name == assignment.name), None),
        proof=validation.validation_of(settings.snapshots, assignment.snapshot),
        typed=request.form if form else {},
        form=form,
        error=error,
    )


def _typed_again(assignment: CourseAssignment, form: str, error: RuleError) -> tuple[str, int]:
    db().rollback()
    return _page(assignment, form, str(error)), 400


def _flash_notes(assignment: CourseAssignment, names: Sequence[str]) -> None:
    zone = zone_of(assignment.course)
    for note in {note_on(request.form.get(name, ""), zone) for name in names} - {""}:
        flash(note, "good")


def _terms(assignment: CourseAssignment) -> assignments.ExtensionTerms:
    zone = zone_of(assignment.course)
    return assignments.ExtensionTerms(
        due_at=parse_local(request.form.get("due_at", ""), zone),
        cutoff_at=parse_local(request.form.get("cutoff_at", ""), zone),
        extra_attempts=whole_field("extra_attempts", "More attempts") or 0,
        reason=request.form.get("reason", "")[:1000],
    )


def _students(assignment: CourseAssignment) -> list[Membership]:
    everybody = roster.members(db(), assignment.course)
    return [each for each in everybody if each.role == Role.STUDENT and each.active]


def _rules(assignment: CourseAssignment) -> assignments.AssignmentRules:
    zone = zone_of(assignment.course)
    try:
        counted = CountedAttempt(request.form.get("counted", ""))
    except ValueError:
        raise RuleError("Choose which attempt counts.") from None
    moments = {name: parse_local(request.form.get(name, ""), zone) for name in MOMENTS}
    return assignments.AssignmentRules(
        **moments,
        grace_minutes=whole_field("grace_minutes", "Grace") or 0,
        late_percent_per_day=number_field("late_percent_per_day", "Late penalty", empty=0) or 0.0,
        max_attempts=whole_field("max_attempts", "Attempts"),
        attempts_per_hour=whole_field("attempts_per_hour", "Attempts an hour"),
        counted=counted,
        weight=number_field("weight", "Weight", empty=0) or 0.0,
    )
