"""
Which version of an assignment grades: the present one, one that waits, earlier ones.

A new version of a released assignment grades nobody before its validation has passed; until then
the present one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import lock
from web.models import (
    AssignmentVersion,
    Course,
    CourseAssignment,
    Snapshot,
    Submission,
    User,
)
from web.services import audit
from web.services.courses import validation
from web.services.courses.assignments import use_snapshot
from web.services.courses.validation import ValidationState
from web.services.errors import RuleError


@dataclass(frozen=True)
class UsedVersion:
    """
    A version that grades, or has graded.

    Args:
        version: Which, and from when.
        submissions: How many submissions it has graded, or will.
        current: Whether it grades now.
    """

    version: AssignmentVersion
    submissions: int
    current: bool


@dataclass(frozen=True)
class VersionChange:
    """
    What another version of an assignment means for a course.

    Args:
        points: Of all questions in tenths, now and then.
        added: The ids of questions that only the other version has.
        removed: The ids of questions that it has no longer.
        repriced: By the ids of questions, other points in tenths: now and then.
        submissions: How many submissions are graded by the present version, and keep it.
    """

    points: tuple[int, int]
    added: Sequence[str]
    removed: Sequence[str]
    repriced: dict[str, tuple[int, int]]
    submissions: int

    @property
    def same_questions(self) -> bool:
        """Whether questions and points are the same, so that only tests or texts differ."""
        return not (self.added or self.removed or self.repriced)


def propose(
    session: Session, snapshots: Path, actor: User, assignment: CourseAssignment, snapshot: Snapshot
) -> bool:
    """
    Use a version as soon as it is known to be valid; at once if nobody sees the assignment yet.

    Args:
        session: A writing session; the caller commits.
        snapshots: Where versions and their validations are.
        actor: Who.
        assignment: Which.
        snapshot: The version.

    Returns:
        Whether it grades from now on; else it waits for its validation.

    Raises:
        RuleError: If it is the present one already.
    """
    if assignment.release_at is None or _is_valid(snapshots, snapshot):
        use_snapshot(session, actor, assignment, snapshot)
        return True
    if snapshot.id == assignment.snapshot_id:
        raise RuleError("This version is already in use.")
    session.flush()
    assignment.next_snapshot_id, assignment.next_snapshot_by_id = snapshot.id, actor.id
    audit.record(
        session,
        actor,
        "assignment.version_waits",
        course=assignment.course,
        target=assignment.name,
        version=snapshot.content_hash,
    )
    return False


def discard(session: Session, actor: User, assignment: CourseAssignment) -> None:
    """
    Let the version that waits wait no longer; the present one goes on grading.

    Raises:
        RuleError: If none waits.
    """
    waiting = _waiting(assignment)
    assignment.next_snapshot = assignment.next_snapshot_by_id = None
    audit.record(
        session,
        actor,
        "assignment.version_discarded",
        course=assignment.course,
        target=assignment.name,
        version=waiting.content_hash,
    )


def use_without_validation(session: Session, actor: User, assignment: CourseAssignment) -> None:
    """
    Use the version that waits although its validation has not passed.

    Raises:
        RuleError: If none waits.
    """
    use_snapshot(session, actor, assignment, _waiting(assignment), validated=False)


def any_waiting(session: Session) -> bool:
    """Return whether a version of any course's assignment waits."""
    query = select(CourseAssignment.id).where(CourseAssignment.next_snapshot_id.is_not(None))
    return session.scalar(query.limit(1)) is not None


def use_validated(session: Session, snapshots: Path) -> int:
    """
    Use all versions that have waited for a validation which has passed by now.

    Args:
        session: A writing session; the caller commits.
        snapshots: Where validations are.

    Returns:
        How many.
    """
    query = (
        select(CourseAssignment)
        .join(Course)
        .where(CourseAssignment.next_snapshot_id.is_not(None), Course.archived_at.is_(None))
        .order_by(CourseAssignment.id)
    )
    used = 0
    for assignment in session.scalars(query).all():
        # As the portal does: nobody discards the version, or archives the course, meanwhile.
        lock(session, assignment.course)
        session.refresh(assignment)
        waiting = assignment.next_snapshot
        if waiting is not None and _is_valid(snapshots, waiting):
            actor = session.get(User, assignment.next_snapshot_by_id or 0)
            use_snapshot(session, actor, assignment, waiting)
            used += 1
    return used


def used_versions(session: Session, assignment: CourseAssignment) -> list[UsedVersion]:
    """Return the versions that have graded in a course, the latest first."""
    graded = session.execute(
        select(Submission.snapshot_id, func.count().label("submissions"))
        .where(Submission.assignment_id == assignment.id)
        .group_by(Submission.snapshot_id)
    )
    counts = {each.snapshot_id: each.submissions for each in graded}
    found = session.scalars(
        select(AssignmentVersion)
        .where(AssignmentVersion.assignment_id == assignment.id)
        .order_by(AssignmentVersion.used_from.desc(), AssignmentVersion.id.desc())
    ).all()
    # A version that was used twice is listed where it was used last.
    latest = {each.snapshot_id: each for each in reversed(found)}
    return [
        UsedVersion(
            each, counts.get(each.snapshot_id, 0), each.snapshot_id == assignment.snapshot_id
        )
        for each in found
        if latest[each.snapshot_id] is each
    ]


def version_in(session: Session, assignment: CourseAssignment, number: int) -> Snapshot | None:
    """Find a version that grades in a course, has graded there, or waits; by its row's number."""
    if number in (assignment.snapshot_id, assignment.next_snapshot_id):
        return session.get(Snapshot, number)
    return session.scalar(
        select(Snapshot)
        .join(AssignmentVersion, AssignmentVersion.snapshot_id == Snapshot.id)
        .where(AssignmentVersion.assignment_id == assignment.id, Snapshot.id == number)
        .limit(1)
    )


def change_to(session: Session, assignment: CourseAssignment, other: Snapshot) -> VersionChange:
    """Return what another version means for a course."""
    present = {each.id: each.max_tenths for each in assignment.snapshot.questions}
    then = {each.id: each.max_tenths for each in other.questions}
    graded = select(func.count()).where(
        Submission.assignment_id == assignment.id,
        Submission.snapshot_id == assignment.snapshot_id,
    )
    return VersionChange(
        (assignment.snapshot.max_tenths, other.max_tenths),
        [each for each in then if each not in present],
        [each for each in present if each not in then],
        {
            each: (present[each], then[each])
            for each in then
            if each in present and present[each] != then[each]
        },
        session.scalar(graded) or 0,
    )


def _waiting(assignment: CourseAssignment) -> Snapshot:
    if assignment.next_snapshot is None:
        raise RuleError("No version is waiting any more. Reload the page.")
    return assignment.next_snapshot


def _is_valid(snapshots: Path, snapshot: Snapshot) -> bool:
    known = validation.validation_of(snapshots, snapshot)
    return known is not None and known.state is ValidationState.VALID
