"""Pages of instructors, graders and admins."""

from web.blueprints.staff import (
    assignments,
    corrections,
    course_grades,
    dashboard,
    exports,
    extensions,
    gradebook,
    grading,
    log,
    people,
    regrades,
    release,
    requests,
    selection,
    statistics,
    submissions,
)
from web.blueprints.staff.blueprint import bp

__all__ = [
    "assignments",
    "bp",
    "corrections",
    "course_grades",
    "dashboard",
    "exports",
    "extensions",
    "gradebook",
    "grading",
    "log",
    "people",
    "regrades",
    "release",
    "requests",
    "selection",
    "statistics",
    "submissions",
]
