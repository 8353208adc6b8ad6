"""Who may see or do what: one function, default deny."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import Course, CourseAssignment, Membership, Role, Submission, User
from web.services.visibility import visibility_for


class Action(enum.StrEnum):
    """All that the portal lets anybody do to something."""

    SEE_COURSE = "see_course"
    SEE_STAFF_PAGES = "see_staff_pages"
    MANAGE_COURSE = "manage_course"
    MANAGE_ROSTER = "manage_roster"
    CORRECT_PERSON = "correct_person"
    MANAGE_ASSIGNMENT = "manage_assignment"
    SEE_ASSIGNMENT = "see_assignment"
    SUBMIT = "submit"
    SEE_SOLUTION = "see_solution"
    SEE_SUBMISSION = "see_submission"
    SEE_SUBMISSION_AS_STAFF = "see_submission_as_staff"
    SEE_NAMES = "see_names"
    GRADE = "grade"
    RETRY_GRADING = "retry_grading"
    RELEASE_GRADES = "release_grades"
    REGRADE = "regrade"
    ASK_FOR_REGRADE = "ask_for_regrade"
    ASK_FOR_EXTENSION = "ask_for_extension"
    EXPORT_MARKS = "export_marks"
    SEE_AUDIT_LOG = "see_audit_log"
    COPY_COURSE = "copy_course"
    UPLOAD_ASSIGNMENT = "upload_assignment"
    ARCHIVE_COURSE = "archive_course"
    DELETE_COURSE = "delete_course"
    ADMINISTER = "administer"


Resource = Course | CourseAssignment | Submission | Membership | None

_STAFF = frozenset({Role.GRADER, Role.INSTRUCTOR})
_IN_COURSE: dict[Action, frozenset[Role]] = {
    Action.SEE_COURSE: frozenset(Role),
    Action.SEE_STAFF_PAGES: _STAFF,
    Action.MANAGE_COURSE: frozenset({Role.INSTRUCTOR}),
    Action.MANAGE_ROSTER: frozenset({Role.INSTRUCTOR}),
    Action.CORRECT_PERSON: frozenset({Role.INSTRUCTOR}),
    Action.MANAGE_ASSIGNMENT: frozenset({Role.INSTRUCTOR}),
    Action.SEE_ASSIGNMENT: frozenset(Role),
    Action.SUBMIT: frozenset(Role),
    Action.SEE_SOLUTION: frozenset(Role),
    Action.SEE_SUBMISSION: frozenset(Role),
    Action.SEE_SUBMISSION_AS_STAFF: _STAFF,
    Action.SEE_NAMES: _STAFF,
    Action.GRADE: _STAFF,
    Action.RETRY_GRADING: _STAFF,
    Action.RELEASE_GRADES: frozenset({Role.INSTRUCTOR}),
    Action.REGRADE: frozenset({Role.INSTRUCTOR}),
    Action.ASK_FOR_REGRADE: frozenset({Role.STUDENT}),
    Action.ASK_FOR_EXTENSION: frozenset({Role.STUDENT}),
    Action.EXPORT_MARKS: frozenset({Role.INSTRUCTOR}),
    Action.SEE_AUDIT_LOG: frozenset({Role.INSTRUCTOR}),
    Action.COPY_COURSE: frozenset({Role.INSTRUCTOR}),
    Action.UPLOAD_ASSIGNMENT: frozenset({Role.INSTRUCTOR}),
    Action.ARCHIVE_COURSE: frozenset({Role.INSTRUCTOR}),
}
# Whatever else somebody is.
_OF_ADMINS = frozenset({Action.ADMINISTER, Action.DELETE_COURSE})
# What can still be done to a course that is archived, beside reading it.
_IN_ARCHIVE = frozenset(
    {
        Action.SEE_STAFF_PAGES,  # notebooks to download
        Action.EXPORT_MARKS,
        Action.COPY_COURSE,
        Action.ARCHIVE_COURSE,
        Action.DELETE_COURSE,
    }
)
# What a student may do to an assignment as soon as it is released.
_OF_RELEASED = frozenset({Action.SEE_ASSIGNMENT, Action.SUBMIT, Action.ASK_FOR_EXTENSION})


def allowed(session: Session, actor: User | None, action: Action, resource: Resource) -> bool:
    """
    Return whether somebody may do something; whatever is not named here is not allowed.

    Args:
        session: To look up roles.
        actor: Who; ``None`` for nobody.
        action: What.
        resource: To what; ``None`` for the portal as a whole.
    """
    if actor is None or not actor.active:
        return False
    if action in _OF_ADMINS:
        return actor.is_admin
    course = _course_of(resource)
    if course is None:
        return False
    role = Role.INSTRUCTOR if actor.is_admin else role_in(session, actor, course)
    if role is None or role not in _IN_COURSE.get(action, frozenset()):
        return False
    if action is Action.UPLOAD_ASSIGNMENT and not (actor.is_admin or actor.may_upload):
        return False
    if isinstance(resource, Membership):
        # All else that is done to a member is done to the course.
        return action is Action.CORRECT_PERSON and bool(correctable(session, actor, [resource]))
    if action is Action.CORRECT_PERSON:
        return False
    if role is Role.GRADER and action is Action.SEE_NAMES:
        return _names_are_open(resource)
    if role is Role.GRADER and action is Action.GRADE and isinstance(resource, Submission):
        # Somebody who was a student of the course does not grade what they submitted.
        return resource.user_id != actor.id
    return role is not Role.STUDENT or _student_may(session, actor, action, resource)


def is_read_only(action: Action, resource: Resource) -> bool:
    """
    Return whether a form that does this changes nothing any more, since its course is archived.

    Who may see a page of such a course sees it as before.
    """
    course = _course_of(resource)
    return course is not None and course.archived_at is not None and action not in _IN_ARCHIVE


def role_in(session: Session, actor: User, course: Course) -> Role | None:
    """Return somebody's role in a course, if they have one."""
    return session.scalar(
        select(Membership.role).where(
            Membership.user_id == actor.id,
            Membership.course_id == course.id,
            Membership.active.is_(True),
        )
    )


def correctable(
    session: Session, actor: User, members: Sequence[Membership]
) -> Sequence[Membership]:
    """
    Return those of a course's members whom one may correct who manages its people.

    Instructors correct who is a student and no more, here and elsewhere, and only if all of the
    person's courses are theirs: the address is where other courses send links that set a password,
    and by number and name their gradebooks and exports say whose points are whose.

    Args:
        session: To look up which courses are whose.
        actor: Who.
        members: Of a course whose people they manage.
    """
    if actor.is_admin:
        return members
    theirs = select(Membership.course_id).where(
        Membership.user_id == actor.id,
        Membership.role == Role.INSTRUCTOR,
        Membership.active.is_(True),
    )
    own = frozenset(session.scalars(theirs))
    return [each for each in members if _is_student_of(own, each.user)]


def _is_student_of(courses: Collection[int], person: User) -> bool:
    """Return whether somebody is a student and no more, and of these courses only."""
    more = person.is_admin or person.may_upload
    return not more and all(
        each.role is Role.STUDENT and each.offered_role is None and each.course_id in courses
        for each in person.memberships
    )


def _student_may(session: Session, actor: User, action: Action, resource: Resource) -> bool:
    """Students see what is released, and of submissions only their own."""
    if isinstance(resource, Submission):
        own = resource.user_id == actor.id
        return own and action in (Action.SEE_SUBMISSION, Action.ASK_FOR_REGRADE)
    if isinstance(resource, CourseAssignment):
        released = resource.is_released(now())
        if action is Action.SEE_SOLUTION:
            return released and visibility_for(session, resource, actor).solution
        return released and action in _OF_RELEASED
    return action is Action.SEE_COURSE


def _names_are_open(resource: Resource) -> bool:
    """Graders see whose work it is unless its assignment hides that; never all of a course's."""
    assignment = resource.assignment if isinstance(resource, Submission) else resource
    return isinstance(assignment, CourseAssignment) and not assignment.anonymous_grading


def _course_of(resource: Resource) -> Course | None:
    if isinstance(resource, Submission):
        return resource.assignment.course
    if isinstance(resource, CourseAssignment | Membership):
        return resource.course
    return resource
