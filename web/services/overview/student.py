"""Where one student stands in a course, for staff: all that concerns them on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import (
    CourseAssignment,
    Extension,
    ExtensionRequest,
    Membership,
    RegradeRequest,
    Submission,
)
from web.services.courses.assignments import course_assignments
from web.services.courses.deadlines import Rules
from web.services.courses.rule_book import rule_book
from web.services.gradebook import gradebook
from web.services.gradebook.gradebook import Row
from web.services.gradebook.standing import Entry
from web.services.grading.marks import Mark, marks_of
from web.services.submissions.submitting import attempts_in


@dataclass(frozen=True)
class StudentInAssignment:
    """
    A student in an assignment, as staff may know it.

    Args:
        assignment: Which.
        entry: Where they stand, with what counts; ``None`` where the reader may not know it.
        anonymous: Whether it is graded anonymously by the reader, who sees nothing but the points
            once they are released: an attempt, an extension or a request of somebody, beside the
            same under a label where they grade, would tell whose answer is whose.
        rules: That hold for the student.
        extension: What they got, if anything.
        attempts: The newest first.
    """

    assignment: CourseAssignment
    entry: Entry[Mark] | None
    anonymous: bool
    rules: Rules
    extension: Extension | None
    attempts: Sequence[Submission]


@dataclass(frozen=True)
class StudentOverview:
    """
    A student in a course.

    Args:
        member: Who.
        assignments: By deadline.
        marks: What attempts are worth, by their ids.
        requests: On the student's submissions, the newest first.
        extension_requests: For more time, the newest first; for those who may extend.
        row: The student's line of the gradebook.
    """

    member: Membership
    assignments: Sequence[StudentInAssignment]
    marks: Mapping[int, Mark]
    requests: Sequence[RegradeRequest]
    extension_requests: Sequence[ExtensionRequest]
    row: Row[Mark]


def student_overview(session: Session, member: Membership, *, instructs: bool) -> StudentOverview:
    """
    Return where a student stands.

    Args:
        session: To read by.
        member: Of the student.
        instructs: Whether the reader is an instructor, who sees names where grading is anonymous.
    """
    course = member.course
    found = course_assignments(session, course)
    named = [each for each in found if instructs or not each.anonymous_grading]
    book = gradebook.gradebook(session, course, [member], instructs=instructs)
    row = book.rows[0]
    entries = {entry.assignment.id: entry for entry in row.entries}
    attempts = attempts_in(session, member.user, named)
    extensions = _extensions(session, member, named)
    rules = rule_book(session, found, [member.user_id])
    return StudentOverview(
        member,
        [
            StudentInAssignment(
                each,
                entries.get(each.id),
                each not in named,
                rules.rules(each, member.user_id),
                extensions.get(each.id),
                attempts.get(each.id, ()),
            )
            for each in found
        ],
        marks_of(session, chain.from_iterable(attempts.values())),
        _requests(session, member, [each for each in named if not each.anonymous_grading]),
        _extension_requests(session, member) if instructs else [],
        row,
    )


def _extensions(
    session: Session, member: Membership, assignments: Sequence[CourseAssignment]
) -> dict[int, Extension]:
    found = session.scalars(
        select(Extension).where(
            Extension.user_id == member.user_id,
            Extension.assignment_id.in_([each.id for each in assignments]),
        )
    )
    return {each.assignment_id: each for each in found}


def _requests(
    session: Session, member: Membership, assignments: Sequence[CourseAssignment]
) -> Sequence[RegradeRequest]:
    """Return a student's requests, but those that are answered without a name."""
    return session.scalars(
        select(RegradeRequest)
        .join(Submission, RegradeRequest.submission_id == Submission.id)
        .where(
            Submission.user_id == member.user_id,
            Submission.assignment_id.in_([each.id for each in assignments]),
        )
        .order_by(RegradeRequest.id.desc())
    ).all()


def _extension_requests(session: Session, member: Membership) -> Sequence[ExtensionRequest]:
    return session.scalars(
        select(ExtensionRequest)
        .join(CourseAssignment, ExtensionRequest.assignment_id == CourseAssignment.id)
        .where(
            ExtensionRequest.user_id == member.user_id,
            CourseAssignment.course_id == member.course_id,
        )
        .order_by(ExtensionRequest.id.desc())
    ).all()
