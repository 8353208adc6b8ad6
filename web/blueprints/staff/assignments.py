"""Import assignments, set their rules, release them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from autograder.assignment import Assignment
from web.blueprints.resources import assignment_for, course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.confirmation import UnconfirmedError, confirmed
from web.blueprints.staff.form_fields import whole_field
from web.blueprints.staff.form_versions import (
    ChangedMeanwhileError,
    Shown,
    refuse_outdated,
    shown_columns,
    version_of,
)
from web.blueprints.staff.rules_form import LABELS, MOMENTS, checked_rules
from web.http import db, end_transaction, portal, signed_in, writing
from web.models import Course, CourseAssignment
from web.policy import Action, allowed
from web.services.courses import assignments, courses, snapshots, validation, versions
from web.services.courses.courses import zone_of
from web.services.courses.local_time import format_local, note_on
from web.services.errors import MistakesError, RuleError
from web.services.grading import rule_effects
from web.services.grading.rule_effects import RuleEffect
from web.services.overview.schedule import count_students, count_submitted
from web.services.visibility import longer_waits

_BESIDE_FIELDS: Final = "Nothing was saved: see what is written below the fields."
UPDATED: Final = "Updated. New submissions use this version; regrade to apply it to earlier ones."
WAITS: Final = (
    "Validation has started. The new version grades as soon as it has passed; until then the "
    "present one does."
)


@bp.get("/courses/<slug>/staff/assignments/")
def list_assignments(slug: str) -> str:
    """Show the course's assignments; to instructors those on the server that can be imported."""
    return _list(course_for(slug, Action.SEE_STAFF_PAGES))


@bp.post("/courses/<slug>/staff/late-days")
def change_late_days(slug: str) -> Response | tuple[str, int]:
    """Change how many days each student may be late without a penalty."""
    course = course_for(slug, Action.MANAGE_COURSE)
    late_days = whole_field("late_days", "Late days per student") or 0
    courses.check_late_days(late_days)
    try:
        with writing() as session:
            refuse_outdated(_late_days_shown(course))
            effect = confirmed(rule_effects.effect_of_late_days(session, course, late_days))
            courses.set_late_days(session, signed_in(), course, late_days, effect.as_details())
    except UnconfirmedError as unconfirmed:
        return _list(course, unconfirmed.effect), 200
    flash("Late days saved.", "good")
    return redirect(url_for("staff.list_assignments", slug=slug), code=303)


def _late_days_shown(course: Course) -> dict[str, Shown]:
    return {"late_days": Shown("Late days per student", str(course.late_days))}


def _list(course: Course, effect: RuleEffect | None = None) -> str:
    manages = allowed(db(), signed_in(), Action.MANAGE_COURSE, course)
    imported = assignments.course_assignments(db(), course)
    ids, names = [each.id for each in imported], {each.name for each in imported}
    offers = snapshots.offers(portal().settings.assignment_folders) if manages else []
    return render_template(
        "staff/assignments.html",
        course=course,
        assignments=imported,
        submitted=count_submitted(db(), ids),
        students=count_students(db(), course),
        to_grade=portal().ungraded.by_assignment(db(), course),
        offers=[offer for offer in offers if offer.name not in names],
        manages=manages,
        late_days_version=version_of(_late_days_shown(course)),
        effect=effect,
        typed=request.form if effect else {},
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


@bp.get("/courses/<slug>/staff/assignments/<name>/settings")
def show_assignment(slug: str, name: str) -> str:
    """Show an assignment's rules, and whether the server holds a newer version."""
    return _page(assignment_for(slug, name, Action.MANAGE_ASSIGNMENT))


@bp.post("/courses/<slug>/staff/assignments/<name>/rules")
def change_rules(slug: str, name: str) -> Response | tuple[str, int]:
    """Change an assignment's rules."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    try:
        with writing() as session:
            refuse_outdated(_rules_shown(assignment))
            rules = checked_rules(assignment)
            effect = confirmed(rule_effects.effect_of_rules(session, assignment, rules))
            assignments.set_rules(session, signed_in(), assignment, rules, effect.as_details())
    except UnconfirmedError as unconfirmed:
        return _page(assignment, "rules", effect=unconfirmed.effect), 200
    except RuleError as error:
        return _refused(assignment, "rules", error)
    flash("Settings saved.", "good")
    flash_notes(assignment, MOMENTS)
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
    """Take the newer version from the server; it grades as soon as it is known to be valid."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    prepared = _prepared(name)
    folder = portal().settings.snapshots
    with writing() as session:
        snapshot = snapshots.import_version(session, prepared)
        used = versions.propose(session, folder, signed_in(), assignment, snapshot)
    validation.request(folder, snapshot)
    flash(UPDATED if used else WAITS, "good")
    return redirect(url_for("staff.show_assignment", slug=slug, name=name), code=303)


def _prepared(name: str) -> Assignment:
    settings = portal().settings
    end_transaction()
    return snapshots.prepare(settings.snapshots, settings.assignment_folders, name)


def _refused(assignment: CourseAssignment, form: str, error: RuleError) -> tuple[str, int]:
    """Show why a form was refused; what somebody else has changed is a conflict."""
    code = 409 if isinstance(error, ChangedMeanwhileError) else 400
    if isinstance(error, MistakesError):
        return _page(assignment, form, _BESIDE_FIELDS, problems=error.problems), code
    return _page(assignment, form, str(error)), code


def _rules_shown(assignment: CourseAssignment) -> dict[str, Shown]:
    return shown_columns(assignment, LABELS, zone_of(assignment.course))


def _page(
    assignment: CourseAssignment,
    form: str = "",
    error: str = "",
    effect: RuleEffect | None = None,
    problems: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Render the page; beside an error or what is to be confirmed, what was typed stays."""
    zone = zone_of(assignment.course)
    settings = portal().settings
    offers = snapshots.offers(settings.assignment_folders)
    waiting = assignment.next_snapshot
    return render_template(
        "staff/assignment.html",
        course=assignment.course,
        assignment=assignment,
        local=lambda moment: format_local(moment, zone),
        labels=LABELS,
        rules_version=version_of(_rules_shown(assignment)),
        offer=next((offer for offer in offers if offer.name == assignment.name), None),
        validation=validation.validation_of(settings.snapshots, assignment.snapshot),
        next_validation=waiting and validation.validation_of(settings.snapshots, waiting),
        typed=request.form if form else {},
        form=form,
        error=error,
        problems=problems,
        effect=effect,
        longer_waits=longer_waits(db(), assignment),
    )


def flash_notes(assignment: CourseAssignment, names: Sequence[str]) -> None:
    """Explain what was understood of times that clocks have twice, or not at all."""
    zone = zone_of(assignment.course)
    for note in {note_on(request.form.get(name, ""), zone) for name in names} - {""}:
        flash(note, "good")
