"""People of all courses: find them, see where they are, close accounts."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.admin.blueprint import bp
from web.http import absolute_url, db, require, writing
from web.models import User
from web.policy import Action
from web.services import audit
from web.services.errors import RuleError
from web.services.people import accounts, directory
from web.services.people.directory import Filters, Kind


@bp.get("/admin/people/")
def list_people() -> str:
    """Show all accounts, or those that match."""
    require(Action.ADMINISTER, None)
    kind = request.args.get("kind", "")
    filters = Filters(
        request.args.get("text", "")[:100],
        # Untrusted: it comes from the address bar.
        Kind(kind) if kind in set(Kind) else Kind.ALL,
        request.args.get("page", 1, type=int),
    )
    found = directory.search(db(), filters)
    return render_template("admin/people.html", filters=filters, found=found)


@bp.get("/admin/people/<row:user_id>/")
def show_person(user_id: int) -> str:
    """Show an account with its courses."""
    return _page(_person(user_id))


@bp.post("/admin/people/<row:user_id>/deactivate")
def deactivate_person(user_id: int) -> Response:
    """Close an account: its sessions end, and nobody signs in to it."""
    user = _person(user_id)
    admin = require(Action.ADMINISTER, None)
    with writing() as session:
        directory.close(session, admin, user)
    flash(f"{user.name} can no longer sign in; all sessions have ended.", "good")
    return redirect(url_for("admin.show_person", user_id=user_id), code=303)


@bp.post("/admin/people/<row:user_id>/reactivate")
def reactivate_person(user_id: int) -> Response:
    """Let somebody sign in again."""
    user = _person(user_id)
    admin = require(Action.ADMINISTER, None)
    with writing() as session:
        directory.reopen(session, admin, user)
    flash(f"{user.name} can sign in again.", "good")
    return redirect(url_for("admin.show_person", user_id=user_id), code=303)


@bp.post("/admin/people/<row:user_id>/link")
def make_link(user_id: int) -> str:
    """Make a link by which somebody sets a password; shown once."""
    user = _person(user_id)
    admin = require(Action.ADMINISTER, None)
    with writing() as session:
        if not user.active:
            raise RuleError("Reactivate the account first, then create a link.")
        token = accounts.invite(session, user, admin)
        audit.record(session, admin, "link.made", target=user.email)
    return _page(user, absolute_url("account.show_invitation", token=token))


def _person(user_id: int) -> User:
    require(Action.ADMINISTER, None)
    return db().get(User, user_id) or abort(404)


def _page(user: User, link: str = "") -> str:
    return render_template("admin/person.html", found=directory.account(db(), user), link=link)
