"""What whole submissions prove: the solution, and notebooks that answer nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_student
from autograder.errors import AssignmentError
from autograder.report import Report
from autograder.validate.bank import asked_functions
from autograder.validate.results import Fault, Kind, Trial
from autograder.validate.solved import code_cell
from autograder.validate.subject import Subject, outcome_of

EMPTY_NOTEBOOK: Final = json.dumps(
    {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
)
_IS_SOLVED: Final = "is a solution left in it?"
_NO_ANSWER: Final = "does a test look at a right answer?"


def try_student_notebook(assignment: Assignment) -> Trial:
    """Prove that the student notebook can be built and holds nothing hidden."""
    faults: tuple[Fault, ...] = ()
    try:
        build_student(assignment)
    except AssignmentError as error:
        faults = (fault_of(error),)
    return Trial(assignment.name, Kind.FOLDER, "student notebook", faults=faults)


def count_promised_tests(subject: Subject) -> Trial:
    """Prove that no hidden test has got lost."""
    faults, remarks = [], []
    promises = subject.assignment.promised_tests
    place = str(subject.assignment.folder / "assignment.toml")
    for question in subject.assignment.questions:
        there = len(subject.tests_of(question.id, hidden=True))
        promised = promises.get(question.id)
        if promised is None and there:
            reason = f"[hidden_tests] does not say how many hidden tests it has: {there}"
            remarks.append(Fault(reason, place, question.id))
        elif promised is not None and promised != there:
            reason = f"assignment.toml promises {promised} hidden tests, there are {there}"
            lost = ": was one deleted?" if there < promised else ""
            faults.append(Fault(reason + lost, place, question.id))
    title = "number of hidden tests"
    return subject.trial(Kind.FOLDER, title, *faults, remarks=tuple(remarks))


def check_titles(subject: Subject) -> Trial:
    """Prove that each hidden test says in words what it tests: students read nothing else of it."""
    faults = []
    for question in subject.assignment.questions:
        for test in subject.tests_of(question.id, hidden=True):
            # Without a docstring a test goes by its function's name.
            if test.title == test.name:
                reason = (
                    f"{test.name} has no docstring: its first line is what students read of a test"
                )
                faults.append(Fault(reason, subject.place_of_test(test.id), question.id))
    return subject.trial(Kind.FOLDER, "titles of hidden tests", *faults)


def grade_solution(subject: Subject) -> Trial:
    """Prove that the solved notebook gets full marks, twice."""
    first, second = _graded(subject, subject.solved.text())
    outcome = outcome_of(first)
    who = "the solution"
    faults = [subject.failure(test, outcome, who, first.seed) for test in outcome.failed]
    faults += _difference(subject, first, second, who)
    return subject.trial(Kind.REFERENCE, "solution", *faults)


def grade_starter(subject: Subject) -> Trial:
    """Prove that the student notebook, as handed out, gets no points, twice."""
    text = build_student(subject.assignment).text
    faults = _without_points(subject, text, "the student notebook", _IS_SOLVED)
    return subject.trial(Kind.REFERENCE, "starter", *faults)


def grade_empty(subject: Subject) -> Trial:
    """Prove that an empty notebook gets no points, twice."""
    faults = _without_points(subject, EMPTY_NOTEBOOK, "an empty notebook", _IS_SOLVED)
    return subject.trial(Kind.REFERENCE, "empty notebook", *faults)


def grade_refusing(subject: Subject) -> Trial:
    """Prove that a notebook whose functions refuse every input gets no points, twice."""
    text = refusing_notebook(subject.assignment)
    faults = _without_points(subject, text, "a notebook that refuses everything", _NO_ANSWER)
    return subject.trial(Kind.REFERENCE, "notebook that refuses everything", *faults)


def refusing_notebook(assignment: Assignment) -> str:
    """Return the student notebook with every function that is asked for raising ValueError."""
    document = build_student(assignment).notebook
    source = "\n".join(
        f"def {name}(*args, **kwargs):\n    raise ValueError"
        for names in asked_functions(assignment).values()
        for name in names
    )
    return json.dumps(document | {"cells": [*document["cells"], code_cell(source)]})


def fault_of(error: AssignmentError) -> Fault:
    """Take an error of a broken folder apart into reason and place."""
    return Fault(error.reason, error.place)


def _without_points(subject: Subject, text: str, who: str, advice: str) -> Iterator[Fault]:
    first, second = _graded(subject, text)
    for question in first.questions:
        if question.score:
            passed = [test.title for test in question.tests if test.verdict == "passed"]
            yield Fault(
                f"{who} scores {float(question.score):g} points unsolved; it passes "
                f"{', '.join(map(repr, passed))}: {advice}",
                subject.assignment.master.place(f"name: {question.id}"),
                question.id,
            )
    yield from _difference(subject, first, second, who)


def _graded(subject: Subject, text: str) -> tuple[Report, Report]:
    reports = [subject.grade(text) for _ in range(subject.times)]
    return reports[0], reports[-1]


def _difference(subject: Subject, first: Report, second: Report, who: str) -> Iterator[Fault]:
    for one, other in zip(first.questions, second.questions, strict=True):
        verdicts = [[test.verdict for test in each.tests] for each in (one, other)]
        if one.score != other.score or verdicts[0] != verdicts[1]:
            yield Fault(
                f"two gradings of {who} differ",
                subject.assignment.master.place(f"name: {one.id}"),
                one.id,
            )
