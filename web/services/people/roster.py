"""A course's people: roster in by CSV, roles, time multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from web.models import Course, Membership, Role, User
from web.services import audit
from web.services.csv_cells import parse_csv
from web.services.errors import RuleError
from web.services.people import accounts, roles
from web.services.people.names import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    clean_text,
    is_address,
    normalised,
)

MAX_ROWS: Final = 5000
_LONGEST: Final = {"number": LONGEST_NUMBER, "section": 60}
_COLUMNS: Final = {
    "email": ("email", "e-mail", "email address", "mail", "e-mail-adresse"),
    "name": ("name", "full name", "student", "student name"),
    "first": ("first name", "firstname", "given name", "vorname"),
    "last": ("last name", "lastname", "surname", "family name", "nachname"),
    "number": ("student number", "student id", "sid", "id number", "matriculation number",
               "matrikelnummer", "number"),
    "section": ("section", "sections", "group", "gruppe", "tutorial", "tutorium"),
}  # fmt: skip


@dataclass(frozen=True)
class RosterRow:
    """One person of a roster."""

    line: int
    email: str
    name: str
    student_number: str | None
    section: str | None


@dataclass(frozen=True)
class RosterChange:
    """
    What taking in a row of a roster would do.

    Args:
        row: The row.
        kind: ``"new"`` for a person who gets an account, ``"joins"`` for one who has one,
            ``"back"`` for one who had left, ``"here"`` for one who is in the course.
        name: What the person is called here.
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


def parse_roster(text: str) -> list[RosterRow]:
    """
    Read a roster: CSV with a header line, separated by commas, semicolons or tabs.

    Raises:
        RuleError: Names the line that is wrong.
    """
    # The header comes on top.
    rows = parse_csv(text.lstrip("\ufeff"), "The roster", MAX_ROWS + 1)
    if len(rows) > MAX_ROWS + 1:
        raise RuleError(f"The roster has more than {MAX_ROWS} lines.")
    if not rows:
        raise RuleError("The roster is empty.")
    columns = _columns(rows[0])
    if "email" not in columns and "number" not in columns:
        raise RuleError(
            "The roster's first line must name its columns; one of them is “email” or “student "
            "number”. “name”, or “first name” and “last name”, and “section” may be there too."
        )
    return [
        _row(columns, cells, line)
        for line, cells in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def preview(session: Session, course: Course, rows: Sequence[RosterRow]) -> list[RosterChange]:
    """
    Return what taking in a roster would do, without doing it.

    Raises:
        RuleError: Names the line of a new person without an e-mail address.
    """
    changes = []
    for row in rows:
        user = _known(session, row)
        if user is None:
            _check_new(row)
            changes.append(RosterChange(row, "new", row.name))
            continue
        membership = _membership(session, course, user)
        kind = "joins" if membership is None else "here" if membership.active else "back"
        changes.append(RosterChange(row, kind, user.name))
    return changes


def take_in(
    session: Session, actor: User, course: Course, rows: Sequence[RosterRow], role: Role
) -> RosterResult:
    """
    Add people to a course; who is known by e-mail or student number is not made twice.

    Raises:
        RuleError: Names the line of a new person without an e-mail address.
    """
    result = RosterResult()
    for row in rows:
        user = _known(session, row) or _new(session, row)
        membership = _membership(session, course, user)
        if membership is None:
            membership = _add(session, user, course, role, row.section)
            result.added.append(membership)
        else:
            membership.active = membership.active or membership.offered_role is None
            membership.section = row.section or membership.section
            result.known.append(membership)
        if membership.offered_role is not None:
            result.offered.append(membership)
        elif user.password_hash is None:
            result.invited.append(user)
    session.flush()
    audit.record(
        session, actor, "roster.taken_in", course=course, added=len(result.added), role=role.value
    )
    return result


def _add(
    session: Session, user: User, course: Course, role: Role, section: str | None = None
) -> Membership:
    """Add a member; who is to be staff is one only when they accept it."""
    membership = Membership(user=user, course=course, role=Role.STUDENT, section=section)
    membership.active = role is Role.STUDENT
    session.add(membership)
    session.flush()
    # A link that another course has made must not reach into this one.
    accounts.end_links(session, user)
    roles.give(session, membership, role)
    return membership


def name_instructor(session: Session, actor: User, course: Course, user: User) -> Membership:
    """Offer somebody to instruct a course; an admin who names themselves does so at once."""
    membership = _membership(session, course, user)
    if membership is None:
        membership = _add(session, user, course, Role.INSTRUCTOR)
    else:
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


def change(
    session: Session,
    actor: User,
    membership: Membership,
    *,
    role: Role,
    time_multiplier: float,
    active: bool,
) -> None:
    """
    Change somebody's place in a course; a higher role is offered to them.

    Raises:
        RuleError: If the multiplier is out of range, or nobody would be left to instruct.
    """
    if not 1.0 <= time_multiplier <= 5.0:
        raise RuleError("A time multiplier is a number from 1 to 5.")
    if membership.user_id == actor.id and (role is not Role.INSTRUCTOR or not active):
        raise RuleError(
            "You cannot take the course away from yourself; let another instructor do it."
        )
    before = {"role": membership.role, "multiplier": membership.time_multiplier}
    roles.give(session, membership, role)
    membership.time_multiplier = time_multiplier
    membership.active = active
    audit.record(
        session,
        actor,
        "membership.changed",
        course=membership.course,
        target=membership.user.email,
        before=before,
        after={"role": role, "multiplier": time_multiplier, "active": active},
    )


def _columns(header: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for number, title in enumerate(header):
        for column, names in _COLUMNS.items():
            if title.strip().lower() in names:
                columns.setdefault(column, number)
    return columns


def _row(columns: dict[str, int], cells: Sequence[str], line: int) -> RosterRow:
    def cell(column: str) -> str:
        number = columns.get(column)
        return clean_text(cells[number]) if number is not None and number < len(cells) else ""

    email = normalised(cell("email"))
    if email and not is_address(email):
        raise RuleError(f"Line {line}: “{email[:60]}” is not an e-mail address.")
    for column, longest in _LONGEST.items():
        if len(cell(column)) > longest:
            raise RuleError(f"Line {line}: “{cell(column)[:60]}…” is too long ({longest} letters).")
    name = cell("name") or f"{cell('first')} {cell('last')}".strip() or email.partition("@")[0]
    return RosterRow(
        line, email, name[:LONGEST_NAME], cell("number") or None, cell("section") or None
    )


def _known(session: Session, row: RosterRow) -> User | None:
    if row.email:
        user = session.scalar(select(User).where(User.email == row.email))
        if user is not None:
            return user
    if row.student_number:
        return session.scalar(select(User).where(User.student_number == row.student_number))
    return None


def _membership(session: Session, course: Course, user: User) -> Membership | None:
    return session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.course_id == course.id)
    )


def _check_new(row: RosterRow) -> None:
    if not row.email:
        raise RuleError(
            f"Line {row.line}: {row.student_number or 'this person'} is new here, so an e-mail "
            "address is needed."
        )


def _new(session: Session, row: RosterRow) -> User:
    _check_new(row)
    user = User(email=row.email, name=row.name, student_number=row.student_number)
    session.add(user)
    session.flush()
    return user
