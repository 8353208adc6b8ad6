"""What the portal is called, its imprint and its privacy page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.blueprints.admin.blueprint import bp
from web.http import db, portal, require, writing
from web.policy import Action
from web.services import instance
from web.services.errors import RuleError
from web.services.people.names import clean_text


@bp.get("/admin/portal/")
def show_portal_texts() -> str:
    """Show the form with the portal's name and texts."""
    require(Action.ADMINISTER, None)
    return _form()


@bp.post("/admin/portal/")
def change_portal_texts() -> Response | tuple[str, int]:
    """Change the portal's name and texts."""
    admin = require(Action.ADMINISTER, None)
    form = request.form
    texts = instance.Texts(
        clean_text(form.get("name", "")),
        form.get("imprint", "").strip(),
        form.get("privacy", "").strip(),
    )
    try:
        with writing(grades=False) as session:
            instance.change(session, admin, texts)
    except RuleError as error:
        return _form(form, str(error)), 400
    portal().texts.forget()
    flash("Saved.", "good")
    return redirect(url_for("admin.show_portal_texts"), code=303)


@bp.get("/imprint")
def show_imprint() -> str:
    """Show who is responsible for the portal; to everybody."""
    return _text_page("Imprint", portal().texts.current().imprint)


@bp.get("/privacy")
def show_privacy() -> str:
    """Show what becomes of personal data; to everybody."""
    return _text_page("Privacy", portal().texts.current().privacy)


def _text_page(title: str, text: str) -> str:
    if not text:
        abort(404)
    return render_template("admin/text.html", title=title, text=text)


def _form(typed: Mapping[str, str] = MappingProxyType({}), error: str = "") -> str:
    """Render the form; with an error, what was typed stays."""
    return render_template(
        "admin/portal_texts.html", texts=instance.read(db()), typed=typed, error=error
    )
