"""The gradebook: students by assignments, and how the course's grade is calculated."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.form_fields import number_field, whole_field
from web.blueprints.staff.form_versions import Shown, refuse_outdated, shown_value, version_of
from web.http import db, signed_in, writing
from web.models import Course
from web.policy import Action, allowed
from web.services.courses.assignments import course_assignments
from web.services.courses.courses import zone_of
from web.services.gradebook import gradebook


@bp.get("/courses/<slug>/staff/gradebook/")
def show_gradebook(slug: str) -> str:
    """Show points of all students in all assignments, and totals."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
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
        instructs=instructs,
    )


@bp.post("/courses/<slug>/staff/gradebook/rules")
def change_grade_rules(slug: str) -> Response:
    """Change weights, and what is dropped."""
    course = course_for(slug, Action.MANAGE_COURSE)
    assignments = course_assignments(db(), course)
    weights = {
        each.id: number_field(f"weight-{each.name}", f"Weight of {each.name}", empty=0.0) or 0.0
        for each in assignments
    }
    may_drop = [each.id for each in assignments if request.form.get(f"may-drop-{each.name}")]
    bonus = [each.id for each in assignments if request.form.get(f"bonus-{each.name}")]
    rules = gradebook.GradeRules(
        weights,
        frozenset(may_drop),
        whole_field("dropped_lowest", "Dropped") or 0,
        frozenset(bonus),
        number_field("bonus_percent", "Bonus", empty=0.0) or 0.0,
        bool(request.form.get("bonus_needs_pass")),
    )
    with writing() as session:
        refuse_outdated(_rules_shown(course))
        gradebook.set_rules(session, signed_in(), course, rules)
    flash("Grade settings saved.", "good")
    return redirect(url_for("staff.show_gradebook", slug=slug), code=303)


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
