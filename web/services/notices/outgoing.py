"""
The queue of messages: each goes at most once, in the hands of one worker at a time.

A message is claimed before it goes over the line, and what becomes of it is stored afterwards. If
a worker is killed between, or the connection breaks, nobody knows whether it was taken; then it is
not sent again. Sessions are committed by the caller.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import Mail, MailKind, MailState, Notice
from web.services.notices import letters
from web.services.notices.letters import Letter, Origin

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 21_600, 86_400)
)
"""After each try that failed; after the last one it is given up."""
HELD: Final = timedelta(minutes=10)
"""Longer than any server may take over a message."""
TOO_OLD: Final = timedelta(days=2)
KEPT: Final = timedelta(days=30)
_AT_ONCE: Final = 20
_LONGEST_REASON: Final = 300
_TOO_LATE: Final = "it could not be sent while it was of use"


class Outcome(enum.StrEnum):
    """What became of a message that was claimed."""

    SENT = "sent"
    TRY_LATER = "try_later"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def any_due(session: Session) -> bool:
    """Return whether a message is to go now; reading only."""
    return session.scalar(_due(now()).limit(1)) is not None


def claim(session: Session, origin: Origin) -> Letter | None:
    """Claim the next message, unless none is due; what need not go any more is dropped."""
    at = now()
    for mail_id in session.scalars(_due(at)).all():
        taken = session.execute(
            update(Mail)
            .where(Mail.id == mail_id, Mail.state == MailState.QUEUED)
            .values(state=MailState.SENDING, due_at=at)
        )
        if not _changed(taken):
            continue
        mail = session.get_one(Mail, mail_id, populate_existing=True)
        if at - mail.created_at > TOO_OLD:
            _end(mail, MailState.FAILED, _TOO_LATE)
            continue
        found = _letter(session, mail, origin)
        if found is not None:
            return found
        session.delete(mail)
        session.flush()
    return None


def finish(session: Session, letter: Letter, outcome: Outcome, reason: str = "") -> None:
    """Store what became of a message."""
    mail = session.get(Mail, letter.mail_id, populate_existing=True)
    if mail is None or mail.state is not MailState.SENDING:
        return  # what it told was taken back meanwhile
    if outcome is Outcome.SENT:
        _end(mail, MailState.SENT)
    elif outcome is Outcome.UNKNOWN:
        _end(mail, MailState.UNKNOWN, reason)
    elif outcome is Outcome.REFUSED:
        _end(mail, MailState.FAILED, reason)
    else:
        _try_later(mail, reason)


def postpone(session: Session, reason: str) -> int:
    """Let all that is due count a try: the server cannot be reached. Returns how many that are."""
    waiting = session.scalars(
        select(Mail).where(Mail.state == MailState.QUEUED, Mail.due_at <= now())
    ).all()
    for mail in waiting:
        _try_later(mail, reason)
    return len(waiting)


def tidy(session: Session) -> int:
    """
    End what was claimed by workers that are gone, and forget what ended long ago.

    Returns:
        Of how many nobody knows whether they were taken.
    """
    at = now()
    lost = session.execute(
        update(Mail)
        .where(Mail.state == MailState.SENDING, Mail.due_at < at - HELD)
        .values(state=MailState.UNKNOWN, ended_at=at, reason="the worker ended meanwhile")
    )
    session.execute(delete(Mail).where(Mail.ended_at < at - KEPT))
    return _changed(lost)


def hold_back(session: Session) -> None:
    """Send nothing of what waited in a backup: it may have gone since the backup was made."""
    session.execute(
        update(Mail)
        .where(Mail.state.in_((MailState.QUEUED, MailState.SENDING)))
        .values(state=MailState.UNKNOWN, ended_at=now(), reason="restored from a backup")
    )
    session.execute(update(Notice).values(digest_at=None))


def _due(at: datetime) -> Select[int]:
    waiting = select(Mail.id).where(Mail.state == MailState.QUEUED, Mail.due_at <= at)
    return waiting.order_by(Mail.due_at, Mail.id).limit(_AT_ONCE)


def _letter(session: Session, mail: Mail, origin: Origin) -> Letter | None:
    """Return what goes; ``None`` if its reader, its reason or its use is gone."""
    user = mail.user
    if user is None or not user.active:
        return None
    if mail.kind is MailKind.INVITATION:
        return letters.invitation_letter(session, mail, user, origin)
    if mail.kind is MailKind.RESET:
        return letters.reset_letter(session, mail, user, origin)
    return letters.notice_letter(mail, user, origin)


def _try_later(mail: Mail, reason: str) -> None:
    if mail.tries >= len(PAUSES):
        _end(mail, MailState.FAILED, reason)
        return
    mail.state, mail.due_at = MailState.QUEUED, now() + PAUSES[mail.tries]
    mail.tries += 1
    mail.reason = reason[:_LONGEST_REASON]


def _end(mail: Mail, state: MailState, reason: str = "") -> None:
    mail.state, mail.ended_at, mail.reason = state, now(), reason[:_LONGEST_REASON]
    # A link that ends takes its message with it; those that have gone stay, and are counted.
    mail.invitation = None


def _changed(result: object) -> int:
    return int(result.rowcount)  # type: ignore[attr-defined]  # an update's result has it
