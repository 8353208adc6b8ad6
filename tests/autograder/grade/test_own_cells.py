"""Which cells of a submission are its student's own: by position, and else by what they define."""

from __future__ import annotations

import pytest

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.grade import own_cells
from autograder.grade.grader import Grader
from autograder.grade.own_cells import (
    MAX_SEARCHED,
    MAX_SEARCHED_TOTAL,
    MOST_CELLS,
    OwnCells,
    defines,
)
from autograder.messages import MessageCode
from autograder.notebook import parse_notebook
from autograder.verdict import Verdict
from tests.autograder.conftest import as_bytes

Cells = list[tuple[str, str]]
FORWARD = ("code", "def forward(x, W1, b1, W2, b2):\n    return x")
HELPER = ("code", "def relu(z):\n    return z")


@pytest.fixture
def given(xor: Assignment) -> Cells:
    """Return the cells of the notebook that students get."""
    cells = build_student(xor).notebook["cells"]
    return [(cell["cell_type"], cell["source"]) for cell in cells]


def position(cells: Cells, text: str) -> int:
    """Return the number of the first cell that holds a text."""
    return next(number for number, (_, source) in enumerate(cells) if text in source)


def answered(given: Cells, *cells: tuple[str, str]) -> Cells:
    """Put cells in place of what is given for question 2."""
    place = position(given, "def forward(")
    return [*given[:place], *cells, *given[place + 1 :]]


def own(cells: Cells, assignment: Assignment, question: str = "q2") -> list[str]:
    """Return what is found of a question."""
    found = OwnCells(parse_notebook(as_bytes(cells)), assignment)
    asked = next(each for each in assignment.questions if each.id == question)
    return [cells[number][1] for number in found.of(asked)]


def test_what_stands_below_the_prompt_is_the_answer(xor: Assignment, given: Cells) -> None:
    """Also in several cells; what is empty, or behind the public tests, is not."""
    cells = answered(given, HELPER, ("code", " "), ("markdown", "Here it is."), FORWARD)
    check = position(cells, 'grader.check("q2")')
    cells.insert(check + 1, ("code", "forward(1, 2, 3, 4, 5)"))

    assert own(cells, xor) == [HELPER[1], FORWARD[1]]
    assert own(cells, xor, "q3") == [given[position(given, "def rescale(")][1]]


def test_what_is_not_begun_is_shown_as_it_is(xor: Assignment, given: Cells) -> None:
    """A placeholder is the student's to fill in; a figure's code, and public tests, are given."""
    found = OwnCells(parse_notebook(as_bytes(given)), xor)

    assert own(given, xor) == [given[position(given, "def forward(")][1]]
    assert own(given, xor, "q4") == ["alt = ..."]
    assert position(given, "plot_network(forward, alt") in found.given
    assert position(given, 'grader.check("q2")') in found.given
    assert position(given, "alt = ...") not in found.given


def test_what_is_not_begun_is_not_answered(xor: Assignment, given: Cells) -> None:
    """One word more, or an answer elsewhere, and it is one."""

    def unanswered(cells: Cells) -> list[str]:
        found = OwnCells(parse_notebook(as_bytes(cells)), xor)
        return [each.id for each in xor.questions if not each.manual and found.unanswered(each)]

    assert unanswered(given) == ["q1", "q2", "q3", "q4", "q5", "q6"]
    assert "q2" not in unanswered(answered(given, FORWARD))
    assert "q2" not in unanswered(answered(given))
    starter = given[position(given, "def forward(")]
    assert "q2" in unanswered([FORWARD, *given])
    assert "q2" in unanswered([*given, starter, HELPER])
    assert "q2" not in unanswered([*given, FORWARD])


def test_every_test_of_what_is_not_answered_says_so(
    xor: Assignment, given: Cells, grader: Grader
) -> None:
    """Functions that return nothing do not “differ”, and no misconception is recognised."""
    view = grader.grade(as_bytes(given), xor).student_view()

    for question in view.questions[:-1]:
        failed = [test for test in question.tests if test.verdict is not Verdict.PASSED]
        assert failed
        for test in failed:
            assert test.message is not None
            assert test.message.code is MessageCode.NOT_ANSWERED
            assert test.hint is None
        assert question.score == 0


def test_an_answer_that_was_moved_is_found_by_its_name(xor: Assignment, given: Cells) -> None:
    """Wherever in the notebook it stands, and without its prompt."""
    cells = answered(given)
    del cells[position(cells, "### Question 2")]

    assert own([*cells, HELPER, FORWARD], xor) == [FORWARD[1]]
    assert own(cells, xor) == []


def test_a_changed_figure_is_the_students(xor: Assignment, given: Cells) -> None:
    """What is not as it was given is theirs, below the prompt of question 4, too."""
    place = position(given, "plot_network(forward, alt")
    cells = [*given[:place], ("code", "plot_network(forward, alt, 'Mine')"), *given[place + 1 :]]

    assert own(cells, xor, "q4") == ["alt = ...", "plot_network(forward, alt, 'Mine')"]


def test_there_is_a_bound(xor: Assignment, given: Cells) -> None:
    """Five thousand cells are one student's choice, and no page's."""
    many = [("code", f"a{number} = 1") for number in range(1000)]

    assert len(own(answered(given, *many), xor)) == MOST_CELLS


def test_comments_without_end_are_not_searched(
    xor: Assignment, given: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook of thirty megabytes may name on each line what is looked for."""
    searched = []

    def look(source: str, name: str) -> bool:
        searched.append(len(source))
        return defines(source, name)

    monkeypatch.setattr(own_cells, "defines", look)
    comments = ("code", "# forward\n" * (MAX_SEARCHED // 20))
    found = OwnCells(parse_notebook(as_bytes([*given, *[comments] * 100, FORWARD])), xor)

    found.unanswered(xor.questions[1])
    assert 0 < sum(searched) <= MAX_SEARCHED_TOTAL


def test_titles_are_what_headings_say(xor: Assignment) -> None:
    """Without number, points and marks of code."""
    titles = {question.id: question.title for question in xor.questions}

    assert titles["q2"] == "forward(x, W1, b1, W2, b2)"
    assert titles["q5"] == "the best affine model"
    assert titles["q7"] == "proof"
