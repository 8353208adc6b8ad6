"""The right and wrong answers that the gate puts to the hidden tests, each with its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from autograder.assignment import Assignment, reference_file
from autograder.errors import AssignmentError
from autograder.examiner.sample_answers import read_sample_answers
from autograder.sample_answers import SampleAnswer
from autograder.syntax import parse

_ROUNDING: Final = """\
import numpy as _np

def _rounded(value, keep):
    if isinstance(value, (tuple, list)):
        return type(value)([_rounded(item, keep) for item in value])
    if isinstance(value, float):
        return float(_np.float32(value))
    if isinstance(value, _np.ndarray) and value.dtype == _np.float64:
        single = value.astype(_np.float32)
        return single if keep else single.astype(_np.float64)
    return value

def _rounding(function, keep):
    return lambda *args, **kwargs: _rounded(function(*args, **kwargs), keep)
"""


@dataclass(frozen=True)
class Answer:
    """
    One answer to try.

    Args:
        sample: Question, title, source, and of a misconception its hint.
        place: ``file:line`` where it stands.
    """

    sample: SampleAnswer
    place: str


@dataclass(frozen=True)
class ReferenceAnswers:
    """
    A reference module's functions in place of the student's.

    Args:
        title: Which of its functions.
        questions: Ids of the questions that they answer.
        source: Code that puts them in place.
    """

    title: str
    questions: tuple[str, ...]
    source: str


def misconceptions(assignment: Assignment) -> list[Answer]:
    """Return the typical wrong answers."""
    return _answers(assignment, "misconceptions.py")


def alternatives(assignment: Assignment) -> list[Answer]:
    """Return the right answers that are written differently, and the solution's own, rounded."""
    written = _answers(assignment, "alternatives.py")
    return [*written, *_rounded_solutions(assignment)]


def references(assignment: Assignment, *, tensorflow: bool = True) -> Iterator[ReferenceAnswers]:
    """Return what the reference module answers, once in NumPy and once, if asked, in TensorFlow."""
    path = reference_file(assignment.folder)
    if path is None:
        return
    text = path.read_text(encoding="utf-8")
    there = {node.name for node in parse(text).body if isinstance(node, ast.FunctionDef)}
    kinds = [("NumPy reference", "", "")]
    kinds += [("TensorFlow reference", "_tf", "import tensorflow\n")] if tensorflow else []
    for title, suffix, preparation in kinds:
        answered = {
            question: names
            for question, names in asked_functions(assignment).items()
            if names and all(f"{name}{suffix}" in there for name in names)
        }
        if answered:
            names = [name for each in answered.values() for name in each]
            source = preparation + _reference_cell(text, names, suffix)
            yield ReferenceAnswers(title, tuple(answered), source)


def _reference_cell(text: str, names: list[str], suffix: str) -> str:
    # In a module of its own: its helpers must not replace the notebook's names.
    lines = [
        "import sys as _sys, types as _types",
        '_module = _types.ModuleType("reference_answers")',
        "_sys.modules[_module.__name__] = _module",
        f'exec(compile({text!r}, "reference", "exec"), _module.__dict__)',
        *(f"{name} = _module.{name}{suffix}" for name in names),
    ]
    return "\n".join(lines)


def _answers(assignment: Assignment, name: str) -> list[Answer]:
    path = assignment.folder / name
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    answers = [
        Answer(written.sample(), f"{path}:{written.line or _line_of(written.title, lines)}")
        for written in read_sample_answers(assignment, name)
    ]
    known = {question.id for question in assignment.questions}
    for answer in answers:
        if answer.sample.question not in known:
            # Left out, it would count as tried.
            raise AssignmentError(
                f"{answer.sample.title!r}: there is no question {answer.sample.question!r}",
                answer.place,
            )
    return answers


def _line_of(title: str, lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines, 1) if title in line), 1)


def _rounded_solutions(assignment: Assignment) -> Iterator[Answer]:
    """
    Return the solution with its results in single precision.

    The course accepts single precision everywhere, so this proves each tolerance of each question
    without an entry of the author's: once as arrays of that type, once as ordinary floats that a
    list or a conversion made of them.
    """
    for question, names in asked_functions(assignment).items():
        place = assignment.master.place(f"name: {question}")
        for title, keep in (("single precision", True), ("single precision, as floats", False)):
            lines = [f"{name} = _rounding({name}, {keep})" for name in names]
            if lines:
                source = "\n".join([_ROUNDING, *lines])
                yield Answer(SampleAnswer(question, f"The solution in {title}", source), place)


def asked_functions(assignment: Assignment) -> dict[str, list[str]]:
    """Return the names of the functions that each question asks for."""
    return {
        question.id: [
            node.name
            for cell in question.solution
            if cell.kind == "code"
            for node in parse(cell.source).body
            if isinstance(node, ast.FunctionDef)
        ]
        for question in assignment.questions
    }
