"""A course's people: rosters taken in, roles, time multipliers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from web.models import Course, Membership, Role, User
from web.services import audit
from web.services.errors import RuleError
from web.services.people import accounts, roles
from web.services.people.groups import Groups
from web.services.people.roster_file import RosterRow

PORTION: Final = 100
"""How many rows are taken in while nobody else can write."""


@dataclass(frozen=True)
class RosterChange:
    """
    What taking in a row of a roster would do.

    Args:
        row: The row.
        kind: ``"new"`` for who is new in the course, whether they have an account or not,
            ``"back"`` for who had left, ``"moved"`` for whose section or labels change,
            ``"here"`` for whom nothing changes.
        name: What the person is called in the course; of who is new, what the roster says.
    """

    row: RosterRow
    kind: str
    name: str


@dataclass
class RosterResult:
    """What came of taking in a roster."""

    added: list[Membership] = field(default_factory=list)
    known: list[Membership] = field(default_factory=list)
    invited: list[User] = field(default_factory=list)
    """Those who have no password yet."""
    offered: list[Membership] = field(default_factory=list)
    """Those who are offered a role, and get a link of this course's for it."""


def preview(session: Session, course: Course, rows: Sequence[RosterRow]) -> list[RosterChange]:
    """
    Return what taking in a roster would do, without doing it.

    Of people who are not in the course it tells nothing that the roster does not say.

    Raises:
        RuleError: Names the line of a new person without an e-mail address.
    """
    members = _Members(_memberships(session, course))
    changes = []
    for row in rows:
        membership = members.find(row)
        if membership is None:
            _check_address(row)
            changes.append(RosterChange(row, "new", row.name))
        else:
            changes.append(RosterChange(row, _kind(membership, row), membership.user.name))
    return changes


def _kind(membership: Membership, row: RosterRow) -> str:
    if not membership.active:
        return "back"
    stays = row.section in (None, membership.section) and row.labels in ((), membership.labels)
    return "here" if stays else "moved"


def record_preview(session: Session, actor: User, course: Course, rows: int) -> None:
    """Write down that somebody asks what a roster of so many rows would do."""
    audit.record(session, actor, "roster.previewed", course=course, rows=rows)


def record_refusal(session: Session, actor: User, course: Course, reason: RuleError) -> None:
    """Write down why a roster was not taken in: it may say which numbers there are elsewhere."""
    audit.record(session, actor, "roster.refused", course=course, reason=str(reason))


def check(session: Session, course: Course, rows: Sequence[RosterRow]) -> None:
    """
    Find out whether a roster can be taken in, before any of it is.

    Raises:
        RuleError: Names the line of a new person without an e-mail address, or with the student
            number of somebody else.
    """
    members = _Members(_memberships(session, course))
    new = [row for row in rows if members.find(row) is None]
    for row in new:
        _check_address(row)
    known = {user.email for user in _users(session, User.email, [row.email for row in new])}
    accounts_to_make = [row for row in new if row.email not in known]
    numbers = [row.student_number for row in accounts_to_make if row.student_number]
    owners = {
        user.student_number: user.email for user in _users(session, User.student_number, numbers)
    }
    for row in accounts_to_make:
        if row.student_number and owners.setdefault(row.student_number, row.email) != row.email:
            raise RuleError(
                f"Line {row.line}: somebody else has the student number {row.student_number}. "
                "Correct it, or leave it out and ask an admin."
            )


def portions(rows: Sequence[RosterRow]) -> Iterator[Sequence[RosterRow]]:
    """Return a roster in parts, between which others can write."""
    for start in range(0, len(rows), PORTION):
        yield rows[start : start + PORTION]


def take_in(
    session: Session, actor: User, course: Course, rows: Sequence[RosterRow], role: Role
) -> RosterResult:
    """
    Add people to a course; who is known by e-mail, or in the course by number, is not made twice.

    Args:
        session: A writing session; the caller commits.
        actor: Who takes them in.
        course: Into which.
        rows: Of the roster, or a portion of it.
        role: What those who are new are to be.

    Raises:
        RuleError: Names the line of a new person without an e-mail address, or the lines among
            which is somebody else's address or number.
    """
    result = RosterResult()
    members = _Members(_memberships(session, course, rows))
    users = {user.email: user for user in _users(session, User.email, [r.email for r in rows])}
    for row in rows:
        membership = members.find(row)
        if membership is None:
            membership = Membership(
                user=users.get(row.email) or _account(row),
                course_id=course.id,
                role=Role.STUDENT,
                section=row.section,
                labels=row.labels,
                active=role is Role.STUDENT,
                offered_role=None,
            )
            members.add(membership)
            result.added.append(membership)
        elif membership not in result.added and membership not in result.known:
            membership.active = membership.active or membership.offered_role is None
            membership.section = row.section or membership.section
            membership.labels = row.labels or membership.labels
            result.known.append(membership)
    _store(session, result.added, rows)
    for membership in result.added:
        roles.give(session, membership, role)
    for membership in result.added + result.known:
        if membership.offered_role is not None:
            result.offered.append(membership)
        elif membership.user.password_hash is None:
            result.invited.append(membership.user)
    audit.record(
        session, actor, "roster.taken_in", course=course, added=len(result.added), role=role.value
    )
    return result


def _store(session: Session, memberships: Sequence[Membership], rows: Sequence[RosterRow]) -> None:
    session.add_all(memberships)
    try:
        session.flush()
    except IntegrityError:
        first, last = rows[0].line, rows[-1].line
        where = f"lines {first} to {last}" if first != last else f"line {first}"
        raise RuleError(
            f"Somebody else has just received an address or student number in {where}. The people "
            "before that have been imported; import the roster again."
        ) from None
    # Links that another course has made must not reach into this one.
    accounts.end_links_of(session, [membership.user for membership in memberships])


def name_instructor(session: Session, actor: User, course: Course, user: User) -> Membership:
    """Offer somebody to instruct a course; an admin who names themselves does so at once."""
    membership = _membership(session, course, user)
    if membership is None:
        membership = Membership(user=user, course=course, role=Role.STUDENT, active=False)
        session.add(membership)
        session.flush()
        accounts.end_links_of(session, [user])
    roles.give(session, membership, Role.INSTRUCTOR)
    if user.id == actor.id:
        roles.take(session, membership)
    return membership


def members(session: Session, course: Course) -> Sequence[Membership]:
    """Return a course's people, staff first, then by name."""
    found = session.scalars(
        select(Membership)
        .join(User)
        .where(Membership.course_id == course.id)
        .order_by(User.name)
        .options(joinedload(Membership.user).selectinload(User.memberships))
    ).all()
    order = {Role.INSTRUCTOR: 0, Role.GRADER: 1, Role.STUDENT: 2}
    return sorted(found, key=lambda membership: order[membership.role])


def check_multiplier(time_multiplier: float) -> None:
    """
    Check that a time multiplier is one.

    Raises:
        RuleError: If it is out of range.
    """
    if not 1.0 <= time_multiplier <= 5.0:
        raise RuleError("A time multiplier is a number from 1 to 5.")


def change(
    session: Session,
    actor: User,
    membership: Membership,
    *,
    role: Role,
    time_multiplier: float,
    active: bool,
    groups: Groups | None = None,
    effect: Mapping[str, int] | None = None,
) -> None:
    """
    Change somebody's place in a course; a higher role is offered to them.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        membership: Whose.
        role: What they are to be.
        time_multiplier: By which the time from release to deadline is stretched.
        active: Whether they are in the course.
        groups: Their section and labels from now on; ``None``: as they are.
        effect: What becomes of marks by it, for the log.

    Raises:
        RuleError: If the multiplier is out of range, or nobody would be left to instruct.
    """
    check_multiplier(time_multiplier)
    if membership.user_id == actor.id and (role is not Role.INSTRUCTOR or not active):
        raise RuleError(
            "You cannot remove yourself or change your own role. Ask another instructor to do it."
        )
    before = _place(membership)
    roles.give(session, membership, role)
    membership.time_multiplier = time_multiplier
    membership.active = active
    if groups is not None:
        membership.section, membership.labels = groups.section, groups.labels
    audit.record(
        session,
        actor,
        "membership.changed",
        course=membership.course,
        target=membership.user.email,
        before=before,
        after=_place(membership) | {"role": role},
        **(effect or {}),
    )


def _place(membership: Membership) -> dict[str, Any]:
    """Return somebody's place in a course for the log."""
    return {
        "role": membership.role,
        "multiplier": membership.time_multiplier,
        "active": membership.active,
        "section": membership.section,
        "labels": ", ".join(membership.labels),
    }


class _Members:
    """A course's people, by address and, among themselves only, by student number."""

    def __init__(self, memberships: Iterable[Membership]) -> None:
        self._by_email: dict[str, Membership] = {}
        self._by_number: dict[str, Membership] = {}
        for membership in memberships:
            self.add(membership)

    def add(self, membership: Membership) -> None:
        """Add somebody."""
        self._by_email[membership.user.email] = membership
        if membership.user.student_number:
            self._by_number[membership.user.student_number] = membership

    def find(self, row: RosterRow) -> Membership | None:
        """Return whom a row means, if they are in the course."""
        return self._by_email.get(row.email) or self._by_number.get(row.student_number or "")


def _memberships(
    session: Session, course: Course, rows: Sequence[RosterRow] | None = None
) -> Sequence[Membership]:
    """Return a course's memberships, of those only whom these rows may mean."""
    query = select(Membership).where(Membership.course_id == course.id)
    if rows is not None:
        numbers = [row.student_number for row in rows if row.student_number]
        named = User.email.in_([row.email for row in rows]) | User.student_number.in_(numbers)
        query = query.join(User).where(named)
    return session.scalars(query).all()


def _users(
    session: Session, column: InstrumentedAttribute[Any], values: Sequence[str]
) -> Iterator[User]:
    """Return whose address or number is among these; asked for in parts, as databases want it."""
    for start in range(0, len(values), PORTION):
        query = select(User).where(column.in_(values[start : start + PORTION]))
        yield from session.scalars(query.options(selectinload(User.memberships)))


def _membership(session: Session, course: Course, user: User) -> Membership | None:
    return session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.course_id == course.id)
    )


def _check_address(row: RosterRow) -> None:
    if not row.email:
        raise RuleError(
            f"Line {row.line}: {row.student_number or 'this person'} is new, so an e-mail address "
            "is required."
        )


def _account(row: RosterRow) -> User:
    _check_address(row)
    return User(email=row.email, name=row.name, student_number=row.student_number)
