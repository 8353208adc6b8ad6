"""Find somebody or something in a course, and see all that concerns one student."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, membership_in, submission_for
from web.blueprints.staff.blueprint import bp
from web.http import db, signed_in
from web.models import Role
from web.policy import Action, allowed, correctable
from web.services import lookup
from web.services.overview.search import MAX_LENGTH, Found, search
from web.services.overview.student import student_overview


@bp.get("/courses/<slug>/staff/search")
def find(slug: str) -> str | Response:
    """Show what matches; if it is one thing alone, go straight to it."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    text = request.args.get("q", "")[:MAX_LENGTH]
    found = search(db(), course, text)
    if found.total == 1:
        return redirect(_page_of(slug, found))
    return render_template("staff/search.html", course=course, text=text.strip(), found=found)


@bp.get("/courses/<slug>/staff/students/<row:membership_id>/")
def show_student(slug: str, membership_id: int) -> str:
    """Show where a student stands in each assignment, with ways to what can be done about it."""
    course = course_for(slug, Action.SEE_STAFF_PAGES)
    member = membership_in(course, membership_id)
    if member.role is not Role.STUDENT:
        abort(404)
    instructs = allowed(db(), signed_in(), Action.MANAGE_COURSE, course)
    return render_template(
        "staff/student.html",
        course=course,
        view=student_overview(db(), member, instructs=instructs),
        instructs=instructs,
        may_edit=instructs and bool(correctable(db(), signed_in(), [member])),
    )


@bp.get("/staff/submissions/<public_id>/student")
def show_student_of(public_id: str) -> Response:
    """Go to the student whose submission it is, for those who may know."""
    submission = submission_for(public_id, Action.SEE_NAMES)
    course = submission.assignment.course
    member = lookup.student_in(db(), course, submission.user) or abort(404)
    return redirect(url_for("staff.show_student", slug=course.slug, membership_id=member.id))


def _page_of(slug: str, found: Found) -> str:
    for member in found.students:
        return url_for("staff.show_student", slug=slug, membership_id=member.id)
    for assignment in found.assignments:
        return url_for("staff.show_overview", slug=slug, name=assignment.name)
    return url_for("staff.show_submission", public_id=found.submissions[0].public_id)
