"""Extensions of an assignment: for one student, several, a section or a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import assignment_for
from web.blueprints.staff.assignments import flash_notes
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.confirmation import UnconfirmedError, confirmed
from web.blueprints.staff.form_fields import whole_field
from web.blueprints.staff.form_versions import (
    ChangedMeanwhileError,
    Shown,
    refuse_outdated,
    shown_value,
    version_of,
)
from web.http import db, signed_in, writing
from web.models import CourseAssignment, Extension, Membership
from web.policy import Action
from web.services import lookup
from web.services.courses import assignments
from web.services.courses.assignments import ExtensionTerms
from web.services.courses.courses import zone_of
from web.services.courses.local_time import parse_local
from web.services.errors import RuleError
from web.services.grading import rule_effects
from web.services.grading.rule_effects import ExtensionPreview, RuleEffect
from web.services.people import groups

_ADDRESS: Final = "/courses/<slug>/staff/assignments/<name>/extensions"


@dataclass(frozen=True)
class Chosen:
    """
    For whom an extension is to be.

    Args:
        students: Each once, by name.
        unknown: What was typed and names no student of the course.
        ambiguous: Names that several students have.
    """

    students: Sequence[Membership]
    unknown: Sequence[str] = ()
    ambiguous: Sequence[str] = ()

    @property
    def clear(self) -> bool:
        """Whether it is one student, who was named so that nobody else can be meant."""
        return len(self.students) == 1 and not self.unknown and not self.ambiguous


class NotPreviewedError(Exception):
    """
    An extension for several has not been shown to who grants it, or would do something else now.

    Args:
        chosen: For whom it would be.
        preview: What it would do.
    """

    def __init__(self, chosen: Chosen, preview: ExtensionPreview) -> None:
        super().__init__()
        self.chosen, self.preview = chosen, preview


@bp.get(f"{_ADDRESS}/")
def show_extensions(slug: str, name: str) -> str:
    """Show an assignment's extensions, and the form that grants some."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    students = _numbered(assignment, request.args.getlist("student"))
    return extensions_page(assignment, {"people": as_list(students)})


@bp.post(_ADDRESS)
def grant_extension(slug: str, name: str) -> Response | tuple[str, int]:
    """Grant students a later deadline or more attempts; what it does for several is shown first."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    try:
        preview = _grant(assignment)
    except NotPreviewedError as new:
        return extensions_page(
            assignment, request.form, chosen=new.chosen, preview=new.preview
        ), 200
    except RuleError as error:
        code = 409 if isinstance(error, ChangedMeanwhileError) else 400
        return extensions_page(assignment, _typed(assignment), error=str(error)), code
    flash(f"Extension granted to {_names(preview.names)}.", "good")
    if preview.know_solution:
        flash(f"{_names(preview.know_solution)} may already have downloaded the solution.", "error")
    flash_notes(assignment, ("due_at", "cutoff_at"))
    return redirect(url_for("staff.show_extensions", slug=slug, name=name), code=303)


@bp.post(f"{_ADDRESS}/withdraw")
def withdraw_extension(slug: str, name: str) -> Response | str:
    """Let the assignment's own rules hold for students again."""
    assignment = assignment_for(slug, name, Action.MANAGE_ASSIGNMENT)
    try:
        with writing() as session:
            have_one = {each.user_id for each in assignments.extensions_of(session, assignment)}
            students = [each for each in _ticked(assignment) if each.user_id in have_one]
            if not students:
                abort(404)
            refuse_outdated(_shown(assignment, students))
            user_ids = [each.user_id for each in students]
            effects = rule_effects.effects_of_extensions(session, assignment, user_ids, None)
            confirmed(effects.total)
            for each in students:
                effect = effects.of(each.user_id).as_details()
                assignments.withdraw_extension(session, signed_in(), assignment, each.user, effect)
    except UnconfirmedError as unconfirmed:
        return extensions_page(assignment, request.form, withdrawal=(students, unconfirmed.effect))
    flash(f"Extension of {_names([each.user.name for each in students])} withdrawn.", "good")
    return redirect(url_for("staff.show_extensions", slug=slug, name=name), code=303)


def extensions_page(
    assignment: CourseAssignment,
    typed: Mapping[str, str] | None = None,
    *,
    error: str = "",
    chosen: Chosen | None = None,
    preview: ExtensionPreview | None = None,
    withdrawal: tuple[Sequence[Membership], RuleEffect] | None = None,
) -> str:
    """
    Render the page; beside an error or what is to be confirmed, what was typed stays.

    Args:
        assignment: Whose extensions.
        typed: What the form is filled in with.
        error: Why nothing was saved.
        chosen: For whom the extension is to be that is previewed.
        preview: What it would do.
        withdrawal: Whose extensions are to end, and what that would do.
    """
    students = _students(assignment)
    return render_template(
        "staff/extensions.html",
        course=assignment.course,
        assignment=assignment,
        extensions=assignments.extensions_of(db(), assignment),
        version=version_of(_shown(assignment)),
        sections=groups.sections_of(students),
        labels=groups.labels_of(students),
        typed=typed or {},
        error=error,
        chosen=chosen,
        preview=preview,
        withdrawal=withdrawal,
        students=students,
    )


def _grant(assignment: CourseAssignment) -> ExtensionPreview:
    terms = _terms(assignment)
    with writing() as session:
        chosen = _chosen(assignment)
        refuse_outdated(_shown(assignment, chosen.students))
        assignments.check_terms(terms)
        preview = rule_effects.preview_extensions(session, assignment, chosen.students, terms)
        total = preview.effects.total
        sure = chosen.clear and total.nothing
        if not sure and request.form.get("confirmed") != total.token:
            raise NotPreviewedError(chosen, preview)
        for each in chosen.students:
            effect = preview.effects.of(each.user_id).as_details()
            assignments.extend(session, signed_in(), assignment, each.user, terms, effect)
    return preview


def _typed(assignment: CourseAssignment) -> dict[str, str]:
    """Return what was typed, with students that were ticked or confirmed as if they had been."""
    typed = request.form.to_dict()
    people = [typed.get("people", ""), as_list(_ticked(assignment))]
    return typed | {"people": "\n".join(filter(None, people))}


def _chosen(assignment: CourseAssignment) -> Chosen:
    """Return for whom the form is: everybody whom any of its fields names."""
    form, students = request.form, _students(assignment)
    found = groups.find(students, form.get("people", ""))
    meant = {each.id for each in (*found.members, *_ticked(assignment))}
    for key in ("section", "label"):
        if name := form.get(key, ""):
            meant |= {each.id for each in groups.in_groups(students, **{key: name})}
    chosen = [each for each in students if each.id in meant]
    if not chosen:
        raise RuleError(_nobody(found))
    return Chosen(chosen, found.unknown, found.ambiguous)


def _nobody(found: groups.Found) -> str:
    if found.ambiguous:
        names = ", ".join(found.ambiguous[:5])
        return f"Several students are called {names}. Enter a student number or e-mail address."
    if found.unknown:
        names = ", ".join(found.unknown[:5])
        return f"No student of this course is {names}. Check the number, e-mail address or name."
    return "Enter at least one student, or choose a section or a label."


def _ticked(assignment: CourseAssignment) -> list[Membership]:
    """Return the students whose numbers the form names, each field one or several of them."""
    return _numbered(assignment, request.form.getlist("student"))


def _numbered(assignment: CourseAssignment, fields: Sequence[str]) -> list[Membership]:
    # Untrusted: they are only compared with those of the course's students.
    numbers = {number for field in fields for number in field.split()}
    if not numbers:
        return []
    return [each for each in _students(assignment) if str(each.user_id) in numbers]


def as_list(students: Iterable[Membership]) -> str:
    """Return students as the form's list of people holds them."""
    return "\n".join(each.user.email for each in students)


def _students(assignment: CourseAssignment) -> Sequence[Membership]:
    return lookup.students_of(db(), assignment.course)


def _terms(assignment: CourseAssignment) -> ExtensionTerms:
    zone = zone_of(assignment.course)
    return ExtensionTerms(
        due_at=parse_local(request.form.get("due_at", ""), zone),
        cutoff_at=parse_local(request.form.get("cutoff_at", ""), zone),
        extra_attempts=whole_field("extra_attempts", "Extra attempts") or 0,
        reason=request.form.get("reason", "")[:1000],
    )


def _shown(
    assignment: CourseAssignment, students: Sequence[Membership] | None = None
) -> dict[str, Shown]:
    """Return extensions as the page shows them: of all, or of these students."""
    zone = zone_of(assignment.course)
    extensions = {each.user_id: each for each in assignments.extensions_of(db(), assignment)}
    names = {each.user_id: each.user.name for each in students or extensions.values()}
    return {
        str(user_id): Shown(f"the extension of {name}", _in_words(extensions.get(user_id), zone))
        for user_id, name in names.items()
    }


def _in_words(extension: Extension | None, zone: ZoneInfo) -> str:
    if extension is None:
        return ""
    moments = (("until", extension.due_at), ("deadline", extension.cutoff_at))
    parts = [f"{words} {shown_value(moment, zone)}" for words, moment in moments if moment]
    parts.append(f"{extension.extra_attempts} extra attempts")
    return ", ".join([*parts, extension.reason] if extension.reason else parts)


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} students"
