"""Put a report together: what came of the cells and of the tests, by question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from autograder.assignment.folder import Assignment
from autograder.assignment.master import Question
from autograder.cells import CellRun, CellStatus
from autograder.examiner.protocol import Examined, Hint, TestDescription, TestOutcome
from autograder.grade.explanations import (
    MAX_PLACES,
    MOST_EXPLAINED_QUESTIONS,
    explanation,
    may_tell,
)
from autograder.grade.own_cells import MOST_CELLS, OwnCells, cells_defining
from autograder.grade.written_answers import answer_cells
from autograder.messages import Message, MessageCode
from autograder.notebook import Notebook
from autograder.report import (
    QuestionResult,
    Report,
    SourceLine,
    TestResult,
    question_score,
    question_verdict,
)
from autograder.syntax import lines_of
from autograder.verdict import Verdict

if TYPE_CHECKING:
    from autograder.kernels.runner import Execution  # takes long to import

MAX_LINE: Final = 200
_BY_ANSWERS: Final = frozenset(
    {Verdict.FAILED, Verdict.INVALID, Verdict.ERROR, Verdict.MISSING, Verdict.SKIPPED}
)


def assembled(
    notebook: Notebook,
    assignment: Assignment,
    seed: int,
    execution: Execution,
    tests: tuple[TestDescription, ...],
    examined: Examined,
) -> Report:
    """
    Put the report of a submission together.

    Args:
        notebook: The submission.
        assignment: What it answers.
        seed: Of the hidden inputs.
        execution: How its cells ran.
        tests: All tests of the assignment.
        examined: What came of them.
    """
    assembly = _Assembly(notebook, assignment, execution, tests, examined)
    return Report(
        assignment=assignment.name,
        title=assignment.title,
        assignment_hash=assignment.content_hash,
        submission_sha256=notebook.sha256,
        seed=seed,
        questions=tuple(map(assembly.question, assignment.questions)),
        cells=tuple(execution.runs[index] for index in sorted(execution.runs)),
        notebook=execution.notebook,
        given=assembly.own_cells.given,
    )


class _Assembly:
    """What the parts of one report are made from."""

    def __init__(
        self,
        notebook: Notebook,
        assignment: Assignment,
        execution: Execution,
        tests: tuple[TestDescription, ...],
        examined: Examined,
    ) -> None:
        self._notebook = notebook
        self._assignment = assignment
        self._execution = execution
        self._tests = tests
        self._outcomes = _with_refusals_that_earn(tests, examined.outcomes)
        self._hints = examined.hints
        self._explained = 0
        self.own_cells = OwnCells(notebook, assignment)

    def question(self, question: Question) -> QuestionResult:
        if question.manual:
            cells = answer_cells(self._notebook, self._assignment, question.id)
            own = cells if len(cells) <= MOST_CELLS else ()
            return QuestionResult(
                question.id,
                question.points,
                None,
                Verdict.PENDING,
                answer_cells=cells,
                own_cells=own,
                title=question.title,
            )
        if self.own_cells.unanswered(question):
            return self._unanswered(question)
        hint = recognised = self._hints.get(question.id)
        tests = [test for test in self._tests if test.question == question.id]
        # A hint explains; else the first test that can be explained is.
        told = [test for test in tests if may_tell(test, self._outcome(test))]
        if hint or told:
            self._explained += 1
        if self._explained > MOST_EXPLAINED_QUESTIONS:
            hint, told = None, []
        detailed = told[0] if told and not hint else None
        results = tuple(self._test(test, hint, detailed=test is detailed) for test in tests)
        return self._judged(question, results, recognised)

    def _unanswered(self, question: Question) -> QuestionResult:
        """Judge what was not begun: what it returns is no mistake, and gets no hint."""
        tests = [test for test in self._tests if test.question == question.id]
        results = [self._test(test, None, detailed=False) for test in tests]
        message = Message(MessageCode.NOT_ANSWERED)
        told = (
            replace(each, verdict=Verdict.UNANSWERED, message=message)
            if each.verdict in _BY_ANSWERS
            else each
            for each in results
        )
        return self._judged(question, tuple(told), None)

    def _judged(
        self, question: Question, results: tuple[TestResult, ...], recognised: Hint | None
    ) -> QuestionResult:
        verdict = question_verdict(results)
        share = self._assignment.public_share[question.id]
        graded = verdict is not Verdict.INTERNAL
        score = question_score(question.points, share, results) if graded else None
        title = recognised.title if recognised else None
        return QuestionResult(
            question.id,
            question.points,
            score,
            verdict,
            results,
            title,
            own_cells=self.own_cells.of(question),
            title=question.title,
        )

    def _outcome(self, test: TestDescription) -> TestOutcome:
        # A test without an outcome was not judged: our fault, never the student's zero.
        missing = TestOutcome(test.id, Verdict.INTERNAL, "no result arrived")
        return self._outcomes.get(test.id, missing)

    def _test(self, test: TestDescription, hint: Hint | None, *, detailed: bool) -> TestResult:
        outcome = self._outcome(test)
        line = self._source_line(outcome.place)
        shown = line if test.public or line in self._places(outcome) else None
        unfinished = self._unfinished_cell(outcome.missing)
        explained = hint is not None and outcome.verdict in (Verdict.FAILED, Verdict.INVALID)
        return TestResult(
            id=test.id,
            question=test.question,
            title=test.title,
            verdict=outcome.verdict,
            public=test.public,
            weight=test.share or Fraction(0),
            detail=outcome.detail,
            message=explanation(test, outcome, shown, unfinished, detailed=detailed),
            hint=hint.hint if hint and explained else None,
            line=line,
            seconds=outcome.seconds,
        )

    def _unfinished_cell(self, name: str | None) -> CellRun | None:
        """Find the cell that defines a missing name by its text, but did not run to its end."""
        if name is None:
            return None
        unfinished = {
            run.index: run
            for run in self._execution.runs.values()
            if run.status is not CellStatus.OK
        }
        cells = ((index, self._notebook.cells[index]) for index in unfinished)
        found = next(cells_defining(cells, [name]), None)
        return None if found is None else unfinished[found]

    def _places(self, outcome: TestOutcome) -> list[SourceLine]:
        """Return the first lines of code of what the test asked for, which may be named."""
        lines: list[SourceLine] = []
        code = [(n, each) for n, each in enumerate(self._notebook.cells) if each.kind == "code"]
        for index in cells_defining(code, outcome.asked):
            lines += _lines_of_code(index, self._notebook.cells[index].source)
            if len(lines) >= MAX_PLACES:
                break
        return lines[:MAX_PLACES]

    def _source_line(self, place: tuple[int, int] | None) -> SourceLine | None:
        # Untrusted: the kernel's claim; only a line that the submission has is shown, from there.
        if place is None:
            return None
        count, line = place
        index = self._execution.cell_of(count)
        if index is None:
            return None
        lines = lines_of(self._notebook.cells[index].source)
        if not 1 <= line <= len(lines):
            return None
        return _line(index, line, lines[line - 1])


def _with_refusals_that_earn(
    tests: tuple[TestDescription, ...], outcomes: Mapping[str, TestOutcome]
) -> Mapping[str, TestOutcome]:
    """
    Skip tests that saw refusals alone where no test of their question has seen a right answer.

    Code that refuses every input refuses the bad ones too. Where a question asks for nothing but
    refusals, they are the answer.
    """
    judged = dict(outcomes)
    for question in {test.question for test in tests}:
        own = [outcomes.get(test.id) for test in tests if test.question == question]
        passed = [outcome for outcome in own if outcome is not None and outcome.passed]
        refusals = [outcome for outcome in passed if outcome.only_refusals]
        if len(refusals) < len(passed) or len(refusals) == len(own):
            continue
        for outcome in refusals:
            detail = "bad input is refused, but no test of the question saw a right answer"
            judged[outcome.id] = replace(outcome, verdict=Verdict.SKIPPED, detail=detail)
    return judged


def _line(index: int, number: int, text: str) -> SourceLine:
    return SourceLine(index + 1, number, text.strip()[:MAX_LINE])


def _lines_of_code(index: int, source: str) -> list[SourceLine]:
    return [
        _line(index, number, text)
        for number, text in enumerate(lines_of(source), start=1)
        if text.strip() and not text.lstrip().startswith("#")
    ]
