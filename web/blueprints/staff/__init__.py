"""Pages of instructors, graders and admins."""

from flask import Blueprint

bp = Blueprint("staff", __name__)

from web.blueprints.staff import (  # noqa: E402  # routes
    assignments,
    grading,
    people,
    regrades,
    release,
    requests,
    submissions,
)

__all__ = [
    "assignments",
    "bp",
    "grading",
    "people",
    "regrades",
    "release",
    "requests",
    "submissions",
]
