"""
Tells what waits once its reader may know it: in the portal, and by e-mail as they wish.

A notice holds no points and no words of others: it says that there is something, and leads to the
page which knows what of it the reader may see.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.mail import one_line
from web.models import Delivery, Mail, MailKind, Membership, Notice, NoticeKind
from web.services.notices.choices import choices_of
from web.services.notices.facts import Told, Wait, facts_of

PORTION: Final = 5
"""How many are told while nobody else can write."""
LOOK_AGAIN: Final = timedelta(minutes=5)
"""A moment that is waited for may be moved nearer."""
DIGEST_AT: Final = time(7)
KEPT: Final = timedelta(days=365)


def any_waiting(session: Session) -> bool:
    """Return whether something is to be told now, or looked at again; reading only."""
    query = select(Notice.id).where(Notice.told_at.is_(None), Notice.look_at <= now())
    return session.scalar(query.limit(1)) is not None


def tell_some(session: Session, public_url: str | None) -> int:
    """
    Tell some of what waits, the oldest first.

    Args:
        session: A writing session; the caller commits.
        public_url: With what links in messages begin; ``None``: the portal sends no e-mail.

    Returns:
        How many were looked at.
    """
    waiting = session.scalars(
        select(Notice)
        .where(Notice.told_at.is_(None), Notice.look_at <= now())
        .order_by(Notice.id)
        .limit(PORTION)
        .with_for_update(skip_locked=True, of=Notice)
    ).all()
    gone: set[int] = set()
    for notice in waiting:
        if notice.id not in gone:
            gone |= _merge(session, notice)
            _look_at(session, notice, public_url)
    return len(waiting)


def forget_old(session: Session) -> int:
    """Forget what was told long ago; returns how many notices that were."""
    old = session.execute(delete(Notice).where(Notice.told_at < now() - KEPT))
    return int(old.rowcount)  # type: ignore[attr-defined]  # a deletion's result has it


def _merge(session: Session, notice: Notice) -> set[int]:
    """Let one notice stand for all that wait on the same; returns which ones it replaces."""
    same = (
        Notice.user_id == notice.user_id,
        Notice.kind == notice.kind,
        Notice.assignment_id == notice.assignment_id,
        Notice.told_at.is_(None),
        Notice.id > notice.id,
    )
    later = session.scalars(select(Notice).where(*same).order_by(Notice.id)).all()
    if notice.kind is NoticeKind.ANSWERED or not later:
        return set()
    # The earliest knows the deadline before all of them, the latest what came last.
    notice.submission_id, notice.submission = later[-1].submission_id, later[-1].submission
    ids = {each.id for each in later}
    for each in later:
        session.delete(each)
    session.flush()
    return ids


def _look_at(session: Session, notice: Notice, public_url: str | None) -> None:
    found = facts_of(session, notice) if _is_present(session, notice) else None
    if isinstance(found, Told):
        _tell(session, notice, found, public_url)
    elif isinstance(found, Wait):
        soon = now() + LOOK_AGAIN
        notice.look_at = soon if found.until is None else min(found.until, soon)
    else:
        session.delete(notice)
    session.flush()


def _is_present(session: Session, notice: Notice) -> bool:
    """Return whether the reader has an open account and is in the course."""
    membership = select(Membership.id).where(
        Membership.user_id == notice.user_id,
        Membership.course_id == notice.assignment.course_id,
        Membership.active.is_(True),
    )
    return notice.user.active and session.scalar(membership) is not None


def _tell(session: Session, notice: Notice, told: Told, public_url: str | None) -> None:
    at = now()
    if notice.kind is not NoticeKind.ANSWERED:
        _close_earlier(session, notice, at)
    notice.told_at = at
    notice.subject, notice.text, notice.path = one_line(told.subject), told.text, told.path
    if public_url is None:
        return
    delivery = choices_of(session, notice.user)[notice.kind]
    if delivery is Delivery.AT_ONCE:
        session.add(
            Mail(
                kind=MailKind.NOTICE,
                user_id=notice.user_id,
                notice_id=notice.id,
                subject=notice.subject,
                text=f"{told.text}\n\n{public_url}{told.path}",
            )
        )
    elif delivery is Delivery.DIGEST:
        notice.digest_at = next_digest(at, notice.assignment.course.time_zone)


def _close_earlier(session: Session, notice: Notice, at: datetime) -> None:
    """Let what was told before on the same be read: it is no news beside this."""
    session.execute(
        update(Notice)
        .where(
            Notice.user_id == notice.user_id,
            Notice.kind == notice.kind,
            Notice.assignment_id == notice.assignment_id,
            Notice.told_at.is_not(None),
            Notice.read_at.is_(None),
        )
        .values(read_at=at, digest_at=None)
    )
    if notice.kind is NoticeKind.RELEASED:
        # Results that waited are seen with it.
        session.execute(
            delete(Notice).where(
                Notice.user_id == notice.user_id,
                Notice.kind == NoticeKind.GRADED,
                Notice.assignment_id == notice.assignment_id,
                Notice.told_at.is_(None),
            )
        )


def next_digest(at: datetime, zone: str) -> datetime:
    """Return the next morning in a course's time zone, when the messages of a day go together."""
    local = at.astimezone(ZoneInfo(zone))
    morning = datetime.combine(local.date(), DIGEST_AT, local.tzinfo)
    if morning <= local:
        morning = datetime.combine(local.date() + timedelta(days=1), DIGEST_AT, local.tzinfo)
    return morning
