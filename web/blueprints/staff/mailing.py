"""Links for people that are sent by e-mail in place of being shown."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from sqlalchemy.orm import Session

from web.http import portal, signed_in
from web.models import Membership, User
from web.services.people import mailed_links


def by_mail() -> bool:
    """Return whether links are to be sent in place of being shown."""
    return portal().settings.mail_server is not None and request.form.get("by_mail") == "1"


def send(session: Session, users: Sequence[User], offered: Sequence[Membership]) -> int:
    """Let links be sent that set a password, or accept a role; returns how many are."""
    me = signed_in()
    sent = sum(mailed_links.invite(session, user, me) for user in users)
    return sent + sum(mailed_links.invite(session, each.user, me, each) for each in offered)
