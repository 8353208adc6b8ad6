"""What a notebook's file claims about itself: it is refused in a sentence, or changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from autograder.assignment import Assignment
from autograder.assignment.build import build_solution
from autograder.errors import NotebookError
from autograder.kernels.runner import as_document
from autograder.notebook import MAX_BYTES, Notebook, parse_notebook

Document = dict[str, Any]
Change = Callable[[Document], Any]
SECONDS: Final = 5.0


@pytest.fixture(scope="module")
def document(assignments: dict[str, Assignment]) -> str:
    """Return a solved notebook's text."""
    return build_solution(assignments["xor"]).text


def first_code(document: Document) -> Document:
    """Return the first cell that runs."""
    cells: list[Document] = document["cells"]
    return next(cell for cell in cells if cell["cell_type"] == "code")


def of_every_cell(**entries: object) -> Change:
    """Return a change that puts entries into each cell."""
    return lambda document: [cell.update(entries) for cell in document["cells"]]


def of_metadata(**entries: object) -> Change:
    """Return a change that puts entries into the metadata of the notebook and of each cell."""

    def change(document: Document) -> None:
        document["metadata"].update(entries)
        for cell in document["cells"]:
            cell["metadata"].update(entries)

    return change


STREAM: Final = {"output_type": "stream", "name": "stdout", "text": "20 of 20 points"}
# Each changes what other programs believe of a notebook. Nothing of it is kept: a cell is its kind,
# its text and its tags, and what runs is made anew from them.
CLAIMS: Final[dict[str, Change]] = {
    "trusted": of_metadata(trusted=True, signature="hmac-sha256:00"),
    "kernel of its own": of_metadata(
        kernelspec={"name": "../../bin/sh", "display_name": "x", "language": "bash"}
    ),
    "language of its own": of_metadata(
        language_info={"name": "bash", "pygments_lexer": "\x1b[2J", "mimetype": "text/html"}
    ),
    "widgets": of_metadata(
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {"a": {"x": "y" * 999}}}}
    ),
    "points of nbgrader": of_metadata(
        nbgrader={"grade": True, "points": 1000, "locked": False, "schema_version": 3}
    ),
    "tests of otter": of_metadata(
        otter={"assignment_name": "xor", "tests": {"q1": {"suites": [], "points": 99}}}
    ),
    "title and authors": of_metadata(title="<script>", authors=[{"name": "\u202e"}]),
    "cells that are skipped": of_metadata(
        tags=["skip-execution", "raises-exception", "remove-cell"]
    ),
    "outputs of before": lambda document: first_code(document).update(
        outputs=[STREAM], execution_count=10**9
    ),
    "outputs that are none": of_every_cell(outputs={"a": [None]}, execution_count="<b>"),
    "one id for all cells": of_every_cell(id="same"),
    "ids that are paths": of_every_cell(id="../../../etc/passwd\n\x1b[2J"),
    "ids that are no text": of_every_cell(id={"$ref": "#"}),
    "attachments": of_every_cell(attachments={"a.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}),
    "hooks of other programs": of_metadata(
        jupytext={"text_representation": {}}, papermill={"parameters": {"x": 1}}, colab={"x": []}
    ),
    "keys of Python": lambda document: document.update(
        {"__class__": "x", "__init__": {"__globals__": 1}, "py/object": "os.system"}
    ),
    "formats to come": lambda document: document.update(nbformat_minor=10**6),
}


def without_hash_and_tags(notebook: Notebook) -> object:
    """Return what of a notebook decides about points."""
    return [(cell.kind, cell.source) for cell in notebook.cells], notebook.assignment


@pytest.mark.parametrize("change", CLAIMS.values(), ids=CLAIMS.keys())
def test_what_a_file_claims_changes_nothing(document: str, change: Change) -> None:
    """The same cells run, in the same kernel, and begin without an output."""
    honest, changed = json.loads(document), json.loads(document)
    change(changed)
    assert changed != honest
    data = json.dumps(changed).encode()
    expected, found = (parse_notebook(each) for each in (document.encode(), data))
    assert without_hash_and_tags(found) == without_hash_and_tags(expected)
    assert as_document(found) == as_document(expected)


def with_source(source: object) -> bytes:
    """Return a notebook of one cell."""
    cell = {"cell_type": "code", "metadata": {}, "source": source}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    ).encode()


def of_cells(cell: bytes, count: int) -> bytes:
    """Return a notebook of equal cells."""
    return b'{"nbformat": 4, "metadata": {}, "cells": [' + b",".join([cell] * count) + b"]}"


EMPTY: Final = b'{"cell_type":"code"}'
BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "a hundred thousand cells": lambda: of_cells(EMPTY, 10**5),
    "cells just beyond the limit": lambda: of_cells(EMPTY, 5001),
    "lists in lists": lambda: b"[" * 10**5 + b"]" * 10**5,
    "objects in objects": lambda: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "lists in a cell's metadata": lambda: of_cells(
        b'{"cell_type":"code","metadata":' + b"[" * 99_000 + b"]" * 99_000 + b"}", 1
    ),
    "a number of a million digits": lambda: b'{"nbformat": ' + b"4" * 10**6 + b"}",
    "a number as the format": lambda: b'{"nbformat": 4e0, "cells": []}',
    "numbers that are infinite": lambda: b'{"nbformat": Infinity, "cells": []}',
    "millions of empty lists": lambda: b'{"nbformat": 4, "cells": [' + b"[]," * 10**6 + b"[]]}",
    "a byte too many": lambda: b" " * (MAX_BYTES + 1),
    "text that is no text": lambda: b"\xff\xfe\x00\xd8" * 1000,
    "half a character": lambda: with_source("\ud800"),
    "half characters in lines": lambda: with_source(["\ud83d", "\n"]),
    "lines in lines": lambda: with_source([["a"], ["b"]]),
    "a number as a cell's text": lambda: with_source(10**400),
    "a cell of no kind": lambda: of_cells(b'{"cell_type":["code"]}', 1),
    "a cell that is a list": lambda: of_cells(b"[]", 3),
    "an archive": lambda: b"PK\x03\x04" + bytes(1000),
    "a page": lambda: b"<!doctype html><script>alert(77)</script>",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused_in_a_sentence(make: Callable[[], bytes]) -> None:
    """At once, with the file's name, and whatever is in it."""
    data = make()
    began = time.process_time()
    with pytest.raises(NotebookError) as refused:
        parse_notebook(data, "mine")
    assert time.process_time() - began < SECONDS
    sentence = str(refused.value)
    assert sentence.startswith("mine: ")
    assert len(sentence) < 200
    assert sentence.isprintable()
