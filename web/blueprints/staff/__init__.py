"""Pages of instructors, graders and admins."""

from flask import Blueprint

bp = Blueprint("staff", __name__)

from web.blueprints.staff import (  # noqa: E402  # routes
    assignments,
    corrections,
    exports,
    gradebook,
    grading,
    people,
    regrades,
    release,
    requests,
    statistics,
    submissions,
)

__all__ = [
    "assignments",
    "bp",
    "corrections",
    "exports",
    "gradebook",
    "grading",
    "people",
    "regrades",
    "release",
    "requests",
    "statistics",
    "submissions",
]
