"""Correct a person's name, student number and address."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff import bp
from web.blueprints.staff.common import course_for, membership_of
from web.http import db, require, signed_in
from web.models import Membership
from web.policy import Action
from web.services.people import corrections
from web.services.people.corrections import Correction, CorrectionRefused


@bp.get("/courses/<slug>/staff/people/<row:membership_id>/correct")
def person(slug: str, membership_id: int) -> str:
    """Show what is written down about a person, to be corrected."""
    found = _correctable(slug, membership_id)
    user = found.user
    written = Correction(user.name, user.student_number or "", user.email)
    return _page(found, written, {})


@bp.post("/courses/<slug>/staff/people/<row:membership_id>/correct")
def correct_person(slug: str, membership_id: int) -> Response | tuple[str, int]:
    """Correct a person."""
    found = _correctable(slug, membership_id)
    form = request.form
    typed = Correction(form.get("name", ""), form.get("student_number", ""), form.get("email"))
    if typed.email is not None:
        require(Action.CORRECT_ADDRESS, found)
    try:
        changed = corrections.correct(db(), signed_in(), found.user, typed)
    except CorrectionRefused as error:
        db().rollback()
        return _page(found, typed, error.problems), 400
    db().commit()
    flash(_told(found, changed), "good")
    return redirect(url_for("staff.people", slug=slug), code=303)


def _correctable(slug: str, membership_id: int) -> Membership:
    course = course_for(slug, Action.MANAGE_ROSTER)
    found = membership_of(course, membership_id)
    require(Action.CORRECT_PERSON, found)
    return found


def _page(found: Membership, typed: Correction, problems: Mapping[str, str]) -> str:
    """Render the form; what was typed into a refused one stays."""
    return render_template(
        "staff/person.html", course=found.course, membership=found, typed=typed, problems=problems
    )


def _told(found: Membership, changed: Mapping[str, object]) -> str:
    if not changed:
        return "Nothing was changed."
    if "email" not in changed:
        return f"{found.user.name} is corrected."
    return (
        f"{found.user.name} signs in as {found.user.email} from now on. Links that were made for "
        "the old address have ended."
    )
