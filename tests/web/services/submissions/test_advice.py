"""What a student is told of a file that is no notebook: what it is, and what to do."""

from __future__ import annotations

import pytest

from autograder.messages import Message, MessageCode, text
from tests.web.conftest import World
from tests.web.services.submissions.test_submitting import files, submit
from web.services.submissions.advice import advice

# What `autograder.notebook.parse_notebook` and the reading of a submission can raise.
FAULTS = (
    Message(MessageCode.TOO_LARGE, {"most": 30}),
    Message(MessageCode.NO_CELLS),
    Message(MessageCode.TOO_MANY_CELLS, {"most": 5000}),
    Message(MessageCode.NOT_TEXT),
    Message(MessageCode.TOO_MANY_VALUES),
    Message(MessageCode.NOT_JSON, {"line": 3, "reason": "Expecting value"}),
    Message(MessageCode.JSON_UNREADABLE),
    Message(MessageCode.JSON_NO_OBJECT),
    Message(MessageCode.NO_NOTEBOOK),
    Message(MessageCode.OTHER_FORMAT, {"format": "unknown"}),
    Message(MessageCode.NO_CELL, {"cell": 4}),
    Message(MessageCode.CELL_OF_NO_TYPE, {"cell": 4}),
    Message(MessageCode.CELL_WITHOUT_TEXT, {"cell": 4}),
    Message(MessageCode.HALF_A_CHARACTER, {"cell": 4}),
    Message(MessageCode.OTHER_ASSIGNMENT, {"other": "splits", "this": "xor"}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.code.value)
def test_each_fault_says_what_to_do(fault: Message) -> None:
    """Whole sentences, without the parser's own words."""
    told = advice(fault)

    assert told[0].isupper()
    assert told.endswith((".", ")."))
    assert any(words in told for words in ("ubmit", "Upload"))
    assert "JSON" not in told
    assert "{" not in told


def test_a_fault_of_an_earlier_version_is_told() -> None:
    """Of such a row only the sentence is left, which followed the file's name."""
    told = advice(text("notebook: is not a notebook: it has no list of cells"))

    assert told.startswith("The file is not a notebook: it has no list of cells. ")
    assert told.endswith("submit it again.")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("report.pdf", b"%PDF-1.7\n", "is a PDF, not a Jupyter notebook"),
        ("all.zip", b"PK\x03\x04...", "is a ZIP archive"),
        ("xor.py", b"print(1)", "is a Python script"),
        ("page.html", b"<!doctype html>", "is a web page"),
    ],
)
def test_a_file_of_another_kind_is_named(
    world: World, name: str, content: bytes, kind: str
) -> None:
    """Who has chosen the wrong file reads which one it was, and where the right one is."""
    page = submit(world.client("student"), content, name).text

    assert f"{name} {kind}" in page
    assert "File → Download" in page
    assert files(world) == []


def test_a_file_that_ends_early_is_called_incomplete(world: World) -> None:
    """The parser's reason helps nobody."""
    page = submit(world.client("student"), b'{"cells": [{"source": "x').text

    assert "This file is incomplete or not a notebook" in page
    assert "Unterminated" not in page
