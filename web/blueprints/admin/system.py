"""How the portal is doing."""

from __future__ import annotations

from flask import render_template

from web.blueprints.admin.blueprint import bp
from web.http import db, portal, require
from web.policy import Action
from web.services.overview.system import system_view


@bp.get("/admin/system/")
def show_system() -> str:
    """Show workers, queue, disk, backup and versions."""
    require(Action.ADMINISTER, None)
    return render_template("admin/system.html", view=system_view(db(), portal().settings.data))
