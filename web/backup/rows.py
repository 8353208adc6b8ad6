"""
Rows of a database as lines of JSON, and back.

Tables are read as the database itself describes them, not as `web.models` does: a backup can be
made before a migration, and one made by an older release is loaded into the tables of its time.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.schema import sort_tables_and_constraints

from autograder.errors import InputError

_REVISIONS: Final = "alembic_version"
_BATCH: Final = 200
_TOO_LARGE: Final = 2**63


@dataclass(frozen=True)
class Part:
    """
    A table, and what of it has to wait.

    Args:
        table: As the database describes it.
        late: Columns that refer to the table itself or to one which comes after it.
    """

    table: Table
    late: tuple[str, ...]


def parts_of(connection: Connection) -> list[Part]:
    """Return the database's tables, each after those that it refers to where that is possible."""
    metadata = MetaData()
    metadata.reflect(connection)
    kept = [table for table in metadata.tables.values() if table.name != _REVISIONS]
    for table in kept:
        for column in table.columns:
            if isinstance(column.type, JSON):
                # No value at all and the JSON value null are two things, and stay two.
                column.type = JSON(none_as_null=True)
    ordered: list[tuple[Table | None, list[ForeignKeyConstraint]]]
    ordered = sort_tables_and_constraints(kept, _must_come_first)  # type: ignore[no-untyped-call]  # SQLAlchemy's
    cut = {constraint for table, some in ordered if table is None for constraint in some}
    return [Part(table, _late(table, cut)) for table, _ in ordered if table is not None]


def dump(connection: Connection, table: Table, file: IO[bytes]) -> int:
    """Write a table's rows, one a line, in the order of their keys; returns how many."""
    count = 0
    columns = [_as_stored(column) for column in table.columns]
    query = select(*columns).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}).mappings():
        file.write(_line(row))
        count += 1
    return count


def load(connection: Connection, part: Part, lines: Iterable[bytes]) -> int:
    """
    Insert rows, without what has to wait; returns how many.

    Raises:
        InputError: If a line is no row of this table.
    """
    count = 0
    empty = dict.fromkeys(part.late)
    for batch in _batches(_rows(part.table, lines)):
        connection.execute(insert(part.table), [row | empty for row in batch])
        count += len(batch)
    return count


def load_late(connection: Connection, part: Part, lines: Iterable[bytes]) -> None:
    """Fill in what had to wait, now that all rows are there."""
    if not part.late:
        return
    (key,) = part.table.primary_key.columns
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in part.late}
    statement = update(part.table).where(key == bindparam("key")).values(new)
    for batch in _batches(_rows(part.table, lines)):
        values = [
            {"key": row[key.name]} | {f"new_{name}": row[name] for name in part.late}
            for row in batch
        ]
        connection.execute(statement, values)


def set_sequences(connection: Connection, parts: Iterable[Part]) -> None:
    """Let the next new row get the next free number; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in (part.table for part in parts):
        if list(table.primary_key.columns.keys()) == ["id"]:
            highest = connection.scalar(select(func.max(table.c.id)))
            if highest is not None:
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
                    {"name": f'"{table.name}"', "highest": highest},
                )


def _must_come_first(constraint: ForeignKeyConstraint) -> bool | None:
    """Refuse waiting where a column takes no NULL meanwhile."""
    return None if all(column.nullable for column in constraint.columns) else False


def _late(table: Table, cut: AbstractSet[ForeignKeyConstraint]) -> tuple[str, ...]:
    return tuple(
        column.name
        for constraint in table.foreign_key_constraints
        if constraint in cut or constraint.referred_table is table
        for column in constraint.columns
    )


def _as_stored(column: Column[Any]) -> Any:
    """Read JSON as the text that stands in the database: its order of keys is kept."""
    return cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column


def _line(row: Mapping[Any, Any]) -> bytes:
    plain = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
    return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _rows(table: Table, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    # Untrusted: whoever holds the archive can change it, so that names are checked here.
    names = set(table.columns.keys())
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line, parse_constant=_refuse_constant)
            if set(row) != names:
                raise InputError(f"{table.name}, row {number}: its columns are not the table's")
            yield {name: _value(table.columns[name], row[name]) for name in row}
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{table.name}, row {number} cannot be read: {error}") from None


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, JSON):
        document = json.loads(value, parse_constant=_refuse_constant)
        return JSON.NULL if document is None else document
    if isinstance(column.type, DateTime):
        return datetime.fromisoformat(value)
    _check_type(column, value)
    return value


def _check_type(column: Column[Any], value: Any) -> None:
    """
    Check that a column holds such values; SQLite would take any.

    Raises:
        ValueError: If it does not.
    """
    wanted = column.type.python_type
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        raise ValueError(f"{column.name} is no {wanted.__name__}")
    if isinstance(value, str):
        value.encode()  # half a character is none
    elif not abs(value) < _TOO_LARGE:
        raise ValueError(f"{column.name} is too large")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch
