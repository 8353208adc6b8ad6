"""Pages of instructors, graders and admins."""

from flask import Blueprint

bp = Blueprint("staff", __name__)

from web.blueprints.staff import assignments, people, submissions  # noqa: E402, F401  # routes
