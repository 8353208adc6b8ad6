"""A course's grades: the key, and special grades."""

from __future__ import annotations

from typing import Final

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, membership_in
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_versions import Shown, refuse_outdated, version_of
from web.http import db, signed_in, writing
from web.models import Course, GradeStep, Role, SpecialGrade
from web.policy import Action, allowed
from web.services.errors import RuleError
from web.services.gradebook import course_grades, gradebook

EMPTY_ROWS: Final = 3
"""At the end of the key, for more grades."""


@bp.get("/courses/<slug>/staff/grades/")
def show_course_grades(slug: str) -> str:
    """Show how many have which grade, the key, and special grades."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    preset = course_grades.PRESETS.get(request.args.get("key", ""))
    return _page(course, preset or course.grade_key)


@bp.post("/courses/<slug>/staff/grades/key")
def change_grade_key(slug: str) -> str | Response:
    """Change the key, or show first what it would change."""
    course = course_for(slug, Action.MANAGE_COURSE)
    try:
        key = course_grades.checked_key(_typed_rows())
    except RuleError as error:
        return _page(course, _typed_steps(), error=str(error))
    if request.form.get("step") == "preview":
        return _page(course, key, previewed=True)
    with writing() as session:
        refuse_outdated(_key_shown(course))
        course_grades.set_key(session, signed_in(), course, key)
    flash("Grade key saved.", "good")
    return redirect(url_for("staff.show_course_grades", slug=slug), code=303)


@bp.post("/courses/<slug>/staff/grades/special")
def change_special_grade(slug: str) -> Response:
    """Set a special grade for a student, or remove it."""
    course = course_for(slug, Action.MANAGE_COURSE)
    member = membership_in(course, request.form.get("student", 0, type=int))
    if member.role is not Role.STUDENT:
        abort(404)
    kind = request.form.get("special", "")
    try:
        special = SpecialGrade(kind) if kind else None
    except ValueError:
        raise RuleError("Choose a special grade.") from None
    with writing() as session:
        reason = request.form.get("reason", "")
        course_grades.set_special(session, signed_in(), member, special, reason)
    flash(f"Grade of {member.user.name} saved.", "good")
    return redirect(url_for("staff.show_course_grades", slug=slug, _anchor="special"), code=303)


def _page(
    course: Course, key: tuple[GradeStep, ...], *, error: str = "", previewed: bool = False
) -> str:
    book = gradebook.gradebook(db(), course)
    compared = key != course.grade_key and not error
    totals = [row.total for row in book.rows if row.member.special_grade is None]
    return render_template(
        "staff/course_grades.html",
        course=course,
        rows=book.rows,
        key=key,
        empty_rows=EMPTY_ROWS,
        now=course_grades.distribution(course.grade_key, totals),
        then=course_grades.distribution(key, totals) if compared else {},
        specials=list(SpecialGrade),
        previewed=previewed,
        error=error,
        key_version=version_of(_key_shown(course)),
        instructs=allowed(db(), signed_in(), Action.MANAGE_COURSE, course),
    )


def _typed_rows() -> list[tuple[str, str, bool]]:
    grades, percents = request.form.getlist("grade"), request.form.getlist("from_percent")
    passes = set(request.form.getlist("passes"))
    return [
        (grade, percent, str(number) in passes)
        for number, (grade, percent) in enumerate(zip(grades, percents, strict=False))
    ]


def _typed_steps() -> tuple[GradeStep, ...]:
    """Return a key with mistakes, as it was typed, to be shown again."""
    return tuple(GradeStep(*row) for row in _typed_rows() if row[0].strip() or row[1].strip())


def _key_shown(course: Course) -> dict[str, Shown]:
    return {"key": Shown("Grade key", course_grades.in_words(course.grade_key))}
