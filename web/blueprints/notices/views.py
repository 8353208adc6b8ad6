"""What somebody is told in the portal, how they get it by e-mail, and their calendar."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response

from web.db import is_busy
from web.http import absolute_url, actor, db, end_transaction, portal, signed_in, writing
from web.models import Delivery, NoticeKind, User
from web.security import csrf
from web.services.errors import RuleError
from web.services.notices import calendar, choices, inbox

bp = Blueprint("notices", __name__)

_PAGES = frozenset({"submissions.show_submission", "courses.show_assignment"})
"""To which notices lead: who sees one has read them."""


@bp.before_app_request
def note_what_is_read() -> None:
    """Let what leads to a page be read before the page says how much there is to read."""
    if request.method != "GET" or request.endpoint not in _PAGES:
        return
    user = actor()
    if user is None or not inbox.any_unread_about(db(), user, request.path):
        return
    end_transaction()
    try:
        with portal().database.write.begin() as session:
            inbox.read_about(session, user, request.path)
    except DBAPIError as error:
        if not is_busy(error):
            raise  # else it is read the next time


@bp.get("/notices/")
def list_notices() -> str:
    """Show what somebody was told, the latest first."""
    return render_template("notices/list.html", notices=inbox.latest(db(), signed_in()))


@bp.post("/notices/read")
def read_all() -> Response:
    """Let all of it be read."""
    user = signed_in()
    with writing(grades=False) as session:
        inbox.read_all(session, user)
    return redirect(url_for("notices.list_notices"), code=303)


@bp.get("/notices/<row:notice_id>")
def open_notice(notice_id: int) -> Response:
    """Go where a notice leads; it is read then."""
    user = signed_in()
    notice = inbox.find(db(), user, notice_id) or abort(404)
    path = notice.path
    with writing(grades=False) as session:
        inbox.read_about(session, user, path)
    return redirect(path, code=303)


@bp.get("/account/notices")
def show_choices() -> str:
    """Show how somebody gets notices by e-mail, and where their calendar is."""
    user = signed_in()
    token = user.calendar_token
    return render_template(
        "notices/choices.html",
        chosen=choices.choices_of(db(), user),
        calendar=None if token is None else _address(token),
    )


@bp.post("/account/notices")
def choose() -> Response:
    """Change how somebody gets notices by e-mail."""
    user = signed_in()
    if portal().settings.mail_server is None:
        abort(404)
    try:
        chosen = {
            kind: Delivery(request.form[kind.value])
            for kind in NoticeKind
            if kind.value in request.form
        }
    except ValueError:
        raise RuleError("Choose one of the ways for each kind.") from None
    with writing(grades=False) as session:
        choices.choose(session, user, chosen)
    flash("Saved.", "good")
    return redirect(url_for("notices.show_choices"), code=303)


@bp.post("/account/calendar")
def renew_calendar() -> Response:
    """Make the secret address of one's calendar, or another one; the earlier one ends."""
    user = signed_in()
    had_one = user.calendar_token is not None
    with writing(grades=False) as session:
        calendar.renew(session, user)
    if had_one:
        flash("Your calendar has a new address. The old one no longer works.", "good")
    return redirect(url_for("notices.show_choices"), code=303)


@bp.get("/calendar/<token>.ics")
def show_calendar(token: str) -> Response:
    """Serve somebody's deadlines to whoever has the secret address."""
    user = calendar.reader(db(), token) or abort(404)
    public_url = absolute_url("courses.list_courses").rstrip("/")
    data = calendar.calendar(db(), user, public_url)
    response = Response(data, mimetype="text/calendar")
    response.headers["Content-Disposition"] = "inline; filename=deadlines.ics"
    return response


@bp.get("/unsubscribe/<token>")
def show_unsubscribe(token: str) -> str:
    """Ask before somebody gets no more: programs open links, too."""
    user, what = _subscriber(token)
    return render_template("notices/unsubscribe.html", email=user.email, what=what, done=False)


@bp.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> str:
    """Send somebody no more of a kind; mail programs ask for it without a page (RFC 8058)."""
    user, what = _subscriber(token)
    end_transaction()
    with portal().database.write.begin() as session:
        choices.unsubscribe(session, portal().settings.secret_key, token)
    return render_template("notices/unsubscribe.html", email=user.email, what=what, done=True)


csrf.exempt(unsubscribe)  # what is signed is its mark; a mail program has no page's


def _subscriber(token: str) -> tuple[User, str]:
    try:
        return choices.subscriber(db(), portal().settings.secret_key, token)
    except RuleError:
        abort(404)


def _address(token: str) -> str:
    return absolute_url("notices.show_calendar", token=token)
