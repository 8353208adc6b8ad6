"""What a submission answers to a question, as a hash: by it people's decisions find the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from autograder.report import QuestionResult

MAX_TEXT: Final = 20_000
"""How long an answer may be, in characters, to be compared with others."""


def answer_hashes(
    cells: Sequence[Mapping[str, Any]], questions: Sequence[QuestionResult]
) -> dict[str, str]:
    """
    Return a hash of each question's answer, by the question.

    The answer to a written question are its cells, else the whole notebook. That to a tested one is
    all of the code: what its tests give may depend on any of it.

    Args:
        cells: Of the notebook.
        questions: What came of them.
    """
    return {
        question.id: answer_hash(cells, question.answer_cells, written=question.score is None)
        for question in questions
    }


def answer_texts(
    cells: Sequence[Mapping[str, Any]], questions: Sequence[QuestionResult]
) -> dict[str, list[str]]:
    """
    Return what was written to each written question, cell by cell, as far as texts can tell.

    Left out are questions whose cells were not found, so that the answer is the whole notebook, and
    answers that are very long, or with pictures or outputs, of which their text says too little.

    Args:
        cells: Of the notebook.
        questions: What came of them.
    """
    found = {}
    for question in questions:
        numbers = [number for number in question.answer_cells if 0 <= number < len(cells)]
        chosen = [cells[number] for number in numbers]
        if question.score is not None or not chosen or len(chosen) == len(cells):
            continue
        if any(cell.get("attachments") or cell.get("outputs") for cell in chosen):
            continue
        texts = [_text(cell) for cell in chosen]
        if sum(map(len, texts)) <= MAX_TEXT:
            found[question.id] = texts
    return found


def stored_hash(notebook: str, staff_view: object, question_id: str) -> str | None:
    """
    Return the hash of an answer in what was stored by a version that kept none.

    Args:
        notebook: The executed notebook's JSON.
        staff_view: The report's JSON.
        question_id: Whose answer.

    Returns:
        ``None`` if either is damaged.
    """
    try:
        cells: list[dict[str, Any]] = json.loads(notebook)["cells"]
        view: Any = staff_view
        question = next(each for each in view["questions"] if each["id"] == question_id)
        written = question["score"] is None
        return answer_hash(cells, question.get("answer_cells") or (), written=written)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, StopIteration):
        return None


def answer_hash(
    cells: Sequence[Mapping[str, Any]], numbers: Sequence[int], *, written: bool
) -> str:
    """
    Return a hash of an answer; spaces at the ends of lines, and around cells, change nothing.

    Args:
        cells: Of the notebook.
        numbers: Of a written answer's cells, from 0; none if they were not found.
        written: Whether it is a written answer.
    """
    marked = [cells[number] for number in numbers if 0 <= number < len(cells)]
    kinds = ("code", "markdown", "raw") if written else ("code",)
    chosen = marked or [cell for cell in cells if cell.get("cell_type") in kinds]
    texts = [[_text(cell), cell.get("attachments") or {}] for cell in chosen]
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    # Untrusted: a student wrote it; files hold a text, or a list of lines.
    lines = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return "\n".join(line.rstrip() for line in lines.splitlines()).strip()
