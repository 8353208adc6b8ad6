"""One message a day with all that somebody does not wish to get at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.db import now
from web.models import Delivery, Mail, MailKind, Notice
from web.services.notices.choices import choices_of

PORTION: Final = 20
"""To how many people while nobody else can write."""


def any_due(session: Session) -> bool:
    """Return whether somebody's digest is to go; reading only."""
    return session.scalar(select(Notice.id).where(Notice.digest_at <= now()).limit(1)) is not None


def write_some(session: Session, public_url: str) -> int:
    """
    Write the digests of some people.

    Args:
        session: A writing session; the caller commits.
        public_url: With what links begin.

    Returns:
        Of how many people something was due that no other process has in its hands.
    """
    at = now()
    readers = select(Notice.user_id).where(Notice.digest_at <= at).distinct()
    count = 0
    for user_id in session.scalars(readers.order_by(Notice.user_id).limit(PORTION)).all():
        due = session.scalars(
            select(Notice)
            .where(Notice.user_id == user_id, Notice.digest_at <= at)
            .order_by(Notice.id)
            .with_for_update(skip_locked=True, of=Notice)
        ).all()
        count += bool(due)
        _write(session, due, public_url)
    return count


def _write(session: Session, due: Sequence[Notice], public_url: str) -> None:
    for notice in due:
        notice.digest_at = None
    wanted = choices_of(session, due[0].user) if due else {}
    told = [each for each in due if each.read_at is None and wanted[each.kind] is not Delivery.NONE]
    if told:
        session.add(
            Mail(
                kind=MailKind.DIGEST,
                user_id=told[0].user_id,
                subject=_subject(told),
                text="\n\n".join(_entry(each, public_url) for each in told),
            )
        )


def _subject(told: Sequence[Notice]) -> str:
    if len(told) == 1:
        return told[0].subject
    return f"{len(told)} notices from your courses"


def _entry(notice: Notice, public_url: str) -> str:
    return f"{notice.text}\n{public_url}{notice.path}"
