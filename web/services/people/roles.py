"""
Roles of staff: a course offers one, and the person accepts it.

An account is not proved to belong to its address: whoever made it may have set its password. So a
role above student takes effect only when somebody who is signed in as that person, or sets the
account's first password, opens a link that this very course has sent.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from web.models import Membership, Role, User
from web.services import audit
from web.services.errors import RuleError
from web.services.people import accounts

FOR_SOMEBODY_ELSE: Final = "This link is for somebody else. Sign out, then open it again."


def give(session: Session, membership: Membership, role: Role) -> None:
    """
    Let a membership have a role: at once if it is no higher than the present one, else as an offer.

    Links that others have made for the person end, so that none reaches further than when it was
    made.

    Args:
        session: A writing session; the caller commits.
        membership: Whose.
        role: Which.
    """
    if role.exceeds(membership.role):
        if membership.offered_role is not role:
            membership.offered_role = role
            accounts.end_links(session, membership.user)
    else:
        membership.role, membership.offered_role = role, None


def offer_link(session: Session, membership: Membership, created_by: User) -> str:
    """Make the token of a link that accepts the offered role; earlier unused links end."""
    return accounts.invite(session, membership.user, created_by, membership)


def offered(session: Session, token: str) -> Membership:
    """
    Return the membership whose offered role a link accepts.

    Raises:
        RuleError: If the link is wrong, used or too old, or nothing is offered any more.
    """
    membership = accounts.open_invitation(session, token).membership
    if membership is None or membership.offered_role is None:
        raise RuleError("This link is no longer valid. Ask your instructor for a new link.")
    return membership


def accept(session: Session, token: str, user: User) -> Membership:
    """
    Accept the role that a link offers.

    Args:
        session: A writing session; the caller commits.
        token: Of the link.
        user: Who is signed in.

    Raises:
        RuleError: If the link will not do, is for somebody else, or its course is archived.
    """
    membership = offered(session, token)
    if membership.user_id != user.id:
        raise RuleError(FOR_SOMEBODY_ELSE)
    if membership.course.archived_at is not None:
        raise RuleError(
            "This course is archived, so that nobody joins its staff. Ask an instructor to reopen "
            "it."
        )
    accounts.use(accounts.open_invitation(session, token))
    take(session, membership)
    return membership


def take(session: Session, membership: Membership) -> None:
    """Let the offered role hold."""
    if membership.offered_role is not None:
        membership.role, membership.offered_role = membership.offered_role, None
        membership.active = True
        user = membership.user
        audit.record(
            session,
            user,
            "role.accepted",
            course=membership.course,
            target=user.email,
            role=membership.role.value,
        )
