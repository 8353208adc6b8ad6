"""Answers to students who ask for a later deadline."""

from __future__ import annotations

from datetime import datetime

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.confirmation import UnconfirmedError, confirmed
from web.blueprints.staff.requests import UnsavedAnswer, requests_page
from web.http import db, require, signed_in, writing
from web.models import ExtensionRequest
from web.policy import Action
from web.services.courses import assignments, extension_requests
from web.services.courses.courses import zone_of
from web.services.courses.local_time import parse_local
from web.services.errors import RuleError
from web.services.grading import rule_effects


@bp.post("/staff/extension-requests/<row:number>/answer")
def answer_extension_request(number: int) -> Response | tuple[str, int]:
    """Grant a later deadline, whether the one that was asked for or another one; or decline."""
    signed_in()
    asked = db().get(ExtensionRequest, number) or abort(404)
    require(Action.MANAGE_ASSIGNMENT, asked.assignment)
    course = asked.assignment.course
    try:
        decision = request.form.get("decision")
        if decision not in ("grant", "decline"):
            raise RuleError("Choose “Grant” or “Decline”.")
        if decision == "grant":
            _grant(asked, parse_local(request.form.get("due_at", ""), zone_of(course)))
        else:
            _decline(asked)
    except UnconfirmedError as unconfirmed:
        unsaved = UnsavedAnswer("extension", number, effect=unconfirmed.effect)
        return requests_page(course, unsaved=unsaved), 200
    except RuleError as error:
        return requests_page(course, unsaved=UnsavedAnswer("extension", number, str(error))), 400
    flash("Reply sent. The student can see it now.", "good")
    return redirect(url_for("staff.list_requests", slug=course.slug), code=303)


def _grant(asked: ExtensionRequest, until: datetime | None) -> None:
    with writing() as session:
        assignment, student = asked.assignment, asked.user
        present = assignments.extension_of(session, assignment, student)
        terms = extension_requests.terms_granted(asked, present, until)
        effect = rule_effects.effect_of_extension(session, assignment, student, terms)
        confirmed(effect)
        text = request.form.get("answer", "")
        extension_requests.close(session, signed_in(), asked, text, granted_until=until)
        details = effect.as_details()
        assignments.extend(session, signed_in(), assignment, student, terms, details)


def _decline(asked: ExtensionRequest) -> None:
    with writing() as session:
        extension_requests.close(session, signed_in(), asked, request.form.get("answer", ""))
