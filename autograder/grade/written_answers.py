"""Find a written answer in a submission, so that the person who grades it always sees something."""

from __future__ import annotations

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.notebook import Cell, Notebook

ANSWER_TAG = "otter_answer_cell"


def answer_cells(notebook: Notebook, assignment: Assignment, question: str) -> tuple[int, ...]:
    """
    Find the cells of a written answer.

    By the answer cell's tag, between the question's markers; else all cells between its markers;
    else every cell of the notebook.

    Args:
        notebook: The submission.
        assignment: What it answers.
        question: Id of the written question.

    Returns:
        Numbers of cells, from 0; never empty unless the notebook is.
    """
    between = _between_markers(notebook.cells, assignment, question)
    tagged = [index for index in between if ANSWER_TAG in notebook.cells[index].tags]
    if tagged:
        return tuple(tagged)
    if between:
        return tuple(between)
    return tuple(range(len(notebook.cells)))


def _between_markers(cells: tuple[Cell, ...], assignment: Assignment, question: str) -> list[int]:
    """Return the cells between the prompt's marker and the end's, the prompt excluded."""
    prompt = _prompt(assignment, question)
    start = next((n for n, cell in enumerate(cells) if prompt and prompt in cell.source), None)
    if start is None:
        return []
    end = next(
        (
            n
            for n in range(start + 1, len(cells))
            if "<!-- END QUESTION -->" in cells[n].source
            or "<!-- BEGIN QUESTION -->" in cells[n].source
        ),
        len(cells),
    )
    return list(range(start + 1, end))


def _prompt(assignment: Assignment, question: str) -> str | None:
    """Return the heading of a written question's prompt, as the student notebook shows it."""
    manual = [each.id for each in assignment.questions if each.manual]
    prompts = [
        cell["source"]
        for cell in build_student(assignment).notebook["cells"]
        if "<!-- BEGIN QUESTION -->" in cell["source"]
    ]
    if question not in manual or len(prompts) != len(manual):
        return None
    lines = prompts[manual.index(question)].splitlines()
    return next((line for line in lines if line.strip() and not line.startswith("<!--")), None)
