"""Find a written answer in a submission, so that the person who grades it always sees something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.notebook import Cell, Notebook

_BEGIN: Final = "<!-- BEGIN QUESTION -->"
_END: Final = "<!-- END QUESTION -->"


@dataclass(frozen=True)
class _Given:
    """
    What the student notebook holds around a written answer.

    Args:
        heading: Of the question's prompt.
        placeholders: Texts of the cells that the answer is to replace.
        behind: Texts of all cells behind the question.
    """

    heading: str
    placeholders: frozenset[str]
    behind: frozenset[str]


def answer_cells(notebook: Notebook, assignment: Assignment, question: str) -> tuple[int, ...]:
    """
    Find the cells of a written answer.

    All cells between the question's prompt and its end, wherever in them the answer was written;
    those that hold nothing, or still what the student notebook has there, only if there are no
    others. Every cell of the notebook where the prompt cannot be found.

    Args:
        notebook: The submission.
        assignment: What it answers.
        question: Id of the written question.

    Returns:
        Numbers of cells, from 0; never empty unless the notebook is.
    """
    given = _given(assignment, question)
    between = _between(notebook.cells, given) if given else []
    unchanged = given.placeholders | {""} if given else frozenset()
    written = [n for n in between if notebook.cells[n].source.strip() not in unchanged]
    return tuple(written or between or range(len(notebook.cells)))


def _between(cells: tuple[Cell, ...], given: _Given) -> list[int]:
    """Return the cells behind the prompt, up to the question's end or what stands behind that."""
    # Untrusted: students delete, copy and move cells; each end may be missing.
    start = next((n for n, cell in enumerate(cells) if given.heading in cell.source), None)
    if start is None:
        return []
    rest = range(start + 1, len(cells))
    end = next((n for n in rest if _ends(cells[n].source, given)), len(cells))
    return list(range(start + 1, end))


def _ends(source: str, given: _Given) -> bool:
    return _END in source or _BEGIN in source or source.strip() in given.behind


def _given(assignment: Assignment, question: str) -> _Given | None:
    """Return what the student notebook holds around a written question."""
    sources = [cell["source"] for cell in build_student(assignment).notebook["cells"]]
    manual = [each.id for each in assignment.questions if each.manual]
    prompts = [number for number, source in enumerate(sources) if _BEGIN in source]
    if question not in manual or len(prompts) != len(manual):
        return None
    prompt = prompts[manual.index(question)]
    lines = sources[prompt].splitlines()
    heading = next((line for line in lines if line.strip() and not line.startswith("<!--")), None)
    if heading is None:
        return None
    end = next((n for n in range(prompt + 1, len(sources)) if _END in sources[n]), len(sources))
    inside, behind = sources[prompt + 1 : end], sources[end:]
    texts = frozenset(source.strip() for source in inside)
    return _Given(heading, texts, frozenset(source.strip() for source in behind) - texts - {""})
