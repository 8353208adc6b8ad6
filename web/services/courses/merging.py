"""
Merge two accounts of one person.

What belongs to somebody is read off the tables, as for the deletion of a course: whatever refers to
the one account refers to the other one afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Table, UniqueConstraint, delete, func, select, update
from sqlalchemy.orm import Session

from web.db import Base
from web.models import BrowserSession, Course, Invitation, Membership, User
from web.services import audit
from web.services.courses.deletion import owned_by
from web.services.errors import RuleError
from web.services.people import accounts
from web.services.people.names import normalised

_ENDED: Final = (BrowserSession.__table__, Invitation.__table__)
# They say that somebody is in a course, or was told of it; all else that they did something there.
_OF_PLACES: Final = frozenset({"membership", "invitation", "audit_entry", "notice", "mail"})


@dataclass(frozen=True)
class Merge:
    """
    What merging two accounts means.

    Args:
        kept: The account that stays.
        merged: The one that is gone afterwards.
        courses: Of the merged one, in which the kept one is from then on.
        common: Courses that both are in, where the kept one stays what it is.
        rows: How many submissions, grades, entries and the like become the kept one's.
    """

    kept: User
    merged: User
    courses: list[Course]
    common: list[Course]
    rows: int


def find(session: Session, email: str) -> User:
    """
    Find an account by its address.

    Raises:
        RuleError: If there is none.
    """
    user = session.scalar(select(User).where(User.email == normalised(email)))
    if user is None:
        raise RuleError("No account has this e-mail address.")
    return user


def preview(session: Session, kept: User, merged: User) -> Merge:
    """
    Return what merging two accounts means.

    Raises:
        RuleError: If they cannot be merged.
    """
    if kept.id == merged.id:
        raise RuleError("This is the same account. Enter the address of the other one.")
    if merged.is_admin:
        raise RuleError("An administrator's account cannot be merged into another one.")
    theirs = {each.course_id for each in kept.memberships}
    common = [each.course for each in merged.memberships if each.course_id in theirs]
    for course in common:
        if _did_something(session, merged, course):
            raise RuleError(
                f"Both accounts are in “{course.title}”, and {merged.email} has submissions or "
                "grades there. Such accounts cannot be merged; deactivate one of them instead."
            )
    rows = sum(
        session.scalar(select(func.count()).where(column == merged.id)) or 0
        for column in _references()
        if column.table not in _ENDED and column.table.name != "membership"
    )
    courses = [each.course for each in merged.memberships if each.course_id not in theirs]
    return Merge(kept, merged, courses, common, rows)


def merge(session: Session, actor: User, kept: User, merged: User) -> None:
    """
    Let all that is one account's be another's, and delete the one.

    The password, name and address of the kept one stay; it gets the student number if it has none.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        kept: The account that stays.
        merged: The one that is gone afterwards.

    Raises:
        RuleError: If they cannot be merged.
    """
    found = preview(session, kept, merged)
    common = [each.id for each in found.common]
    number, email, merged_id = merged.student_number, merged.email, merged.id
    # Links and sessions of the merged account end; so do offers of courses that both are in. Links
    # of the kept one end, too, or they would reach into the courses that it gets.
    session.execute(delete(Invitation).where(Invitation.user_id == merged_id))
    accounts.end_links(session, kept)
    places = Membership.user_id == merged_id, Membership.course_id.in_(common)
    session.execute(delete(Membership).where(*places))
    for column in _references():
        table, theirs = column.table, column == merged_id
        if table in _ENDED or _is_settled_once(column):
            session.execute(delete(table).where(theirs))
        else:
            session.execute(update(table).where(theirs).values({column: kept.id}))
    session.expunge(merged)
    session.execute(delete(User).where(User.id == merged_id))
    session.expire(kept, ["memberships"])
    if kept.student_number is None:
        kept.student_number = number
    audit.record(
        session,
        actor,
        "person.merged",
        target=kept.email,
        merged=email,
        courses=[each.slug for each in found.courses],
    )


def _references() -> Iterator[Column[int]]:
    """Return the columns of all tables that refer to an account."""
    users = User.__table__
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is users:
                yield key.parent


def _is_settled_once(column: Column[int]) -> bool:
    """Return whether a table has one thing for each account, in no course: a choice of theirs."""
    table = column.table
    assert isinstance(table, Table)
    keys = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [each.columns for each in table.indexes if each.unique]
    once = any(column.name in each for each in (*keys, table.primary_key.columns))
    return once and table not in owned_by(0)


def _did_something(session: Session, user: User, course: Course) -> bool:
    owned = owned_by(course.id)
    return any(
        session.scalar(select(func.count()).where(column == user.id, owned[column.table]))
        for column in _references()
        if column.table in owned and column.table.name not in _OF_PLACES
    )
