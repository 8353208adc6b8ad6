"""An assignment in a course: import, release, rules, extensions, what is visible when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from web.db import lock, now
from web.models import (
    AssignmentVersion,
    CountedAttempt,
    Course,
    CourseAssignment,
    Extension,
    Snapshot,
    User,
)
from web.services import audit
from web.services.courses.moved_deadlines import telling_whose_moves
from web.services.errors import MistakesError, RuleError, refuse_duplicates

MOST_LATE_DAYS: Final = 365


@dataclass(frozen=True)
class AssignmentRules:
    """The rules that an instructor sets; names are those of `CourseAssignment`."""

    release_at: datetime | None
    due_at: datetime | None
    cutoff_at: datetime | None
    grace_minutes: int
    late_percent_per_day: float
    max_attempts: int | None
    attempts_per_hour: int | None
    counted: CountedAttempt
    results_at: datetime | None
    solution_at: datetime | None
    weight: float
    practice: bool = False
    max_late_days: int = 0


@dataclass(frozen=True)
class ExtensionTerms:
    """What one student gets beyond the rules."""

    due_at: datetime | None
    cutoff_at: datetime | None
    extra_attempts: int
    reason: str


def add_to_course(
    session: Session, actor: User, course: Course, snapshot: Snapshot
) -> CourseAssignment:
    """
    Add a snapshot to a course as an assignment that is not yet released.

    Raises:
        RuleError: If the course has it already.
    """
    session.flush()
    assignment = CourseAssignment(course_id=course.id, name=snapshot.name, snapshot=snapshot)
    with refuse_duplicates(session, "This assignment is already in the course."):
        session.add(assignment)
    _note_use(session, assignment, actor)
    audit.record(
        session,
        actor,
        "assignment.taken_up",
        course=course,
        target=snapshot.name,
        content_hash=snapshot.content_hash,
    )
    return assignment


def set_rules(
    session: Session,
    actor: User,
    assignment: CourseAssignment,
    rules: AssignmentRules,
    effect: Mapping[str, int] | None = None,
) -> None:
    """
    Change an assignment's rules.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        rules: The new ones.
        effect: What becomes of marks by it, for the log.

    Raises:
        RuleError: If they contradict one another.
    """
    check_rules(rules)
    before = {each.name: getattr(assignment, each.name) for each in fields(rules)}
    changed = {}
    with telling_whose_moves(session, assignment):
        for each in fields(rules):
            value = getattr(rules, each.name)
            if before[each.name] != value:
                changed[each.name] = [_plain(before[each.name]), _plain(value)]
                setattr(assignment, each.name, value)
    if changed:
        audit.record(
            session,
            actor,
            "assignment.rules_changed",
            course=assignment.course,
            target=assignment.name,
            changed=changed,
            **(effect or {}),
        )


def use_snapshot(
    session: Session,
    actor: User | None,
    assignment: CourseAssignment,
    snapshot: Snapshot,
    **details: bool,
) -> None:
    """
    Grade new submissions by another snapshot; earlier submissions keep theirs.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        snapshot: The other one; whatever else waited to be used waits no longer.
        details: What else the log is to say.

    Raises:
        RuleError: If it is the present one already.
    """
    if snapshot.id is not None and snapshot.id == assignment.snapshot_id:
        raise RuleError("This version is already in use.")
    before = assignment.snapshot.content_hash
    assignment.snapshot = snapshot
    assignment.next_snapshot = assignment.next_snapshot_by_id = None
    _note_use(session, assignment, actor)
    audit.record(
        session,
        actor,
        "assignment.updated",
        course=assignment.course,
        target=assignment.name,
        before=before,
        after=snapshot.content_hash,
        **details,
    )


def _note_use(session: Session, assignment: CourseAssignment, actor: User | None) -> None:
    session.flush()
    session.add(
        AssignmentVersion(
            assignment_id=assignment.id,
            snapshot_id=assignment.snapshot_id,
            used_by_id=actor.id if actor else None,
        )
    )


def release_now(session: Session, actor: User, assignment: CourseAssignment) -> None:
    """Let students see an assignment from now on."""
    assignment.release_at = now()
    audit.record(
        session, actor, "assignment.released", course=assignment.course, target=assignment.name
    )


def extend(
    session: Session,
    actor: User,
    assignment: CourseAssignment,
    user: User,
    terms: ExtensionTerms,
    effect: Mapping[str, int] | None = None,
) -> Extension:
    """
    Give one student a later deadline or more attempts; replaces an earlier extension.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        user: The student.
        terms: What they get.
        effect: What becomes of marks by it, for the log.

    Raises:
        RuleError: If it gives nothing.
    """
    check_terms(terms)
    lock(session, assignment)
    extension = extension_of(session, assignment, user)
    with telling_whose_moves(session, assignment, [user.id]):
        if extension is None:
            extension = Extension(assignment_id=assignment.id, user_id=user.id)
            session.add(extension)
        extension.due_at, extension.cutoff_at = terms.due_at, terms.cutoff_at
        extension.extra_attempts, extension.reason = terms.extra_attempts, terms.reason
        extension.created_by_id = actor.id
    audit.record(
        session,
        actor,
        "extension.granted",
        course=assignment.course,
        target=f"{user.email}, {assignment.name}",
        due_at=_plain(terms.due_at),
        extra_attempts=terms.extra_attempts,
        reason=terms.reason,
        **(effect or {}),
    )
    return extension


def check_terms(terms: ExtensionTerms) -> None:
    """
    Check that an extension gives something.

    Raises:
        RuleError: If it does not.
    """
    if terms.due_at is None and terms.cutoff_at is None and terms.extra_attempts <= 0:
        raise RuleError("Enter a later deadline or extra attempts.")


def withdraw_extension(
    session: Session,
    actor: User,
    assignment: CourseAssignment,
    user: User,
    effect: Mapping[str, int] | None = None,
) -> bool:
    """
    Take a student's extension back; what was submitted meanwhile stays, late as the rules say.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        user: The student.
        effect: What becomes of marks by it, for the log.

    Returns:
        Whether there was one.
    """
    extension = extension_of(session, assignment, user)
    if extension is None:
        return False
    with telling_whose_moves(session, assignment, [user.id]):
        session.delete(extension)
    audit.record(
        session,
        actor,
        "extension.withdrawn",
        course=assignment.course,
        target=f"{user.email}, {assignment.name}",
        **(effect or {}),
    )
    return True


def extension_of(session: Session, assignment: CourseAssignment, user: User) -> Extension | None:
    """Return a student's extension; ``None`` if there is none."""
    return session.scalar(
        select(Extension).where(
            Extension.assignment_id == assignment.id, Extension.user_id == user.id
        )
    )


def extensions_of(session: Session, assignment: CourseAssignment) -> Sequence[Extension]:
    """Return an assignment's extensions, by the students' names."""
    return session.scalars(
        select(Extension)
        .join(Extension.user)
        .where(Extension.assignment_id == assignment.id)
        .order_by(User.name, User.id)
        .options(contains_eager(Extension.user))
    ).all()


def course_assignments(session: Session, course: Course) -> Sequence[CourseAssignment]:
    """Return a course's assignments in the order of their deadlines, then of their names."""
    found = session.scalars(
        select(CourseAssignment).where(CourseAssignment.course_id == course.id)
    ).all()
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda each: (each.due_at or last, each.name))


def snapshots_in_use(session: Session, limit: int) -> Sequence[Snapshot]:
    """Return the versions that students can submit for, the next deadline first."""
    at = now()
    closes_at = func.coalesce(CourseAssignment.cutoff_at, CourseAssignment.due_at)
    found = session.scalars(
        select(Snapshot)
        .join(CourseAssignment, CourseAssignment.snapshot_id == Snapshot.id)
        .join(Course, CourseAssignment.course_id == Course.id)
        .where(Course.archived_at.is_(None))
        .where(CourseAssignment.release_at <= at, (closes_at > at) | closes_at.is_(None))
        .order_by(CourseAssignment.due_at)
        .limit(limit)
    ).all()
    return list(dict.fromkeys(found))


def check_rules(rules: AssignmentRules) -> None:
    """
    Check that rules do not contradict one another.

    Raises:
        MistakesError: If they do; says where.
    """
    problems = {}
    if rules.due_at and rules.release_at and rules.due_at <= rules.release_at:
        problems["due_at"] = "The deadline must come after the release."
    if rules.cutoff_at and rules.due_at and rules.cutoff_at < rules.due_at:
        problems["cutoff_at"] = "Late submissions cannot end before the deadline."
    if not 0 <= rules.late_percent_per_day <= 100:
        problems["late_percent_per_day"] = "The late penalty must be from 0 to 100 % per day."
    if not 0 <= rules.max_late_days <= MOST_LATE_DAYS:
        problems["max_late_days"] = f"From 0 to {MOST_LATE_DAYS} late days can be used."
    for name, what in (
        ("max_attempts", "number of attempts"),
        ("attempts_per_hour", "number of attempts per hour"),
    ):
        value = getattr(rules, name)
        if value is not None and value < 1:
            problems[name] = f"The {what} must be at least 1; leave it empty for no limit."
    if rules.grace_minutes < 0:
        problems["grace_minutes"] = "The grace period cannot be negative."
    if rules.weight < 0:
        problems["weight"] = "The weight cannot be negative."
    if problems:
        raise MistakesError(problems)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
