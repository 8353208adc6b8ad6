"""The demo's course: five assignments, each at another point of its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from web.config import Settings
from web.db import now
from web.demo import people
from web.models import CountedAttempt, Course, CourseAssignment, User
from web.services.courses import assignments, courses, snapshots
from web.services.courses.assignments import AssignmentRules, ExtensionTerms
from web.services.people import roles

SLUG: Final = "deep-learning"
TITLE: Final = "Deep learning for physicists"
NAMES: Final = ("perceptron", "linear_collapse", "xor", "regularization", "splits")
_RULES: Final = AssignmentRules(
    release_at=None,
    due_at=None,
    cutoff_at=None,
    grace_minutes=10,
    late_percent_per_day=10.0,
    max_attempts=None,
    attempts_per_hour=20,
    counted=CountedAttempt.BEST,
    results_at=None,
    solution_at=None,
    weight=0.0,
)


@dataclass(frozen=True)
class Cast:
    """
    Who and what there is.

    Args:
        course: The course.
        instructor: Who gives it.
        students: By first name.
        assignments: By name.
    """

    course: Course
    instructor: User
    students: dict[str, User]
    assignments: dict[str, CourseAssignment]


def make_course(session: Session, settings: Settings) -> Cast:
    """Create the course with all its people and settings, by the use cases that the pages call."""
    versions = [
        snapshots.prepare(settings.snapshots, settings.assignment_folders, name) for name in NAMES
    ]
    admin = people.make_person(session, *people.ADMIN, admin=True)
    course = courses.make_course(session, admin, SLUG, TITLE, "Europe/Berlin")
    named = courses.name_instructor(session, admin, course, *people.INSTRUCTOR)
    roles.take(session, named)
    instructor = named.user
    students = people.enrol(session, instructor, course)
    people.give_password(session)
    imported = {}
    for version in versions:
        snapshot = snapshots.import_version(session, version)
        imported[version.name] = assignments.add_to_course(session, instructor, course, snapshot)
    cast = Cast(course, instructor, students, imported)
    for name, rules in _rules(course).items():
        assignments.set_rules(session, instructor, imported[name], rules)
    _extend(session, cast)
    return cast


def _rules(course: Course) -> dict[str, AssignmentRules]:
    """Past, late, nearly due, an exam whose results are held back, not yet released."""
    released = replace(_RULES, release_at=_evening(course, -14))
    return {
        "perceptron": replace(
            released, due_at=_evening(course, -5), solution_at=_evening(course, -4)
        ),
        "linear_collapse": replace(
            released, due_at=_evening(course, -1), cutoff_at=_evening(course, 4)
        ),
        "xor": replace(released, due_at=now().replace(second=0) + timedelta(hours=2)),
        "regularization": replace(
            released,
            due_at=_evening(course, 6),
            max_attempts=3,
            counted=CountedAttempt.LAST,
            results_at=_evening(course, 7),
            weight=1.0,
        ),
        "splits": replace(_RULES, release_at=_evening(course, 3), due_at=_evening(course, 12)),
    }


def _extend(session: Session, cast: Cast) -> None:
    for name, student, days, reason in (
        ("linear_collapse", "Kira", 3, "A week of illness; the certificate is there."),
        ("regularization", "Luca", 9, "Conference talk."),
    ):
        terms = ExtensionTerms(_evening(cast.course, days), None, 1, reason)
        assignments.extend(
            session, cast.instructor, cast.assignments[name], cast.students[student], terms
        )


def _evening(course: Course, days: int) -> datetime:
    """Return a minute before midnight in so many days, on the course's clock."""
    zone = courses.zone_of(course)
    day = now().astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59), zone)
