"""Correct a person's name, student number and address."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, membership_in
from web.blueprints.staff.blueprint import bp
from web.http import require, signed_in, writing
from web.models import Membership, User
from web.policy import Action
from web.services.people import corrections
from web.services.people.corrections import Correction, CorrectionRefused


@bp.get("/courses/<slug>/staff/people/<row:membership_id>/correct")
def show_person(slug: str, membership_id: int) -> str:
    """Show what is written down about a person, to be corrected."""
    membership = _correctable(slug, membership_id)
    user = membership.user
    written = Correction(user.name, user.student_number or "", user.email)
    return _page(membership, written, {})


@bp.post("/courses/<slug>/staff/people/<row:membership_id>/correct")
def correct_person(slug: str, membership_id: int) -> Response | tuple[str, int]:
    """Correct a person."""
    membership = _correctable(slug, membership_id)
    form = request.form
    typed = Correction(form.get("name", ""), form.get("student_number", ""), form.get("email"))
    try:
        with writing() as session:
            changed = corrections.correct(session, signed_in(), membership.user, typed)
    except CorrectionRefused as error:
        return _page(membership, typed, error.problems), 400
    flash(_confirmation(membership.user, changed), "good")
    return redirect(url_for("staff.list_people", slug=slug), code=303)


def _correctable(slug: str, membership_id: int) -> Membership:
    course = course_for(slug, Action.MANAGE_ROSTER)
    membership = membership_in(course, membership_id)
    require(Action.CORRECT_PERSON, membership)
    return membership


def _page(membership: Membership, typed: Correction, problems: Mapping[str, str]) -> str:
    """Render the form; what was typed into a refused one stays."""
    return render_template(
        "staff/person.html",
        course=membership.course,
        membership=membership,
        typed=typed,
        problems=problems,
    )


def _confirmation(person: User, changed: Mapping[str, object]) -> str:
    if not changed:
        return "No changes to save."
    if "email" not in changed:
        return f"{person.name} saved."
    return (
        f"{person.name} signs in as {person.email} from now on. Links that were made for the old "
        "address have ended."
    )
