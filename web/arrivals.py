"""
When a file first came by a page that could not send it any more, since its session had ended.

Whoever sends a notebook a minute before the deadline, and finds that they have to sign in, is not
late for it: the moment is kept with the file's hash, signed, in the browser, and it counts if the
same person sends the same bytes for the same assignment soon afterwards. Of several files that came
so only the last one counts: nobody chooses among them by what is shown after the deadline.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from web import signed_cookies
from web.browsers import browser
from web.db import now
from web.http import actor, portal
from web.models import User

SUBMIT: Final = "courses.submit_notebook"
KEPT: Final = timedelta(hours=1)
ADVICE: Final = (
    "The portal has noted when your file arrived: submit the same file within an hour, and that "
    "time counts."
)
_COOKIE: Final = "arrival"
_PORTION: Final = 2**20


@dataclass(frozen=True)
class Arrival:
    """
    A file that came, and could not be accepted.

    Args:
        at: When.
        sha256: Of its bytes.
        place: The course and the assignment that it was sent to, by their names.
        user_ids: Who may have sent it.
    """

    at: datetime
    sha256: str
    place: str
    user_ids: frozenset[int]

    @property
    def until(self) -> datetime:
        """Until when the same file may come."""
        return self.at + KEPT


def arrived() -> Arrival | None:
    """
    Return which file a form brought that cannot be accepted; ``None`` if it is no notebook's.

    Of browsers by which nobody has signed in before nothing is read.
    """
    user = actor()
    user_ids = browser().user_ids if user is None else frozenset({user.id})
    if request.endpoint != SUBMIT or not user_ids:
        return None
    # Untrusted: bytes of anybody who has an account here; they are hashed, and not kept.
    upload = request.files.get("notebook")
    if upload is None or not upload.filename:
        return None
    hashed = hashlib.sha256()
    with upload.stream as stream:
        while portion := stream.read(_PORTION):
            hashed.update(portion)
    portal().latest_files.note(user_ids, _place(), hashed.hexdigest())
    return Arrival(now(), hashed.hexdigest(), _place(), user_ids)


def keep(response: Response, arrival: Arrival | None) -> Response:
    """Let the browser keep when a file came, if one did."""
    if arrival is None:
        return response
    value = {
        "at": arrival.at.isoformat(),
        "sha256": arrival.sha256,
        "place": arrival.place,
        "users": sorted(arrival.user_ids),
    }
    return signed_cookies.write(response, _COOKIE, value, KEPT)


def forget(response: Response) -> Response:
    """Let the browser forget it: it has been submitted."""
    return signed_cookies.remove(response, _COOKIE)


def kept(user: User) -> Arrival | None:
    """
    Return what came from somebody when their session had ended, if that still counts.

    Args:
        user: Who is signed in now, and asks for an assignment.
    """
    found = signed_cookies.read(_COOKIE)
    if found is None:
        return None
    at = datetime.fromisoformat(found["at"])
    arrival = Arrival(at, found["sha256"], found["place"], frozenset(found["users"]))
    counts = now() - KEPT <= at and arrival.place == _place() and user.id in arrival.user_ids
    # Cookies can be copied before the next one takes their place.
    latest = portal().latest_files.is_latest(user.id, arrival.place, arrival.sha256)
    return arrival if counts and latest else None


def received_at(user: User, content: bytes) -> datetime:
    """
    Return when the file that is being submitted came first: now, if it did not come before.

    Args:
        user: Who submits it.
        content: Its bytes.
    """
    arrival = kept(user)
    if arrival is not None and arrival.sha256 == hashlib.sha256(content).hexdigest():
        return arrival.at
    return now()


def _place() -> str:
    values = request.view_args or {}
    return f"{values['slug']}/{values['name']}"
