"""An untrusted ``.ipynb``: read, bounded and parsed; only its cells' sources are kept."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from autograder.errors import NotebookError
from autograder.messages import Message, MessageCode

MAX_BYTES: Final = 30 * 2**20
MAX_CELLS: Final = 5_000
MAX_ATTACHMENTS: Final = 8 << 20
"""Characters of pasted pictures that are kept of a notebook; what comes after them is left out."""
MAX_VALUES: Final = 200_000
"""Commas and opening brackets of the file: its values in memory take up to 30 times their bytes."""
CellKind = Literal["code", "markdown", "raw"]
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PICTURES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Cell:
    """
    One cell, as far as it is kept.

    Args:
        kind: Its kind.
        source: Its text.
        tags: As a way to find answers.
        attachments: Pictures that were pasted into a text: by their names and types, in base64.
    """

    kind: CellKind
    source: str
    tags: frozenset[str] = frozenset()
    attachments: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Notebook:
    """
    A submitted notebook.

    Args:
        cells: Its cells in order.
        assignment: The assignment that its metadata names, if any.
        sha256: Hash of the bytes as they came.
    """

    cells: tuple[Cell, ...]
    assignment: str | None
    sha256: str


def read_notebook(path: Path) -> bytes:
    """
    Read a notebook's file.

    Raises:
        NotebookError: If there is no such file, or it is a link, no file, or too large.
    """
    # Untrusted: a name that a student chose may be a link to a file that only we can read.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotebookError(Message(MessageCode.NO_SUCH_FILE), path) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotebookError(Message(MessageCode.IS_A_LINK), path) from None
        raise NotebookError(
            Message(MessageCode.UNREADABLE, {"reason": error.strerror or "?"}), path
        ) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotebookError(Message(MessageCode.NOT_A_FILE), path)
        if status.st_size > MAX_BYTES:
            sizes = {"megabytes": round(status.st_size / 2**20), "most": MAX_BYTES // 2**20}
            raise NotebookError(Message(MessageCode.TOO_MANY_MEGABYTES, sizes), path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def parse_notebook(data: bytes, name: str = "notebook") -> Notebook:
    """
    Parse a notebook's bytes.

    Args:
        data: The file as it came; a byte-order mark and UTF-16 are accepted.
        name: What to call it in messages.

    Raises:
        NotebookError: If they are no notebook of format 4.
    """
    # Untrusted: a student wrote every byte.
    if len(data) > MAX_BYTES:
        raise NotebookError(Message(MessageCode.TOO_LARGE, {"most": MAX_BYTES // 2**20}), name)
    document = _json_object(_text(data, name), name)
    _check_format(document, name)
    entries = document.get("cells")
    if not isinstance(entries, list):
        raise NotebookError(Message(MessageCode.NO_CELLS), name)
    if len(entries) > MAX_CELLS:
        raise NotebookError(Message(MessageCode.TOO_MANY_CELLS, {"most": MAX_CELLS}), name)
    room = _Room(MAX_ATTACHMENTS)
    cells = tuple(_cell(entry, number, name, room) for number, entry in enumerate(entries, start=1))
    return Notebook(cells, _assignment(document), hashlib.sha256(data).hexdigest())


def _text(data: bytes, name: str) -> str:
    encoding = next((codec for mark, codec in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and len(data) > 1 and 0 in data[:2]:
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise NotebookError(Message(MessageCode.NOT_TEXT), name) from None


def _json_object(text: str, name: str) -> dict[str, Any]:
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise NotebookError(Message(MessageCode.TOO_MANY_VALUES), name)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        fault = Message(MessageCode.NOT_JSON, {"line": error.lineno, "reason": error.msg})
        raise NotebookError(fault, name) from None
    except (RecursionError, ValueError):
        raise NotebookError(Message(MessageCode.JSON_UNREADABLE), name) from None
    if not isinstance(document, dict):
        raise NotebookError(Message(MessageCode.JSON_NO_OBJECT), name)
    return document


def _check_format(document: dict[str, Any], name: str) -> None:
    version = document.get("nbformat")
    if "cells" not in document and "worksheets" not in document and version is None:
        raise NotebookError(Message(MessageCode.NO_NOTEBOOK), name)
    if type(version) is not int or version != 4:
        shown = version if type(version) is int and 0 <= version < 100 else "unknown"
        raise NotebookError(Message(MessageCode.OTHER_FORMAT, {"format": shown}), name)


class _Room:
    """How many more characters of attachments are kept."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def take(self, characters: int) -> bool:
        fits = characters <= self._left
        self._left -= characters if fits else 0
        return fits


def _cell(entry: object, number: int, name: str, room: _Room) -> Cell:
    if not isinstance(entry, dict):
        raise NotebookError(Message(MessageCode.NO_CELL, {"cell": number}), name)
    kind, source = entry.get("cell_type"), entry.get("source", "")
    if kind not in ("code", "markdown", "raw"):
        raise NotebookError(Message(MessageCode.CELL_OF_NO_TYPE, {"cell": number}), name)
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError(Message(MessageCode.CELL_WITHOUT_TEXT, {"cell": number}), name)
    if _SURROGATE.search(source):
        raise NotebookError(Message(MessageCode.HALF_A_CHARACTER, {"cell": number}), name)
    pasted = _attachments(entry.get("attachments"), room) if kind == "markdown" else {}
    return Cell(kind, source, _tags(entry.get("metadata")), pasted)


def _attachments(given: object, room: _Room) -> dict[str, dict[str, str]]:
    """Return a cell's pasted pictures, as far as there is room; what they are is seen later."""
    kept: dict[str, dict[str, str]] = {}
    for name, by_type in list(given.items())[:100] if isinstance(given, dict) else ():
        if not isinstance(by_type, dict) or len(name) > 200 or _SURROGATE.search(name):
            continue
        for media_type, content in by_type.items():
            text = "".join(content) if _is_lines(content) else content
            if media_type not in _PICTURES or not isinstance(text, str) or not text.isascii():
                continue
            if room.take(len(text)):
                kept.setdefault(name, {})[media_type] = text
    return kept


def _is_lines(content: object) -> bool:
    return isinstance(content, list) and all(isinstance(line, str) for line in content)


def _tags(metadata: object) -> frozenset[str]:
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list):
        return frozenset()
    texts = (tag for tag in tags[:100] if isinstance(tag, str) and len(tag) < 200)
    return frozenset(tag for tag in texts if not _SURROGATE.search(tag))


def _assignment(document: dict[str, Any]) -> str | None:
    metadata = document.get("metadata")
    otter = metadata.get("otter") if isinstance(metadata, dict) else None
    name = otter.get("assignment_name") if isinstance(otter, dict) else None
    # It is shown in messages, and half a character cannot be written anywhere.
    return _SURROGATE.sub("\ufffd", name[:200]) if isinstance(name, str) else None
