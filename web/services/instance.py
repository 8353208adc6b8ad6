"""What this portal is called, its imprint and what it says of privacy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from web.db import Database
from web.models import Instance, User
from web.services import audit
from web.services.errors import RuleError

KEPT_SECONDS: Final = 10.0
LONGEST_NAME: Final = 60
LONGEST_TEXT: Final = 50_000
_ROW: Final = 1


@dataclass(frozen=True)
class Texts:
    """
    What an admin says of the portal.

    Args:
        name: In the bar and in titles; empty: the program's own name.
        imprint: In Markdown; empty: no such page.
        privacy: In Markdown; empty: no such page.
    """

    name: str = ""
    imprint: str = ""
    privacy: str = ""


class KnownTexts:
    """
    The portal's texts, read again after some seconds: each page needs them.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = Texts()
        self._read_at: float | None = None

    @property
    def known(self) -> Texts:
        """What was read last; asks the database nothing."""
        return self._known

    def current(self) -> Texts:
        """Return the texts; if the database is away, those that were read last."""
        if self._read_at is None or time.monotonic() - self._read_at > KEPT_SECONDS:
            try:
                with self._database.read() as session:
                    self._known = read(session)
                self._read_at = time.monotonic()
            except SQLAlchemyError:
                return self._known  # a page says itself what it cannot do without the database
        return self._known

    def forget(self) -> None:
        """Read them again when they are needed next."""
        self._read_at = None


def read(session: Session) -> Texts:
    """Return the portal's texts."""
    row = session.get(Instance, _ROW)
    return Texts() if row is None else Texts(row.name, row.imprint, row.privacy)


def change(session: Session, actor: User, texts: Texts) -> None:
    """
    Change the portal's texts.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        texts: The new ones.

    Raises:
        RuleError: If one of them is too long.
    """
    if len(texts.name) > LONGEST_NAME:
        raise RuleError(f"The name can have at most {LONGEST_NAME} characters.")
    if max(len(texts.imprint), len(texts.privacy)) > LONGEST_TEXT:
        raise RuleError(
            f"Imprint and privacy page can have at most {LONGEST_TEXT} characters each."
        )
    before = read(session)
    row = session.get(Instance, _ROW)
    if row is None:
        row = Instance(id=_ROW)
        session.add(row)
    row.name, row.imprint, row.privacy = texts.name, texts.imprint, texts.privacy
    details = {"name": [before.name, texts.name]} if before.name != texts.name else {}
    audit.record(
        session,
        actor,
        "portal.changed",
        target=texts.name,
        changed=details,
        imprint_changed=before.imprint != texts.imprint,
        privacy_changed=before.privacy != texts.privacy,
    )
