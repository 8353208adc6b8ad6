"""Where a written answer stands: wherever between the question's ends it was put."""

from __future__ import annotations

import json

import pytest

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.grade.written_answers import answer_cells
from autograder.notebook import parse_notebook
from tests.autograder.conftest import as_bytes

Cells = list[tuple[str, str]]
PROOF = ("markdown", "Suppose there were one.")
MORE = ("markdown", "Its value at (0, 0) plus that at (1, 1) then is too large.")


@pytest.fixture
def given(xor: Assignment) -> Cells:
    """Return the cells of the notebook that students get; its last question is a proof."""
    cells = build_student(xor).notebook["cells"]
    return [(cell["cell_type"], cell["source"]) for cell in cells]


def answered(given: Cells, *cells: tuple[str, str]) -> Cells:
    """Put cells in place of the proof's placeholder."""
    place = position(given, "_Type your answer here, replacing this text._")
    return [*given[:place], *cells, *given[place + 1 :]]


def position(cells: Cells, text: str) -> int:
    """Return the number of the one cell that holds a text."""
    [place] = [number for number, (_, source) in enumerate(cells) if text in source]
    return place


def texts(cells: Cells, assignment: Assignment) -> list[str]:
    """Return what is shown of a submission's proof."""
    shown = answer_cells(parse_notebook(as_bytes(cells)), assignment, "q7")
    return [cells[number][1] for number in shown]


PLACEHOLDER = ("markdown", "_Type your answer here, replacing this text._")
EMPTY = ("markdown", " \n")


@pytest.mark.parametrize(
    "cells",
    [
        [PROOF],
        [PROOF, MORE],
        [PLACEHOLDER, PROOF],
        [PROOF, PLACEHOLDER],
        [EMPTY, PLACEHOLDER, PROOF, EMPTY, MORE],
        [("code", "plot(points)"), PROOF],
        [("raw", "In LaTeX: $x$"), PLACEHOLDER],
    ],
)
def test_all_cells_of_a_question_are_its_answer(
    xor: Assignment, given: Cells, cells: Cells
) -> None:
    """New ones below the placeholder, too; what is empty or was there before is left out."""
    written = [source for kind, source in cells if (kind, source) not in (PLACEHOLDER, EMPTY)]
    assert texts(answered(given, *cells), xor) == written


def test_what_is_not_answered_is_shown_as_it_is(xor: Assignment, given: Cells) -> None:
    """Whoever grades sees the placeholder rather than nothing."""
    assert texts(given, xor) == [PLACEHOLDER[1]]
    assert texts(answered(given, EMPTY), xor) == [EMPTY[1]]


def test_tags_do_not_matter(xor: Assignment, given: Cells) -> None:
    """Some editors drop them, and a student can set them where they like."""
    document = json.loads(as_bytes(answered(given, PROOF, MORE)))
    tagged = position(answered(given, PROOF, MORE), PROOF[1])
    document["cells"][tagged]["metadata"]["tags"] = ["otter_answer_cell"]
    found = answer_cells(parse_notebook(json.dumps(document).encode()), xor, "q7")
    assert found == (tagged, tagged + 1)


def test_a_lost_end_does_not_make_the_rest_an_answer(xor: Assignment, given: Cells) -> None:
    """It ends where something begins that stands behind the question in everybody's notebook."""
    cells = answered(given, PROOF, MORE)
    end = position(cells, "<!-- END QUESTION -->")
    cells[end] = ("markdown", cells[end][1].replace("<!-- END QUESTION -->\n", ""))
    assert texts([*cells, ("code", "1 + 1")], xor)[:2] == [PROOF[1], MORE[1]]


def test_without_its_prompt_the_whole_notebook_is_shown(xor: Assignment, given: Cells) -> None:
    """Whoever deleted it is graded all the same."""
    cells = answered(given, PROOF)
    del cells[position(cells, "<!-- BEGIN QUESTION -->")]
    assert texts(cells, xor) == [source for _, source in cells]
