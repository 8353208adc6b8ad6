"""Sign in and out, invitations, one's own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.browsers import begin_session, browser, end_session, remember
from web.http import actor, db, end_transaction, portal, signed_in, writing
from web.pauses import pause
from web.services.errors import RuleError, TooManyError
from web.services.people import accounts, mailed_links, roles

bp = Blueprint("account", __name__)


@bp.get("/sign-in")
def show_sign_in() -> str | Response:
    """Show the form, or go on if somebody is signed in."""
    if actor() is not None:
        return redirect(_next_page(request.args.get("next")))
    return render_template("account/sign_in.html", email="", error=None)


@bp.post("/sign-in")
def sign_in() -> str | Response | tuple[str, int]:
    """Check address and password."""
    email = request.form.get("email", "")[:254]
    password = request.form.get("password", "")
    try:
        here = browser()
        user = accounts.sign_in(portal().database, email, password, here.network, here)
    except accounts.SignInRefused as error:
        if error.too_many:
            pause()
        return render_template("account/sign_in.html", email=email, error=str(error)), 403
    begin_session(user)
    return remember(redirect(_next_page(request.args.get("next")), code=303), user)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    end_session()
    return redirect(url_for("account.show_sign_in"), code=303)


@bp.get("/forgotten-password")
def show_forgotten_password() -> str:
    """Show the form that asks for a link by e-mail; none where the portal sends none."""
    _require_mail()
    return render_template("account/forgotten_password.html", email="", error=None, asked=False)


@bp.post("/forgotten-password")
def ask_for_password() -> str | tuple[str, int]:
    """Send a link that sets a password; the answer does not tell whether there is an account."""
    _require_mail()
    email = request.form.get("email", "")[:254]
    try:
        mailed_links.ask_for_reset(portal().database, email, request.remote_addr or "")
    except TooManyError as error:
        pause()
        page = render_template(
            "account/forgotten_password.html", email=email, error=str(error), asked=False
        )
        return page, 400
    return render_template("account/forgotten_password.html", email=email, error=None, asked=True)


def _require_mail() -> None:
    if portal().settings.mail_server is None:
        abort(404)


@bp.get("/invitation/<token>")
def show_invitation(token: str) -> str | tuple[str, int]:
    """Show the form that sets a password."""
    try:
        user = accounts.invited(db(), token)
    except RuleError as error:
        return _no_invitation(error)
    return render_template("account/invitation.html", user=user, error=None)


@bp.post("/invitation/<token>")
def accept_invitation(token: str) -> str | Response | tuple[str, int]:
    """Set the password and sign in."""
    try:
        user = accounts.invited(db(), token)
    except RuleError as error:
        return _no_invitation(error)
    try:
        end_transaction()
        user = accounts.accept(portal().database, token, _new_password())
    except RuleError as error:
        page = render_template("account/invitation.html", user=user, error=str(error))
        return page, 400
    begin_session(user)
    flash("Password set. Welcome!", "good")
    return remember(redirect(_after_password(token), code=303), user)


def _after_password(token: str) -> str:
    """Return where to go: to the role that the same link offers, if it offers one."""
    try:
        roles.offered(db(), token)
    except RuleError:
        return url_for("courses.list_courses")
    return url_for("account.show_role", token=token)


@bp.get("/role/<token>")
def show_role(token: str) -> str | Response | tuple[str, int]:
    """Show which role a course offers; who has no password yet sets one first."""
    try:
        membership = roles.offered(db(), token)
    except RuleError as error:
        return _no_invitation(error)
    if membership.user.password_hash is None:
        return redirect(url_for("account.show_invitation", token=token))
    if signed_in().id != membership.user_id:
        return _no_invitation(RuleError(roles.FOR_SOMEBODY_ELSE))
    return render_template("account/role.html", membership=membership)


@bp.post("/role/<token>")
def accept_role(token: str) -> Response:
    """Accept the role that a course offers."""
    user = signed_in()
    with writing() as session:
        course = roles.accept(session, token, user).course
    flash(f"You are staff of “{course.title}” from now on.", "good")
    return redirect(url_for("staff.show_dashboard", slug=course.slug), code=303)


@bp.get("/account")
def show_settings() -> str:
    """Show one's own account."""
    return render_template("account/settings.html", user=signed_in(), error=None)


@bp.post("/account")
def change_password() -> str | Response | tuple[str, int]:
    """Change the password; every other session of this person ends."""
    user = signed_in()
    try:
        end_transaction()
        current, new = request.form.get("current", ""), _new_password()
        changed = accounts.change_password(portal().database, user, current, new)
    except RuleError as error:
        return render_template("account/settings.html", user=user, error=str(error)), 400
    begin_session(changed)
    flash("Password changed. Your other devices have been signed out.", "good")
    return redirect(url_for("account.show_settings"), code=303)


def _new_password() -> str:
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise RuleError("The two passwords do not match. Enter the new one twice.")
    return password


def _no_invitation(error: RuleError) -> tuple[str, int]:
    title = "This link cannot be used"
    return render_template("error.html", code=404, title=title, advice=str(error)), 404


def _next_page(target: str | None) -> str:
    """Return where to go after signing in; never another site."""
    # Untrusted: the address bar holds whatever a link put there.
    if not target or not target.isprintable():
        return url_for("courses.list_courses")
    if target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("courses.list_courses")
