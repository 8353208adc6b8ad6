"""The blueprint of the pages for staff, to which each of the modules beside it adds its views."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("staff", __name__)
