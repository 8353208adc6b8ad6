"""The form of an assignment's rules: what its fields are called, and what was typed into them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from flask import request

from web.blueprints.staff.form_fields import Fields, number_field, whole_field
from web.models import CountedAttempt, CourseAssignment
from web.services.courses import assignments
from web.services.courses.courses import zone_of
from web.services.courses.local_time import parse_local
from web.services.errors import RuleError

MOMENTS: Final = ("release_at", "due_at", "cutoff_at", "results_at", "solution_at")
LABELS: Final[Mapping[str, str]] = {
    "release_at": "Visible from",
    "due_at": "Deadline",
    "cutoff_at": "Late submissions until",
    "results_at": "Scores and hidden tests visible from",
    "solution_at": "Solution visible from",
    "grace_minutes": "Grace period (minutes)",
    "late_percent_per_day": "Late penalty (% per day)",
    "max_late_days": "Late days that can be used",
    "max_attempts": "Attempts allowed",
    "attempts_per_hour": "Attempts per hour",
    "counted": "Counted attempt",
    "weight": "Weight in the course grade",
    "practice": "Accept practice submissions afterwards (graded, not part of the grade)",
}


def checked_rules(assignment: CourseAssignment) -> assignments.AssignmentRules:
    """
    Read the rules from the form.

    Raises:
        MistakesError: If some cannot be; says what is wrong with each field.
    """
    fields, zone = Fields(), zone_of(assignment.course)

    def moment(name: str) -> datetime | None:
        return fields.read(name, lambda: parse_local(request.form.get(name, ""), zone), None)

    def whole(name: str) -> int | None:
        return fields.read(name, lambda: whole_field(name, LABELS[name]), None)

    def number(name: str) -> float:
        return fields.read(name, lambda: number_field(name, LABELS[name], empty=0), None) or 0.0

    rules = assignments.AssignmentRules(
        **{name: moment(name) for name in MOMENTS},
        grace_minutes=whole("grace_minutes") or 0,
        late_percent_per_day=number("late_percent_per_day"),
        max_attempts=whole("max_attempts"),
        attempts_per_hour=whole("attempts_per_hour"),
        counted=fields.read("counted", _counted, assignment.counted),
        weight=number("weight"),
        practice=request.form.get("practice") == "1",
        max_late_days=whole("max_late_days") or 0,
    )
    with fields.checking():
        assignments.check_rules(rules)
    return rules


def _counted() -> CountedAttempt:
    try:
        return CountedAttempt(request.form.get("counted", ""))
    except ValueError:
        raise RuleError("Choose whether the best or the last attempt counts.") from None
