"""Who sends a large form is looked at before it is read: reading it takes time that others need."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import ExitStack
from typing import Final

from flask import Flask, g, request

from web.arrivals import SUBMIT
from web.browsers import browser
from web.http import actor, end_transaction, not_signed_in, portal
from web.security import FORM_BYTES

_PORTION: Final = 2**20


def add_to(app: Flask) -> None:
    """Look at every large form of an application; to be called before anything reads forms."""
    app.before_request(_look)
    app.teardown_request(_end_turn)


def _look() -> None:
    if not _is_large():
        return
    try:
        key = _sender()
        # A slow upload, and who waits for one, keeps no connection to the database.
        end_transaction()
        g.turn = ExitStack()
        g.turn.enter_context(portal().uploads.turn(key))
    except BaseException:
        # A browser that is still sending when the connection is closed shows no answer.
        while request.stream.read(_PORTION):
            pass
        raise


def _sender() -> Hashable:
    """Return whose turn it is; who has never been signed in here has to do that first."""
    user = actor()
    if user is not None:
        portal().uploads.check(user.id)
        return user.id
    known = browser()
    if request.endpoint != SUBMIT or not known.user_ids:
        not_signed_in()
    # Their session has ended; when the file came counts all the same.
    return known.id


def _is_large() -> bool:
    # Untrusted: who sends in portions says no length.
    length = request.content_length
    return length > FORM_BYTES if length is not None else request.method == "POST"


def _end_turn(_: BaseException | None) -> None:
    if (turn := g.pop("turn", None)) is not None:
        turn.close()
