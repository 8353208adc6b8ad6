"""What views share: the database of a request, who asks, and whether they may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from flask import abort, current_app, g, request, url_for
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from web.config import Settings
from web.db import Database, begin_writing, is_conflict
from web.models import Course, User
from web.policy import Action, Resource, allowed, is_read_only
from web.services.errors import RuleError
from web.services.grading.groups import AnswerGroups
from web.services.grading.ungraded import UngradedAnswers
from web.services.instance import KnownTexts
from web.services.submissions.latest_files import LatestFiles
from web.services.submissions.reading import Uploads

EXTENSION: Final = "autograder"
_CONFLICT: Final = (
    "Nothing was saved, because somebody else changed the same thing at the same moment. Reload "
    "the page, then make your change again."
)
_ARCHIVED: Final = (
    "Nothing was changed, because this course is archived. Everything in it can still be read and "
    "exported; an instructor can reopen it in the course settings."
)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Portal:
    """What the application holds: settings, database, and what it remembers between requests."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.uploads = Uploads()
        self.latest_files = LatestFiles()
        self.ungraded = UngradedAnswers()
        self.groups = AnswerGroups(settings.snapshots)
        self.texts = KnownTexts(database)


def portal() -> Portal:
    """Return the running application's settings and database."""
    running: Portal = current_app.extensions[EXTENSION]
    return running


def absolute_url(page: str, **values: Any) -> str:
    """Return the address of a page for somebody who gets it elsewhere, such as by e-mail."""
    public = portal().settings.public_url
    if public:
        return public + url_for(page, **values)
    return url_for(page, **values, _external=True)


def is_ours(address: str) -> bool:
    """Return whether an absolute address is one of the portal's pages."""
    public = portal().settings.public_url
    return address.startswith(request.host_url) or bool(public and address.startswith(f"{public}/"))


def db() -> Session:
    """Return the request's session; it only reads, except inside `writing`."""
    if "db" not in g:
        g.db = portal().database.read()
    session: Session = g.db
    return session


@contextmanager
def writing(*, grades: bool = True) -> Iterator[Session]:
    """
    Let the request's session write; committed at the end, undone if anything is raised.

    On SQLite nobody else can write meanwhile, on PostgreSQL nobody else in the same courses. So it
    stands around a use case, and around nothing slow: no password's hash, no rendering, no reading
    of a file.

    Args:
        grades: Whether it may change what is left to grade, so that this is counted anew.

    Raises:
        RuleError: If somebody else has added or deleted the same row at the same moment.
    """
    session = db()
    courses = [each for each in session.identity_map.values() if isinstance(each, Course)]
    begin_writing(session, courses)
    try:
        _require_again()
        yield session
        session.commit()
        if grades:
            portal().ungraded.forget()
    except BaseException as error:
        session.rollback()
        if isinstance(error, StaleDataError) or (
            isinstance(error, IntegrityError) and is_conflict(error)
        ):
            raise RuleError(_CONFLICT) from error
        raise


def end_transaction() -> None:
    """End the request's transaction before long work; what was read stays."""
    db().commit()


def close_db(_: BaseException | None = None) -> None:
    """Give the request's session back; what was not committed is undone."""
    session = g.pop("db", None)
    if session is not None:
        session.close()


def actor() -> User | None:
    """Return who asks; ``None`` for nobody."""
    if not current_user.is_authenticated:
        return None
    user: User = current_user._get_current_object()  # noqa: SLF001  # how Werkzeug unwraps a proxy
    return user


def signed_in() -> User:
    """Return who asks, or send them to sign in."""
    user = actor()
    if user is None:
        not_signed_in()
    return user


def not_signed_in() -> NoReturn:
    """Send the browser to the sign-in page, and back afterwards."""
    abort(401)


def require(action: Action, resource: Resource) -> User:
    """
    Go on only if the person may; answer 404 otherwise, so that it does not tell what exists.

    Args:
        action: What they want to do.
        resource: To what.

    Raises:
        RuleError: If it is a form that would change an archived course.
    """
    user = signed_in()
    if not allowed(db(), user, action, resource):
        abort(404)
    _refuse_in_archive(action, resource)
    _required().append((action, resource))
    return user


def in_archive() -> bool:
    """Return whether the page is one of an archived course, so that its forms do nothing."""
    return any(is_read_only(Action.MANAGE_COURSE, resource) for _, resource in _required())


def _refuse_in_archive(action: Action, resource: Resource) -> None:
    if request.method not in _READING and is_read_only(action, resource):
        raise RuleError(_ARCHIVED)


def _require_again() -> None:
    """Go on only if what was allowed still is: somebody may have taken it away meanwhile."""
    for action, resource in _required():
        if not allowed(db(), actor(), action, resource):
            abort(404)
        _refuse_in_archive(action, resource)


def _required() -> list[tuple[Action, Resource]]:
    required: list[tuple[Action, Resource]] = g.setdefault("required", [])
    return required
