"""What somebody is told in the portal, and what of it they have read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import Notice, User

MOST_SHOWN: Final = 100


def unread(session: Session, user: User) -> int:
    """Count what somebody has not read."""
    query = select(func.count()).select_from(Notice).where(*_unread(user))
    return session.scalar(query) or 0


def latest(session: Session, user: User) -> Sequence[Notice]:
    """Return what somebody was told, the latest first."""
    return session.scalars(
        select(Notice)
        .where(Notice.user_id == user.id, Notice.told_at.is_not(None))
        .order_by(Notice.told_at.desc(), Notice.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def find(session: Session, user: User, notice_id: int) -> Notice | None:
    """Find what somebody was told; what others were told is nothing."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.user_id != user.id or notice.told_at is None:
        return None
    return notice


def any_unread_about(session: Session, user: User, path: str) -> bool:
    """Return whether somebody has not read a notice that leads to a page; reading only."""
    found = select(Notice.id).where(*_unread(user), Notice.path == path)
    return session.scalar(found.limit(1)) is not None


def read_about(session: Session, user: User, path: str) -> None:
    """Let what leads to a page be read: its reader sees the page."""
    session.execute(update(Notice).where(*_unread(user), Notice.path == path).values(read_at=now()))


def read_all(session: Session, user: User) -> None:
    """Let all that somebody was told be read."""
    session.execute(update(Notice).where(*_unread(user)).values(read_at=now()))


def _unread(user: User) -> tuple[ColumnElement[bool], ...]:
    told = Notice.told_at.is_not(None)
    return Notice.user_id == user.id, Notice.read_at.is_(None), told
