"""The database: engine, sessions, and what SQLite needs to serve several processes."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol, Self

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    String,
    Text,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from autograder.messages import Message, text


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; naive datetimes are refused, since nobody knows what they mean."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Store as naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Read as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Word(TypeDecorator[enum.StrEnum]):
    """
    A value of an enumeration, stored as its word.

    Args:
        kind: The enumeration.
        length: Of the column.
    """

    impl = String
    cache_ok = True

    def __init__(self, kind: type[enum.StrEnum], length: int = 20) -> None:
        super().__init__(length)
        self.kind = kind

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """Store the word; a word that the enumeration has not is refused."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, _: Dialect) -> enum.StrEnum | None:
        """Read the enumeration's value."""
        return None if value is None else self.kind(value)


class ShortTexts(TypeDecorator[tuple[str, ...]]):
    """Short texts without commas, stored as one text with commas between them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _: Dialect) -> str:
        """Store as one text; a comma would make two of one."""
        texts = value or ()
        if any("," in each or not each for each in texts):
            raise ValueError("a text is empty, or has a comma")
        return ",".join(texts)

    def process_result_value(self, value: str | None, _: Dialect) -> tuple[str, ...]:
        """Read the texts."""
        return tuple(value.split(",")) if value else ()


class JsonData(Protocol):
    """A value that knows how it is written as JSON."""

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` returned."""


class DamagedJson(TypeDecorator[Any]):
    """
    A base of JSON columns: what is damaged is read as `damaged`, and spoils no row beside its own.

    A query reads many rows; one that raised for one of them would take all their pages with it.
    """

    impl = JSON
    cache_ok = True
    damaged: Any = None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what reads a value as it came from the driver."""
        read = super().result_processor(dialect, coltype)
        return None if read is None else lambda value: self._unless_damaged(read, value)

    def _unless_damaged(self, read: Callable[[Any], Any], value: object) -> Any:
        try:
            return read(value)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return self.damaged


class JsonObject(DamagedJson):
    """
    A frozen value, stored as a JSON object; ``None`` if it is damaged.

    Args:
        kind: Its class.
    """

    cache_ok = True
    should_evaluate_none = True
    """As with plain JSON columns: ``None`` that was assigned is stored as ``null``."""

    def __init__(self, kind: type[JsonData]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: JsonData | None, _: Dialect) -> dict[str, Any] | None:
        """Store as plain data."""
        return None if value is None else value.as_json()

    def process_result_value(self, value: dict[str, Any] | None, _: Dialect) -> JsonData | None:
        """Read the value."""
        return None if value is None else self.kind.from_json(value)


class JsonObjects(DamagedJson):
    """
    Frozen values, stored as a JSON array of objects; none if they are damaged.

    Args:
        kind: The class of each.
    """

    cache_ok = True
    damaged = ()

    def __init__(self, kind: type[JsonData]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(
        self, value: tuple[JsonData, ...] | None, _: Dialect
    ) -> list[dict[str, Any]] | None:
        """Store as plain data."""
        return None if value is None else [each.as_json() for each in value]

    def process_result_value(
        self, value: list[dict[str, Any]] | None, _: Dialect
    ) -> tuple[JsonData, ...]:
        """Read the values."""
        return () if value is None else tuple(self.kind.from_json(each) for each in value)


class StoredMessage(TypeDecorator[Message]):
    """A message, stored as its code and parameters; what is no JSON is a sentence of before."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Message | None, _: Dialect) -> str:
        """Store as JSON; no message is the empty text."""
        return "" if value is None else json.dumps(value.as_json(), ensure_ascii=False)

    def process_result_value(self, value: str | None, _: Dialect) -> Message | None:
        """Read a message, also one that stands as a sentence."""
        if not value or not value.startswith('{"code":'):
            return text(value) if value else None
        try:
            return Message.from_json(json.loads(value))
        except (ValueError, TypeError, LookupError):
            return text(value)  # damaged; shown as it stands


LARGEST_INTEGER: Final = 2**31 - 1
"""That a column of whole numbers holds, in every database."""


class Base(DeclarativeBase):
    """The base of all tables."""

    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012  # as SQLAlchemy asks for it


def now() -> datetime:
    """Return the server's time, which alone decides lateness."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Database:
    """
    The database, by two kinds of sessions.

    Args:
        engine: Of both.
        read: Makes sessions that only read; they wait for nobody. `begin_writing` lets one write.
        write: Makes sessions that may write; on SQLite one at a time.
    """

    engine: Engine
    read: sessionmaker[Session]
    write: sessionmaker[Session]


MOST_CONNECTIONS: Final = 45
"""
Beyond the five that stay open, of a process: each thread of the portal may read while it writes.
"""


def open_database(url: str) -> Database:
    """Open a database; SQLite gets write-ahead logging, foreign keys and patience."""
    engine = create_engine(url, pool_pre_ping=True, max_overflow=MOST_CONNECTIONS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    reading = engine.execution_options(**{_WRITES: False})
    writing = engine.execution_options(**{_WRITES: True})
    return Database(
        engine,
        sessionmaker(reading, expire_on_commit=False),
        sessionmaker(writing, expire_on_commit=False),
    )


def begin_writing(session: Session, locked: Iterable[Base] = ()) -> None:
    """
    Let a session that only reads write, until its next commit or rollback.

    What it has read is read again, so that what is decided and what is changed stand on the same
    rows. The transaction begins here: on SQLite nobody else can write from now on.

    Args:
        session: Whose transaction begins.
        locked: Rows of one table. On PostgreSQL others who lock one of them wait, as on SQLite
            everybody does.
    """
    session.rollback()
    session.connection(execution_options={_WRITES: True})
    lock(session, *locked)
    for each in tuple(session.identity_map.values()):
        try:
            session.refresh(each)
        except InvalidRequestError:  # somebody has deleted it
            session.expunge(each)


def lock(session: Session, *rows: Base) -> None:
    """
    Wait until nobody else has locked these rows, and hold them until the transaction ends.

    What was read before may be out of date then; what refers to the rows can still be added.
    """
    places = {inspect(row).identity: row for row in rows}
    # In one order, or two who need the same rows would wait for each other.
    for identity in sorted(key for key in places if key is not None):
        table = type(places[identity]).__table__
        held = select(*table.primary_key).where(
            *(column == value for column, value in zip(table.primary_key, identity, strict=True))
        )
        session.execute(held.with_for_update(key_share=True))


def is_conflict(error: IntegrityError) -> bool:
    """Return whether a row is refused because of what somebody else has added or deleted."""
    if getattr(error.orig, "sqlite_errorname", "") in _SQLITE_CONFLICT:
        return True
    return getattr(error.orig, "sqlstate", None) in _POSTGRESQL_CONFLICT


def is_busy(error: DBAPIError) -> bool:
    """Return whether a statement failed only because of what others do at the same moment."""
    if getattr(error.orig, "sqlite_errorname", "").startswith(_SQLITE_BUSY):
        return True
    return getattr(error.orig, "sqlstate", None) in _POSTGRESQL_BUSY


_WRITES: Final = "autograder_writes"
_SQLITE_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
# Serialization failure, deadlock, lock not available.
_POSTGRESQL_BUSY: Final = frozenset({"40001", "40P01", "55P03"})
_SQLITE_CONFLICT: Final = frozenset(
    f"SQLITE_CONSTRAINT_{kind}" for kind in ("UNIQUE", "PRIMARYKEY", "FOREIGNKEY")
)
# Foreign key and unique violation.
_POSTGRESQL_CONFLICT: Final = frozenset({"23503", "23505"})
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=15000",
)


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # Transactions begin where SQLAlchemy says, not where the driver guesses.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins by reading and then writes would fail if another wrote between.
    writes = connection.get_execution_options().get(_WRITES)
    # Nor does one that only reads write by mistake; migrations and backups, which say neither, may.
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if writes is False else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
