"""
Links that are sent by e-mail: invitations of staff, and those for who has forgotten a password.

A token is made when its message goes; the database holds its hash only. An address proves whose the
account is, so that whoever reads its messages may set its password.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web.db import Database, now
from web.models import Invitation, Mail, MailKind, Membership, User
from web.services import audit, outbox
from web.services.people import accounts, throttle
from web.services.people.names import normalised
from web.services.people.tokens import digest, new_token

RESET_VALID: Final = timedelta(hours=1)
MOST_RESETS: Final = 5
"""Links that somebody gets while the first of them is valid: more would be a nuisance."""


MOST_INVITATIONS: Final = 5
"""Links that staff send to somebody within a day, whoever they are and whatever the courses."""


def invite(
    session: Session, user: User, created_by: User, membership: Membership | None = None
) -> bool:
    """
    Let a link be sent by which somebody sets a password or accepts a role; earlier ones end.

    Args:
        session: A writing session; the caller commits.
        user: For whom.
        created_by: By whom.
        membership: Whose offered role the link accepts; a password that is there stays.

    Returns:
        Whether it is sent; not if the person has got too many by now.
    """
    recent = select(func.count()).where(
        Mail.user_id == user.id,
        Mail.kind == MailKind.INVITATION,
        Mail.created_at > now() - timedelta(days=1),
    )
    if (session.scalar(recent) or 0) >= MOST_INVITATIONS:
        return False
    accounts.end_links(session, user)
    invitation = Invitation(
        user_id=user.id,
        token_hash=digest(new_token()),
        membership_id=None if membership is None else membership.id,
        created_by_id=created_by.id,
        expires_at=now() + timedelta(days=accounts.INVITATION_DAYS),
    )
    session.add(invitation)
    outbox.send_link(session, invitation)
    return True


def ask_for_reset(database: Database, email: str, network: str) -> None:
    """
    Let a link that sets a password be sent to an address, if an account has it.

    What is done, and how long it takes, does not tell whether one has.

    Args:
        database: Written to.
        email: As typed.
        network: The browser's network address.

    Raises:
        TooManyError: If somebody has asked too often.
    """
    address = normalised(email)
    with database.write.begin() as session:
        throttle.begin_reset(session, address, network)
        known = select(User).where(User.email == address, User.active.is_(True))
        outbox.send_reset(session, session.scalar(known))


def renew(invitation: Invitation) -> str:
    """Return a token that an invitation has from now on; one that it had before ends."""
    token = new_token()
    invitation.token_hash = digest(token)
    return token


def make_reset(session: Session, user: User) -> Invitation | None:
    """Make a link that somebody has asked for; ``None`` if enough of them are under way."""
    recent = select(func.count()).where(
        Invitation.user_id == user.id,
        Invitation.self_requested.is_(True),
        Invitation.created_at > now() - RESET_VALID,
    )
    if not user.active or (session.scalar(recent) or 0) >= MOST_RESETS:
        return None
    invitation = Invitation(
        user_id=user.id,
        token_hash=digest(new_token()),
        self_requested=True,
        expires_at=now() + RESET_VALID,
    )
    session.add(invitation)
    session.flush()
    # Whoever asked need not be the person.
    audit.record(session, None, "account.link_requested", target=user.email)
    return invitation
