"""People of all courses: find them, see where they are, close accounts."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.admin.blueprint import bp
from web.http import absolute_url, db, require, writing
from web.models import User
from web.policy import Action
from web.services import audit
from web.services.courses import merging
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


@bp.post("/admin/people/<row:user_id>/upload-right")
def change_upload_right(user_id: int) -> Response:
    """Let somebody upload assignments, or no longer."""
    user = _person(user_id)
    admin = require(Action.ADMINISTER, None)
    allowed = request.form.get("allowed") == "1"
    with writing(grades=False) as session:
        directory.set_may_upload(session, admin, user, allowed=allowed)
    flash("Saved.", "good")
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


@bp.post("/admin/people/<row:user_id>/merge")
def merge_people(user_id: int) -> Response | str | tuple[str, int]:
    """Merge another account into this one; what that means is shown first."""
    user = _person(user_id)
    admin = require(Action.ADMINISTER, None)
    email = request.form.get("email", "")[:254]
    try:
        other = merging.find(db(), email)
        if request.form.get("confirmed") != other.email:
            return _page(user, merge=merging.preview(db(), user, other))
        with writing() as session:
            merging.merge(session, admin, user, other)
    except RuleError as error:
        return _page(user, email=email, error=str(error)), 400
    flash(f"Merged. {user.name} has all that the account {email} had.", "good")
    return redirect(url_for("admin.show_person", user_id=user_id), code=303)


def _person(user_id: int) -> User:
    require(Action.ADMINISTER, None)
    return db().get(User, user_id) or abort(404)


def _page(
    user: User,
    link: str = "",
    merge: merging.Merge | None = None,
    email: str = "",
    error: str = "",
) -> str:
    """Render the page of an account; beside an error what was typed stays."""
    return render_template(
        "admin/person.html",
        found=directory.account(db(), user),
        link=link,
        merge=merge,
        email=email,
        error=error,
    )
