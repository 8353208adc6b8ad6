"""Any bytes are a `Notebook`, whose text can be written anywhere, or a `NotebookError`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from autograder.errors import NotebookError
from autograder.notebook import MAX_CELLS, Notebook, parse_notebook

MAX_BYTES = 2048
IS_JSON = True


def seeds() -> Iterator[bytes]:
    """Return notebooks in each encoding, and such as are none."""
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "y"], "metadata": {"tags": ["a"]}},
        {"cell_type": "markdown", "source": "ä \ud83d\ude00", "metadata": {}},
        {"cell_type": "raw", "source": ""},
    ]
    metadata = {"otter": {"assignment_name": "xor"}}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    yield json.dumps(whole).encode()
    for encoding in ("utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"):
        yield json.dumps(whole | {"cells": cells[:1]}, ensure_ascii=False).encode(encoding)
    yield json.dumps({"nbformat": 3, "worksheets": []}).encode()
    yield json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "\ud800"}]}).encode()
    yield b"[]"
    yield b"[" * 2000
    yield b"1" * 2000
    yield b"\xff\xfe\x00"


def check(data: bytes) -> None:
    """Parse it; what is kept of it, or said about it, is short and is text."""
    notebook = _parsed(data)
    if notebook is None:
        return
    assert len(notebook.cells) <= MAX_CELLS
    kept = sum(len(cell.source.encode()) for cell in notebook.cells)
    assert kept <= 3 * len(data)
    (notebook.assignment or "").encode()
    for cell in notebook.cells:
        "".join(cell.tags).encode()


def _parsed(data: bytes) -> Notebook | None:
    try:
        return parse_notebook(data, "a.ipynb")
    except NotebookError as error:
        reason = str(error)
    assert len(reason.encode()) < 1000
    return None
