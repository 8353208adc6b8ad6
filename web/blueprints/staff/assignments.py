"""Import assignments, set their rules, release them, extend deadlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from autograder.assignment import Assignment
from web.blueprints.resources import assignment_for, course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.confirmation import UnconfirmedError, confirmed
from web.blueprints.staff.form_fields import number_field, whole_field
from web.blueprints.staff.form_versions import (
    ChangedMeanwhileError,
    Shown,
    refuse_outdated,
    shown_columns,
    shown_value,
    version_of,
)
from web.http import db, end_transaction, portal, signed_in, writing
from web.models import CountedAttempt, CourseAssignment, Extension, Membership, Role, User
from web.policy import Action
from web.services.courses import assignments, snapshots, validation
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local, note_on, parse_local
from web.services.errors import RuleError
from web.services.grading import rule_effects
from web.services.grading.rule_effects import RuleEffect
from web.services.people import roster
from web.services.visibility import longer_waits, visibility_for

MOMENTS: Final = ("release_at", "due_at", "cutoff_at", "results_at", "solution_at")
LABELS: Final[Mapping[str, str]] = {
    "release_at": "Visible from",
    "due_at": "Deadline",
    "cutoff_at": "Late submissions until",
    "results_at": "Scores and hidden tests visible from",
    "solution_at": "Solution visible from",
    "grace_minutes": "Grace period (minutes)",
    "late_percent_per_day": "Late penalty (% per day)",
    "max_attempts": "Attempts allowed",
    "attempts_per_hour": "Attempts per hour",
    "counted": "Counted attempt",
    "weight": "Weight in the course grade",
    "practice": "Accept practice submissions afterwards (graded, not part of the grade)",
}


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
    prepared = _prepared(request.form.get("name", "")[:100])
    with writing() as session:
        snapshot = snapshots.import_version(session, prepared)
        assignment = assignments.add_to_course(session, signed_in(), course, snapshot)
    validation.request(portal().settings.snapshots, snapshot)
    flash(
        f"“{snapshot.title}” added; validation has started. You can change its settings meanwhile.",
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
        with writing() as session:
            refuse_outdated(_rules_shown(assignment))
            rules = _rules(assignment)
            assignments.check_rules(rules)
            effect = confirmed(rule_effects.effect_of_rules(session, assignment, rules))
            assignments.set_rules(session, signed_in(), assignment, rules, effect.as_details())
    except UnconfirmedError as unconfirmed:
        return _page(assignment, "rules", effect=unconfirmed.effect), 200
    except RuleError as error:
        return _refused(assignment, "rules", error)
    flash("Settings saved.", "good")
    _flash_notes(assignment, MOMENTS)
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/release")
def release_assignment(slug: str, name: str) -> Response:
    """Let students see an assignment from now on."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    with writing() as session:
        assignments.release_now(session, signed_in(), assignment)
    flash("Released. Students can see it now.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/update")
def update_assignment(slug: str, name: str) -> Response:
    """Take the newer version from the server; earlier submissions keep theirs."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    prepared = _prepared(name)
    with writing() as session:
        snapshot = snapshots.import_version(session, prepared)
        assignments.use_snapshot(session, signed_in(), assignment, snapshot)
    validation.request(portal().settings.snapshots, snapshot)
    flash("Updated. New submissions use this version; regrade to apply it to earlier ones.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions")
def grant_extension(slug: str, name: str) -> Response | tuple[str, int]:
    """Give one student a later deadline or more attempts."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(assignment)
    knows_solution = visibility_for(db(), assignment, student).solution
    try:
        with writing() as session:
            refuse_outdated(_extension_shown(assignment, student))
            terms = _terms(assignment)
            assignments.check_terms(terms)
            effect = _extension_effect(session, assignment, student, terms)
            assignments.extend(session, signed_in(), assignment, student, terms, effect)
    except UnconfirmedError as unconfirmed:
        return _page(assignment, "extension", effect=unconfirmed.effect), 200
    except RuleError as error:
        return _refused(assignment, "extension", error)
    flash(f"Extension granted to {student.name}.", "good")
    if knows_solution:
        flash(f"{student.name} may already have downloaded the solution.", "error")
    _flash_notes(assignment, ("due_at", "cutoff_at"))
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


@bp.post("/courses/<slug>/staff/assignments/<name>/extensions/withdraw")
def withdraw_extension(slug: str, name: str) -> Response | str:
    """Let the assignment's own rules hold for a student again."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    student = _chosen_student(assignment)
    try:
        with writing() as session:
            refuse_outdated(_extension_shown(assignment, student))
            effect = _extension_effect(session, assignment, student, None)
            actor = signed_in()
            if not assignments.withdraw_extension(session, actor, assignment, student, effect):
                abort(404)
    except UnconfirmedError as unconfirmed:
        return _page(assignment, "withdrawal", effect=unconfirmed.effect)
    flash(f"Extension of {student.name} withdrawn.", "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


def _extension_effect(
    session: Session,
    assignment: CourseAssignment,
    student: User,
    terms: assignments.ExtensionTerms | None,
) -> dict[str, int]:
    effect = rule_effects.effect_of_extension(session, assignment, student, terms)
    return confirmed(effect).as_details()


def _chosen_student(assignment: CourseAssignment) -> User:
    chosen = request.form.get("student", type=int)
    student = next((each.user for each in _students(assignment) if each.user_id == chosen), None)
    return student or abort(404)


def _prepared(name: str) -> Assignment:
    settings = portal().settings
    end_transaction()
    return snapshots.prepare(settings.snapshots, settings.assignment_folders, name)


def _refused(assignment: CourseAssignment, form: str, error: RuleError) -> tuple[str, int]:
    """Show why a form was refused; what somebody else has changed is a conflict."""
    code = 409 if isinstance(error, ChangedMeanwhileError) else 400
    return _page(assignment, form, str(error)), code


def _rules_shown(assignment: CourseAssignment) -> dict[str, Shown]:
    return shown_columns(assignment, LABELS, zone_of(assignment.course))


def _extension_shown(assignment: CourseAssignment, student: User) -> dict[str, Shown]:
    """Return a student's extension as the page shows it, among all of the assignment."""
    nothing = Shown(f"the extension of {student.name}", "")
    key = str(student.id)
    return {key: _extensions_shown(assignment).get(key, nothing)}


def _extensions_shown(assignment: CourseAssignment) -> dict[str, Shown]:
    zone = zone_of(assignment.course)
    return {
        str(each.user_id): Shown(f"the extension of {each.user.name}", _in_words(each, zone))
        for each in assignments.extensions_of(db(), assignment)
    }


def _in_words(extension: Extension, zone: ZoneInfo) -> str:
    moments = (("until", extension.due_at), ("deadline", extension.cutoff_at))
    parts = [f"{words} {shown_value(moment, zone)}" for words, moment in moments if moment]
    parts.append(f"{extension.extra_attempts} extra attempts")
    return ", ".join([*parts, extension.reason] if extension.reason else parts)


def _page(
    assignment: CourseAssignment,
    form: str = "",
    error: str = "",
    effect: RuleEffect | None = None,
) -> str:
    """Render the page; beside an error or what is to be confirmed, what was typed stays."""
    zone = zone_of(assignment.course)
    settings = portal().settings
    offers = snapshots.offers(settings.assignment_folders)
    return render_template(
        "staff/assignment.html",
        course=assignment.course,
        assignment=assignment,
        local=lambda moment: format_local(moment, zone),
        labels=LABELS,
        rules_version=version_of(_rules_shown(assignment)),
        extensions_version=version_of(_extensions_shown(assignment)),
        extensions=assignments.extensions_of(db(), assignment),
        students=_students(assignment),
        offer=next((offer for offer in offers if offer.name == assignment.name), None),
        validation=validation.validation_of(settings.snapshots, assignment.snapshot),
        typed=request.form if form else {},
        form=form,
        error=error,
        effect=effect,
        longer_waits=longer_waits(db(), assignment),
    )


def _flash_notes(assignment: CourseAssignment, names: Sequence[str]) -> None:
    zone = zone_of(assignment.course)
    for note in {note_on(request.form.get(name, ""), zone) for name in names} - {""}:
        flash(note, "good")


def _terms(assignment: CourseAssignment) -> assignments.ExtensionTerms:
    zone = zone_of(assignment.course)
    return assignments.ExtensionTerms(
        due_at=parse_local(request.form.get("due_at", ""), zone),
        cutoff_at=parse_local(request.form.get("cutoff_at", ""), zone),
        extra_attempts=whole_field("extra_attempts", "Extra attempts") or 0,
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
        raise RuleError("Choose whether the best or the last attempt counts.") from None
    moments = {name: parse_local(request.form.get(name, ""), zone) for name in MOMENTS}
    return assignments.AssignmentRules(
        **moments,
        grace_minutes=whole_field("grace_minutes", "Grace") or 0,
        late_percent_per_day=number_field("late_percent_per_day", "Late penalty", empty=0) or 0.0,
        max_attempts=whole_field("max_attempts", "Attempts allowed"),
        attempts_per_hour=whole_field("attempts_per_hour", "Attempts per hour"),
        counted=counted,
        weight=number_field("weight", "Weight", empty=0) or 0.0,
        practice=request.form.get("practice") == "1",
    )
