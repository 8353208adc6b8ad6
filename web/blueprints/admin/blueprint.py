"""The blueprint of the pages for admins, to which each of the modules beside it adds its views."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("admin", __name__)
