"""Any rows of a backup are loaded, and dumped as they then are, or refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from autograder.errors import InputError
from web.backup.rows import Part, dump, load, load_late, parts_of
from web.models import User

MAX_BYTES = 2048
IS_JSON = True
# In memory, and without the foreign keys that would refuse most rows before their values are read.
_ENGINE = create_engine("sqlite://", poolclass=StaticPool)
User.metadata.create_all(_ENGINE)
with _ENGINE.connect() as _connection:
    _PARTS = {part.table.name: part for part in parts_of(_connection)}


def seeds() -> Iterator[bytes]:
    """Return two rows of each table."""
    for name, part in _PARTS.items():
        rows = [
            {column.name: _honest(column, number) for column in part.table.columns}
            for number in (1, 2)
        ]
        yield json.dumps({name: rows}, separators=(",", ":")).encode()


def _honest(column: Column[Any], number: int) -> Any:
    if isinstance(column.type, JSON):
        return '{"a": [null, 1.5]}'
    kind = column.type.python_type
    return "2026-01-01T10:00:00" if kind is datetime else kind(number)


def check(data: bytes) -> None:
    """Load rows into their tables, and once more what is dumped of them."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    tables = document.items() if isinstance(document, dict) else ()
    with _ENGINE.connect() as connection:
        for name, rows in tables:
            if name in _PARTS and isinstance(rows, list):
                _there_and_back(
                    connection, _PARTS[name], [json.dumps(row).encode() for row in rows]
                )
                connection.rollback()


def _there_and_back(connection: Connection, part: Part, lines: list[bytes]) -> None:
    # What restoring turns into a sentence.
    with suppress(InputError, SQLAlchemyError):
        assert load(connection, part, lines) == len(lines)
        load_late(connection, part, lines)
        dumped = _dumped(connection, part)
        connection.rollback()
        assert load(connection, part, dumped) == len(lines)
        load_late(connection, part, dumped)
        assert _dumped(connection, part) == dumped
        _check_json(part, dumped)


def _check_json(part: Part, lines: list[bytes]) -> None:
    """Refuse JSON that other databases do not take for any; a text may say NaN."""
    columns = [each.name for each in part.table.columns if isinstance(each.type, JSON)]
    for row in (json.loads(line, parse_constant=_refuse) for line in lines):
        for text in (row[name] for name in columns):
            if isinstance(text, str):
                json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise AssertionError(constant)


def _dumped(connection: Connection, part: Part) -> list[bytes]:
    file = io.BytesIO()
    dump(connection, part.table, file)
    return file.getvalue().splitlines(keepends=True)
