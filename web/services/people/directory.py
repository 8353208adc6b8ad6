"""All accounts of the portal, for admins: find them, close and reopen them."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, selectinload

from web.db import now
from web.models import AuditEntry, BrowserSession, Membership, User
from web.services import audit
from web.services.errors import RuleError
from web.services.lookup import person_has
from web.services.people import accounts

PAGE_ROWS: Final = 100


class Kind(enum.StrEnum):
    """Which accounts are listed."""

    ALL = ""
    ADMINS = "admins"
    CLOSED = "closed"
    NO_COURSE = "no_course"
    NO_PASSWORD = "no_password"  # noqa: S105  # a word of a filter


@dataclass(frozen=True)
class Filters:
    """
    Which accounts to list.

    Args:
        text: A part of name, e-mail address or student number; empty: all.
        kind: Which of them.
        page: From 1.
    """

    text: str = ""
    kind: Kind = Kind.ALL
    page: int = 1


@dataclass(frozen=True)
class Directory:
    """
    A page of accounts.

    Args:
        users: By name.
        signed_in_at: When they last signed in, by their ids, as far as the log knows.
        total: How many match, on all pages.
        page: Which page this is, from 1.
        pages: How many there are.
    """

    users: Sequence[User]
    signed_in_at: Mapping[int, datetime]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Account:
    """
    An account, for its own page.

    Args:
        user: Whose.
        signed_in_at: When they last signed in, as far as the log knows.
        sessions: How many browsers are signed in.
    """

    user: User
    signed_in_at: datetime | None
    sessions: int


def search(session: Session, filters: Filters) -> Directory:
    """Return the accounts that match, by name."""
    conditions = _conditions(filters)
    total = session.scalar(select(func.count()).select_from(User).where(*conditions)) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(1, filters.page), pages)
    users = session.scalars(
        select(User)
        .where(*conditions)
        .order_by(User.name, User.id)
        .offset((page - 1) * PAGE_ROWS)
        .limit(PAGE_ROWS)
        .options(selectinload(User.memberships))
    ).all()
    return Directory(users, _signed_in_at(session, users), total, page, pages)


def account(session: Session, user: User) -> Account:
    """Return what the page of an account shows."""
    going_on = select(func.count()).where(
        BrowserSession.user_id == user.id, BrowserSession.expires_at > now()
    )
    signed_in_at = _signed_in_at(session, [user]).get(user.id)
    return Account(user, signed_in_at, session.scalar(going_on) or 0)


def close(session: Session, actor: User, user: User) -> None:
    """
    Deactivate an account: its sessions and links end, and nobody signs in to it.

    What the person did stays, in their courses too.

    Args:
        session: A writing session; the caller commits.
        actor: Who; always an admin, so that one is left.
        user: Whose.

    Raises:
        RuleError: If it is one's own, or closed already.
    """
    if user.id == actor.id:
        raise RuleError("You cannot deactivate your own account. Ask another admin to do it.")
    if not user.active:
        raise RuleError("This account is already deactivated.")
    user.active = False
    user.session_key = secrets.token_hex(16)
    accounts.end_links(session, user)
    ended = accounts.end_sessions(session, user)
    audit.record(session, actor, "person.deactivated", target=user.email, sessions_ended=ended)


def reopen(session: Session, actor: User, user: User) -> None:
    """
    Let somebody sign in again, with the password that they had.

    Raises:
        RuleError: If the account is not closed.
    """
    if user.active:
        raise RuleError("This account is active.")
    user.active = True
    audit.record(session, actor, "person.reactivated", target=user.email)


def set_may_upload(session: Session, actor: User, user: User, *, allowed: bool) -> None:
    """
    Let somebody upload assignments to the courses that they instruct, or no longer.

    Links that instructors have made for them end, so that none reaches further than when it was
    made.

    Raises:
        RuleError: If it is so already.
    """
    if user.may_upload == allowed:
        raise RuleError("This has been changed already. Reload the page.")
    user.may_upload = allowed
    if allowed:
        accounts.end_links(session, user)
    audit.record(session, actor, "person.upload_right_changed", target=user.email, allowed=allowed)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions = []
    if text := filters.text.strip():
        conditions.append(person_has(text))
    in_a_course = select(Membership.user_id).where(Membership.active.is_(True))
    chosen = {
        Kind.ADMINS: User.is_admin.is_(True),
        Kind.CLOSED: User.active.is_(False),
        Kind.NO_COURSE: User.id.not_in(in_a_course),
        Kind.NO_PASSWORD: User.password_hash.is_(None),
    }
    if filters.kind in chosen:
        conditions.append(chosen[filters.kind])
    return conditions


def _signed_in_at(session: Session, users: Sequence[User]) -> dict[int, datetime]:
    query = (
        select(AuditEntry.actor_id, func.max(AuditEntry.at))
        .where(
            AuditEntry.actor_id.in_([each.id for each in users]),
            AuditEntry.action == "account.signed_in",
        )
        .group_by(AuditEntry.actor_id)
    )
    return {user_id: at for user_id, at in session.execute(query) if user_id is not None}
