"""The database: engine, sessions, and what SQLite needs to serve several processes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Dialect, Engine, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator


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
        read: Makes sessions that only read; they wait for nobody.
        write: Makes sessions that may write; on SQLite one at a time.
    """

    engine: Engine
    read: sessionmaker[Session]
    write: sessionmaker[Session]


def open_database(url: str) -> Database:
    """Open a database; SQLite gets write-ahead logging, foreign keys and patience."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    writing = engine.execution_options(**{_WRITES: True})
    return Database(
        engine,
        sessionmaker(engine, expire_on_commit=False),
        sessionmaker(writing, expire_on_commit=False),
    )


_WRITES: Final = "autograder_writes"
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
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
