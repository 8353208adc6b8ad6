"""Where in a notebook each question's result belongs: right after the question's answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from nbformat import NotebookNode

from autograder.render.findings import label

_HEADING: Final = re.compile(r"^[ ]{0,3}(#{1,6})[ \t]", re.MULTILINE)
_END: Final = "<!-- END QUESTION -->"
AT_THE_END: Final = -1


def places(cells: Sequence[NotebookNode], questions: Iterable[str]) -> dict[str, int]:
    """
    Return for each question the cell that its result follows, from 0; else `AT_THE_END`.

    Args:
        cells: Of the executed notebook.
        questions: Ids of the questions.
    """
    # Untrusted: students move and delete cells; that can misplace a result, but not lose it.
    return {question: _place(cells, question) for question in questions}


def _place(cells: Sequence[NotebookNode], question: str) -> int:
    check = _check_cell(cells, question)
    return check if check is not None else _end_of_section(cells, question)


def _check_cell(cells: Sequence[NotebookNode], question: str) -> int | None:
    """Find the cell that calls a question's public tests; best one that does nothing else."""
    # Untrusted: a student wrote the cell, so no part of the pattern may match white space twice.
    call = re.compile(rf"grader\.check\([ \t]?(['\"]){re.escape(question)}\1[ \t]?\)")
    found = []
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and (match := call.search(cell.source)):
            alone = cell.source.strip().rstrip("; \t\n") == match[0]
            found.append((not alone, number))
    return min(found)[1] if found else None


def _end_of_section(cells: Sequence[NotebookNode], question: str) -> int:
    """Find the last cell below a question's heading."""
    name = rf"Question[ \t]+{re.escape(label(question))}(?![\w.])"
    heading = re.compile(rf"^ {{0,3}}(?:(#+)|\*\*)[ \t]*{name}", re.MULTILINE | re.IGNORECASE)
    for start, cell in enumerate(cells):
        match = heading.search(cell.source) if cell.cell_type == "markdown" else None
        if match is not None:
            return _last_before_end(cells, start, len(match[1] or "######"))
    return AT_THE_END


def _last_before_end(cells: Sequence[NotebookNode], start: int, level: int) -> int:
    for number in range(start + 1, len(cells)):
        cell = cells[number]
        if cell.cell_type == "markdown" and _ends(cell.source, level):
            return number - 1
    return len(cells) - 1


def _ends(source: str, level: int) -> bool:
    return _END in source or any(len(match[1]) <= level for match in _HEADING.finditer(source))
