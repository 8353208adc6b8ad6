"""What pytest has collected, as the grader needs to know it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from autograder.examiner.protocol import CollectionRefused, TestDescription

_SYNTAX_ERROR: Final = re.compile(r'^E +File "([^"]+)", line (\d+)$', re.MULTILINE)
_MAX_REASON: Final = 500


def why_not_collected(file: Path, report: pytest.CollectReport) -> CollectionRefused:
    """Return the place, with the line if it is known, and the reason in one line."""
    lines = report.longreprtext.strip().splitlines() or ["no reason was given"]
    reasons = [line[1:].strip() for line in lines if line.startswith("E  ")]
    numbers = re.findall(rf"{re.escape(file.name)}(?::|\", line )(\d+)", report.longreprtext)
    place = f"{file}:{numbers[-1]}" if numbers else str(file)
    # A module that the tests import, and that is no Python, is named by the syntax error itself.
    if elsewhere := _SYNTAX_ERROR.findall(report.longreprtext):
        place = ":".join(elsewhere[-1])
    return CollectionRefused(place, (reasons or lines)[-1][:_MAX_REASON])


def describe(item: pytest.Item) -> TestDescription:
    """Return a test's id, question, title, weight and visibility."""
    marker = item.get_closest_marker("question")
    function = getattr(item, "function", None)
    title = next(iter((getattr(function, "__doc__", None) or item.name).strip().splitlines()))
    return TestDescription(
        id=id_of(item),
        name=item.name,
        question=question_of(item),
        title=title.strip(),
        weight=str(marker.kwargs.get("weight", 1)) if marker else "1",
        public=is_public(item),
    )


def id_of(item: pytest.Item) -> str:
    """Return a test's id. pytest's own lacks the file here, and two files may have a test each."""
    _, separator, name = item.nodeid.partition("::")
    return f"{item.path.name}{separator}{name}"


def question_of(item: pytest.Item) -> str:
    """Return the id of the question that a test belongs to."""
    marker = item.get_closest_marker("question")
    return str(marker.args[0]) if marker and marker.args else ""


def is_public(item: pytest.Item) -> bool:
    """Return whether students have this test."""
    marker = item.get_closest_marker("question")
    return bool(marker and marker.kwargs.get("public", False))
