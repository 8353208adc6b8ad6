"""The gradebook: students by assignments, and how the course's grade is calculated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import Fields, number_field, whole_field
from web.blueprints.staff.form_versions import Shown, refuse_outdated, shown_value, version_of
from web.http import db, signed_in, writing
from web.models import Course
from web.policy import Action, allowed
from web.services.courses.assignments import course_assignments
from web.services.courses.courses import zone_of
from web.services.errors import MistakesError
from web.services.gradebook import gradebook


@bp.get("/courses/<slug>/staff/gradebook/")
def show_gradebook(slug: str) -> str:
    """Show points of all students in all assignments, and totals."""
    return _page(course_for(slug, Action.SEE_STAFF_PAGES))


@bp.post("/courses/<slug>/staff/gradebook/rules")
def change_grade_rules(slug: str) -> Response | tuple[str, int]:
    """Change weights, and what is dropped."""
    course = course_for(slug, Action.MANAGE_COURSE)
    try:
        with writing() as session:
            refuse_outdated(_rules_shown(course))
            gradebook.set_rules(session, signed_in(), course, _checked_rules(course))
    except MistakesError as error:
        return _page(course, request.form, error.problems), 400
    flash("Grade settings saved.", "good")
    return redirect(url_for("staff.show_gradebook", slug=slug), code=303)


def _page(
    course: Course,
    typed: Mapping[str, str] = MappingProxyType({}),
    problems: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Render the page; below fields that are not right stands why, and what was typed stays."""
    instructs = allowed(db(), signed_in(), Action.MANAGE_COURSE, course)
    by = request.args.get("sort", "name")[:120]
    descending = request.args.get("order") == "down"
    page = gradebook.gradebook_page(
        db(),
        course,
        by,
        request.args.get("page", 1, type=int),
        descending=descending,
        instructs=instructs,
    )
    return render_template(
        "staff/gradebook.html",
        course=course,
        book=page.book,
        rows=page.book.rows,
        students=page.students,
        sort=by,
        order="down" if descending else "up",
        page=page.number,
        pages=page.pages,
        has_grades=page.has_grades,
        rules_version=version_of(_rules_shown(course)),
        typed=typed,
        problems=problems,
        instructs=instructs,
    )


def _checked_rules(course: Course) -> gradebook.GradeRules:
    """
    Read from the form how the course's grade is calculated.

    Raises:
        MistakesError: If some of it cannot be; says what is wrong with each field.
    """
    assignments, fields = course_assignments(db(), course), Fields()

    def number(name: str, what: str) -> float:
        return fields.read(name, lambda: number_field(name, what, empty=0.0), None) or 0.0

    weights = {
        each.id: number(f"weight-{each.name}", f"Weight of {each.snapshot.title}")
        for each in assignments
    }
    may_drop = [each.id for each in assignments if request.form.get(f"may-drop-{each.name}")]
    bonus = [each.id for each in assignments if request.form.get(f"bonus-{each.name}")]
    dropped = fields.read("dropped_lowest", lambda: whole_field("dropped_lowest", "Dropped"), None)
    rules = gradebook.GradeRules(
        weights,
        frozenset(may_drop),
        dropped or 0,
        frozenset(bonus),
        number("bonus_percent", "Bonus"),
        bool(request.form.get("bonus_needs_pass")),
    )
    with fields.checking():
        gradebook.check_rules(assignments, rules)
    return rules


def _rules_shown(course: Course) -> dict[str, Shown]:
    zone = zone_of(course)
    shown = {
        "dropped_lowest": Shown("Drop lowest", str(course.dropped_lowest)),
        "bonus_percent": Shown("Bonus", shown_value(course.bonus_percent, zone)),
        "bonus_needs_pass": Shown("Bonus needs a pass", shown_value(course.bonus_needs_pass, zone)),
    }
    for each in course_assignments(db(), course):
        title = each.snapshot.title
        weight, may_drop = shown_value(each.weight, zone), shown_value(each.may_drop, zone)
        shown[f"weight-{each.name}"] = Shown(f"Weight of {title}", weight)
        shown[f"may-drop-{each.name}"] = Shown(f"{title} can be dropped", may_drop)
        is_bonus = shown_value(each.is_bonus, zone)
        shown[f"bonus-{each.name}"] = Shown(f"{title} counts as a bonus", is_bonus)
    return shown
