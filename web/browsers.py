"""What a browser keeps: who is signed in, and who has signed in by it before."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Final

from flask import request, session
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from web import signed_cookies
from web.http import portal
from web.models import User
from web.security import SESSION_TOKEN
from web.services.people import accounts
from web.services.people.throttle import Browser

_COOKIE: Final = "browser"
_KEPT: Final = timedelta(days=400)
_MOST_PEOPLE: Final = 10


def browser() -> Browser:
    """Return what is known of the browser that asks."""
    here, known = Browser(request.remote_addr or ""), signed_cookies.read(_COOKIE)
    if known is None:
        return here
    return replace(here, id=known["id"], user_ids=frozenset(known["users"]))


def begin_session(user: User) -> None:
    """Sign somebody in; the session that the browser had ends."""
    before = session.get(SESSION_TOKEN)
    with portal().database.write.begin() as writing:
        if before is not None:
            accounts.end_session(writing, before)
        token = accounts.begin_session(writing, user)
    # A session that somebody else prepared must not become this person's.
    session.clear()
    session.permanent = True
    session[SESSION_TOKEN] = token
    login_user(user)


def end_session() -> None:
    """Sign out whoever is signed in."""
    token = session.get(SESSION_TOKEN)
    if token is not None:
        with portal().database.write.begin() as writing:
            accounts.end_session(writing, token)
    logout_user()
    session.clear()


def remember(response: Response, user: User) -> Response:
    """Let the browser be known as one of this person's, which others cannot lock out of it."""
    known = browser()
    others = sorted(known.user_ids - {user.id})[-_MOST_PEOPLE:]
    value = {"id": known.id or secrets.token_hex(8), "users": [*others, user.id]}
    return signed_cookies.write(response, _COOKIE, value, _KEPT)
