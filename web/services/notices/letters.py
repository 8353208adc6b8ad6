"""Messages as they are sent: their words, and what mail programs have to know about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from web.models import Invitation, Mail, Membership, User
from web.services.notices import choices, paths
from web.services.people import mailed_links

_GREETING = "Hello {name},"


@dataclass(frozen=True)
class Origin:
    """
    What of the portal's settings stands in messages.

    Args:
        public_url: With what their links begin.
        secret_key: Signs links by which one unsubscribes.
    """

    public_url: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """
    A message that a worker has claimed.

    Args:
        mail_id: Of its row.
        message_id: By which mail programs know it again.
        to: The address.
        subject: In plain text; what people have typed may be in it.
        text: Its plain text.
        headers: Further ones.
    """

    mail_id: int
    message_id: str
    to: str
    subject: str
    text: str
    headers: Mapping[str, str]


def letter(
    mail: Mail,
    user: User,
    origin: Origin,
    subject: str,
    paragraphs: list[str],
    headers: Mapping[str, str] | None = None,
) -> Letter:
    """Return a message to somebody, with a greeting before its paragraphs."""
    host = urlsplit(origin.public_url).hostname
    text = "\n\n".join([_GREETING.format(name=user.name), *paragraphs]) + "\n"
    message_id = f"<{mail.message_id}@{host}>"
    return Letter(mail.id, message_id, user.email, subject, text, headers or {})


def invitation_letter(session: Session, mail: Mail, user: User, origin: Origin) -> Letter | None:
    """Return the message that brings a link which staff have made; ``None`` if it has ended."""
    invitation = mail.invitation
    if invitation is None or not _is_open(invitation, mail):
        return None
    if invitation.membership is not None:
        return _role_letter(mail, invitation, invitation.membership, user, origin)
    maker = session.get(User, invitation.created_by_id or 0)
    by = "" if maker is None else f" by {maker.name}"
    courses = sorted(each.course.title for each in user.memberships if each.active)
    if user.password_hash is None:
        subject = f"Your account for {courses[0]}" if courses else "Your account"
        first = f"an account has been made for you{by}"
        first += f" to submit your work in: {', '.join(courses)}." if courses else "."
        step = "Choose your password here"
    else:
        subject = "A link to set a new password"
        first = f"a link has been made{by} by which you set a new password."
        step = "Set it here"
    return letter(
        mail,
        user,
        origin,
        subject,
        [
            first,
            f"{step}. The link works once, {_until(invitation, user)}:",
            _link(invitation, origin),
        ],
    )


def _role_letter(
    mail: Mail, invitation: Invitation, membership: Membership, user: User, origin: Origin
) -> Letter | None:
    if membership.offered_role is None:
        return None
    course, role = membership.course.title, membership.offered_role
    return letter(
        mail,
        user,
        origin,
        f"{course}: your role",
        [
            f"the course “{course}” offers you the role “{role}”.",
            f"Accept it here. The link works once, {_until(invitation, user)}:",
            origin.public_url + paths.of_role(mailed_links.renew(invitation)),
        ],
    )


def reset_letter(session: Session, mail: Mail, user: User, origin: Origin) -> Letter | None:
    """Return the message that brings a link which its reader has asked for; ``None``: no more."""
    if mail.due_at - mail.created_at > mailed_links.RESET_VALID:
        return None
    if mail.invitation is None:
        mail.invitation = mailed_links.make_reset(session, user)
    invitation = mail.invitation
    if invitation is None or invitation.used_at is not None:
        return None
    invitation.expires_at = mail.due_at + mailed_links.RESET_VALID
    return letter(
        mail,
        user,
        origin,
        "Set a new password",
        [
            "somebody, probably you, has asked for a link to set the password of your account.",
            "Set it here. The link works once, for one hour:",
            _link(invitation, origin),
            "If it was not you, there is nothing to do: your password stays as it is.",
        ],
    )


def notice_letter(mail: Mail, user: User, origin: Origin) -> Letter:
    """Return the message that tells a notice, or several; one may want no more of them."""
    what = "digest" if mail.notice is None else mail.notice.kind
    token = choices.unsubscribe_token(origin.secret_key, user, what)
    headers = {
        "List-Unsubscribe": f"<{origin.public_url}{paths.of_unsubscribing(token)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    place = origin.public_url + paths.of_choices()
    foot = f"-- \nChoose which messages you get: {place}"
    return letter(mail, user, origin, mail.subject, [mail.text, foot], headers)


def _link(invitation: Invitation, origin: Origin) -> str:
    return origin.public_url + paths.of_invitation(mailed_links.renew(invitation))


def _is_open(invitation: Invitation, mail: Mail) -> bool:
    return invitation.used_at is None and invitation.expires_at > mail.due_at


def _until(invitation: Invitation, user: User) -> str:
    zones = [each.course.time_zone for each in user.memberships]
    return f"until {moment(invitation.expires_at, zones[0] if zones else 'UTC')}"


def moment(value: datetime, zone: str) -> str:
    """Write a moment in a course's time zone."""
    return f"{value.astimezone(ZoneInfo(zone)):%A, %-d %B %Y, %H:%M %Z}"
