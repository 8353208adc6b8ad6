"""What stands beside the verdicts of hidden tests carries at most 8 bits a question."""

from __future__ import annotations

import functools
import itertools
import json
import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.assignment import Assignment, find_assignment, load_assignment
from autograder.cells import CellRun, CellStatus
from autograder.checks import shape_message
from autograder.examiner.protocol import Examined, Hint, TestDescription, TestOutcome
from autograder.examiner.recognise import load_sample_answers
from autograder.grade import assembly
from autograder.grade.assembly import assembled
from autograder.grade.explanations import (
    EXCEPTIONS,
    MAX_PLACES,
    MOST_EXPLAINED_QUESTIONS,
    MOST_EXPLANATIONS,
)
from autograder.messages import Message, MessageCode
from autograder.notebook import Cell, Notebook
from autograder.verdict import Verdict

LINES = 400
SOURCE = "def forward(x):\n" + "".join(f"    a{n} = {n}\n" for n in range(LINES))
NOTEBOOK = Notebook((Cell("code", SOURCE), Cell("code", SOURCE)), None, "0" * 64)
SHIPPED = ("linear_collapse", "perceptron", "regularization", "splits", "xor")
KINDS = ("str", "bytes", "dict", "set", "frozenset")
# Messages of values, each of a fixed text but for shapes and types.
ALONE = (
    MessageCode.NOT_ANSWERED,
    MessageCode.NOT_A_FUNCTION,
    MessageCode.A_VALUE_FOR_A_FUNCTION,
    MessageCode.NOTHING_RETURNED,
    MessageCode.NOT_FINITE,
    MessageCode.ONE_AXIS_FOR_A_NUMBER,
    MessageCode.AXES_FOR_A_NUMBER,
    MessageCode.UNNAMED_SHAPE,
)


@functools.cache
def shapes(axes: int) -> frozenset[str]:
    """All that can be told of a shape where this many named axes are expected."""
    expected, names = (11, 13, 17)[:axes], " ".join("nmk"[:axes])
    lengths = (*expected, 1, 0, 99)
    return frozenset(
        str(shape_message(actual, expected, names))
        for count in range(6)
        for actual in itertools.product(lengths, repeat=count)
        if actual != expected
    )


@pytest.mark.parametrize(
    "name", ["linear_collapse", "perceptron", "regularization", "splits", "xor"]
)
def test_explanations_of_a_question_are_few(name: str) -> None:
    """Places and exceptions, shapes, other messages and hints together: no more than 256."""
    folder = find_assignment(name)
    hints: dict[str, set[str | None]] = {}
    for sample in load_sample_answers(folder / "misconceptions.py"):
        hints.setdefault(sample.question, set()).add(sample.hint)
    raised = (MAX_PLACES + 1) * (len(EXCEPTIONS) + 1)
    others = len(ALONE) + len(KINDS) + 1

    for question, own in hints.items():
        assert raised + max(map(len, map(shapes, range(4)))) + others + len(own) <= (
            MOST_EXPLANATIONS
        ), question


def described(assignment: Assignment) -> tuple[TestDescription, ...]:
    """Five hidden tests of the assignment's second question."""
    return tuple(
        TestDescription(f"t{n}", f"t{n}", "q2", f"Title {n}.", "1", public=False) for n in range(5)
    )


def view(assignment: Assignment, outcomes: list[TestOutcome], hints: dict[str, Hint]) -> str:
    """What the student reads of these outcomes."""
    runs = {index: CellRun(index, CellStatus.OK, count=index + 1) for index in range(2)}
    execution: Any = SimpleNamespace(
        runs=runs,
        notebook=None,
        cell_of=lambda count: next((n for n, run in runs.items() if run.count == count), None),
    )
    examined = Examined({outcome.id: outcome for outcome in outcomes}, hints)
    report = assembled(NOTEBOOK, assignment, 1, execution, described(assignment), examined)
    return json.dumps(replace(report, seconds=random.random()).student_view().as_json())


@pytest.mark.parametrize(
    "verdict", [Verdict.ERROR, Verdict.INVALID, Verdict.MISSING, Verdict.FAILED]
)
def test_what_student_code_chooses_is_not_told(verdict: Verdict) -> None:
    """With the verdicts as they are, all that code can choose makes no more than 256 pages."""
    assignment = load_assignment(find_assignment("xor"))
    draw = random.Random(1)
    builtin = [name for name in dir(__builtins__) if name.endswith("Error")] or dir(
        __import__("builtins")
    )

    def outcome(number: int) -> TestOutcome:
        shape = tuple(draw.choice((1, 7, 8, 9)) for _ in range(draw.randrange(6)))
        invalid = draw.choice(
            [
                shape_message(shape, (7, 8, 9), "n m k"),
                *(Message(code, {"name": "f", "axes": 3}) for code in ALONE),
                *(Message(MessageCode.NOT_NUMBERS, {"kind": kind}) for kind in KINDS),
            ]
        )
        return TestOutcome(
            id=f"t{number}",
            verdict=verdict,
            detail=str(draw.random()),
            message=invalid if verdict is Verdict.INVALID else None,
            exception=draw.choice(builtin) if verdict is Verdict.ERROR else None,
            place=(draw.randrange(4), draw.randrange(LINES)) if verdict is Verdict.ERROR else None,
            asked=("forward",),
            seconds=draw.random(),
        )

    pages = {view(assignment, [outcome(n) for n in range(5)], {}) for _ in range(600)}

    assert len(pages) <= MOST_EXPLANATIONS
    assert len(pages) > (1 if verdict in (Verdict.ERROR, Verdict.INVALID) else 0)


def test_a_hint_takes_the_place_of_an_explanation() -> None:
    """A recognised misconception is told, and then nothing else that code could choose."""
    assignment = load_assignment(find_assignment("xor"))
    hint = {"q2": Hint("q2", "Where is the ReLU?", "no ReLU")}
    outcomes = [
        TestOutcome("t0", Verdict.FAILED),
        TestOutcome("t1", Verdict.ERROR, exception="KeyError", place=(1, 2), asked=("forward",)),
    ]

    page = view(assignment, outcomes, hint)

    assert "Where is the ReLU?" in page
    assert "Your code raised an exception." in page
    assert "KeyError" not in page


def test_of_many_questions_the_first_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a report of any number of questions tells no more than 64 bits."""
    assert MOST_EXPLAINED_QUESTIONS * (MOST_EXPLANATIONS.bit_length() - 1) <= 64
    monkeypatch.setattr(assembly, "MOST_EXPLAINED_QUESTIONS", 2)
    assignment = load_assignment(find_assignment("xor"))
    first, second, third, *_ = (each.id for each in assignment.questions if not each.manual)
    tests = tuple(
        TestDescription(question, question, question, "Title.", "1", public=False)
        for question in (first, second, third)
    )
    raised = {test.id: TestOutcome(test.id, Verdict.ERROR, exception="KeyError") for test in tests}

    def told(hints: dict[str, Hint]) -> list[bool]:
        execution: Any = SimpleNamespace(runs={}, notebook=None, cell_of=lambda _: None)
        report = assembled(NOTEBOOK, assignment, 1, execution, tests, Examined(raised, hints))
        student = {each.id: each for each in report.student_view().questions}
        return ["KeyError" in str(student[each.question].tests) for each in tests]

    assert told({}) == [True, True, False]
    assert told({second: Hint(second, "A hint.", "a mistake")}) == [True, False, False]


def test_the_first_error_is_explained_with_its_line() -> None:
    """Who has made a mistake reads which exception was raised, and in which line of the answer."""
    assignment = load_assignment(find_assignment("xor"))
    outcomes = [
        TestOutcome("t0", Verdict.PASSED),
        TestOutcome("t1", Verdict.ERROR, exception="IndexError", place=(1, 3), asked=("forward",)),
        TestOutcome("t2", Verdict.ERROR, exception="KeyError", place=(1, 4), asked=("forward",)),
    ]

    page = view(assignment, outcomes, {})

    assert "Your code raised IndexError in cell 1, line 3." in page
    assert page.count("Your code raised an exception.") == 1
    assert "KeyError" not in page
