"""How people wish to get notices by e-mail; who wants no more needs not sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web.models import Delivery, NoticeChoice, NoticeKind, User
from web.services.errors import RuleError

USUAL: Final[Mapping[NoticeKind, Delivery]] = {
    # Tests take seconds, and most students wait for them on the page.
    NoticeKind.GRADED: Delivery.DIGEST,
    NoticeKind.RELEASED: Delivery.AT_ONCE,
    NoticeKind.ANSWERED: Delivery.AT_ONCE,
    NoticeKind.REGRADED: Delivery.AT_ONCE,
    NoticeKind.DEADLINE: Delivery.AT_ONCE,
    NoticeKind.REMINDER: Delivery.AT_ONCE,
}
DIGEST: Final = "digest"
"""Stands for all kinds that somebody gets once a day."""


def choices_of(session: Session, user: User) -> dict[NoticeKind, Delivery]:
    """Return how somebody gets notices of each kind."""
    chosen = session.scalars(select(NoticeChoice).where(NoticeChoice.user_id == user.id))
    return {**USUAL, **{each.kind: each.delivery for each in chosen}}


def choose(session: Session, user: User, chosen: Mapping[NoticeKind, Delivery]) -> None:
    """
    Change how somebody gets notices; kinds that are not named stay as they are.

    Args:
        session: A writing session; the caller commits.
        user: Who.
        chosen: By kind.
    """
    own = NoticeChoice.user_id == user.id
    session.execute(delete(NoticeChoice).where(own, NoticeChoice.kind.in_(list(chosen))))
    session.add_all(
        NoticeChoice(user_id=user.id, kind=kind, delivery=delivery)
        for kind, delivery in chosen.items()
    )


def unsubscribe_token(secret_key: str, user: User, what: str) -> str:
    """
    Return what a message carries, so that its reader can want no more of its kind.

    Args:
        secret_key: Of the portal.
        user: The reader.
        what: A kind of notices, or `DIGEST`.
    """
    return _signer(secret_key).dumps([user.id, what])


def unsubscribe(session: Session, secret_key: str, token: str) -> None:
    """
    Send somebody no more of what a message was.

    Args:
        session: A writing session; the caller commits.
        secret_key: Of the portal.
        token: Of the message.

    Raises:
        RuleError: If it is none of ours, or its reader is gone.
    """
    user, what = subscriber(session, secret_key, token)
    present = choices_of(session, user)
    kinds = [
        kind
        for kind, delivery in present.items()
        if kind == what or (what == DIGEST and delivery is Delivery.DIGEST)
    ]
    choose(session, user, dict.fromkeys(kinds, Delivery.NONE))


def subscriber(session: Session, secret_key: str, token: str) -> tuple[User, str]:
    """
    Return who a token is for, and for what it stands.

    Raises:
        RuleError: If it is none of ours, or its reader is gone.
    """
    try:
        # Untrusted: only what we have signed is believed.
        user_id, what = _signer(secret_key).loads(token)
    except BadSignature:
        user_id, what = None, ""
    user = None if user_id is None else session.get(User, user_id)
    if user is None:
        raise RuleError(
            "This link is not complete. Sign in, and choose on your account's page which messages "
            "you get."
        )
    return user, str(what)


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="unsubscribe")
