"""The assignment that is being validated, and how the outcome of a trial is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.examiner.protocol import TestDescription
from autograder.grade import Grader
from autograder.report import Report, TestResult, question_score
from autograder.validate.forked_notebook import AnswerResult
from autograder.validate.results import Fault, Kind, Trial
from autograder.validate.solved import SolvedNotebook
from autograder.verdict import Verdict

LEAST_SEEDS: Final = 25
QUICK_SEEDS: Final = 3
_NO_CHECK: Final = "without a single check"


@dataclass(frozen=True)
class Subject:
    """
    An assignment on its way through the gate.

    Args:
        assignment: The assignment.
        grader: Grades whole submissions.
        tests: All its tests, by id.
        quick: Whether to try a sample only.
    """

    assignment: Assignment
    grader: Grader
    tests: Mapping[str, TestDescription]
    quick: bool = False
    solved: SolvedNotebook = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "solved", SolvedNotebook(self.assignment))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the pool from which submissions get theirs, for answers of every kind."""
        count = QUICK_SEEDS if self.quick else LEAST_SEEDS
        return tuple(range(min(count, max(self.assignment.hidden_seeds, 1))))

    @property
    def pool(self) -> tuple[int, ...]:
        """All seeds that a submission may get, for the solution; in a quick validation some."""
        return self.seeds if self.quick else tuple(range(self.assignment.hidden_seeds))

    @property
    def times(self) -> int:
        """How often a whole submission is graded, to see whether the results agree."""
        return 1 if self.quick else 2

    def tests_of(self, question: str, *, hidden: bool = False) -> list[TestDescription]:
        """Return a question's tests."""
        return [
            test
            for test in self.tests.values()
            if test.question == question and not (hidden and test.public)
        ]

    def runs(
        self, seeds: Iterable[int], question: str | None = None, *, widely: bool = True
    ) -> list[tuple[int, list[TestDescription]]]:
        """
        Plan the runs of a right or wrong answer.

        Args:
            seeds: Of the hidden inputs.
            question: The question that it answers; all if ``None``.
            widely: Whether even a quick look is taken at the other questions.

        Returns:
            With the first seed all tests of the assignment, or of the question; with each other
            one the hidden tests of the question: public tests know nothing of seeds.
        """
        own = [test for test in self.tests.values() if question in (None, test.question)]
        first = list(self.tests.values()) if widely or not self.quick else own
        again = [test for test in own if not test.public]
        return [(seed, again if number else first) for number, seed in enumerate(seeds)]

    def trial(self, kind: Kind, title: str, *faults: Fault, **facts: Any) -> Trial:
        """Make a trial of this assignment; `facts` are more fields of `Trial`."""
        return Trial(self.assignment.name, kind, title, faults=faults, **facts)

    def names(self, tests: Iterable[str]) -> str:
        """Return tests' names, for people."""
        return ", ".join(self.tests[test].name for test in tests)

    def loses_points(self, question: str, outcome: AnswerResult) -> bool:
        """Return whether an outcome costs points, after rounding to tenths."""
        points = self.assignment.question(question).points
        share = self.assignment.public_share[question]
        return question_score(points, share, self._results(question, outcome)) < points

    def questions_failed(self, outcome: AnswerResult) -> list[str]:
        """Return the questions with a test that did not pass."""
        failed = {self.tests[test].question for test in outcome.failed}
        return [question.id for question in self.assignment.questions if question.id in failed]

    def submit(self, text: str, seed: int) -> AnswerResult:
        """Grade a notebook as a submission, in a fresh kernel by the whole pipeline."""
        return outcome_of(self.grade(text, seed))

    def grade(self, text: str, seed: int | None = None) -> Report:
        """Grade a notebook as a submission and give the whole report."""
        return self.grader.grade(text.encode(), self.assignment, seed=seed)

    def failure(self, test_id: str, outcome: AnswerResult, who: str, seed: int) -> Fault:
        """Record that an answer that is right fails a test."""
        test = self.tests[test_id]
        name = test.name
        detail = " ".join(outcome.details.get(test_id, outcome.verdicts[test_id]).split())
        if _NO_CHECK in detail:
            reason = f"{name} checks nothing: {detail} (a loop that never runs?)"
        else:
            reason = f"{who} fails {name} (“{test.title}”), seed {seed}: {detail[:300]}"
        return Fault(reason, self.place_of_test(test_id), test.question)

    def place_of_test(self, test_id: str) -> str:
        """Return ``file:line`` of a test."""
        name = self.tests[test_id].name.partition("[")[0]
        if self.tests[test_id].public:
            function = re.sub(r"^test_public_[^_]+_", "test_", name)
            return self.assignment.master.place(f"def {function}")
        for path in self.assignment.hidden_tests:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.startswith(f"def {name}("):
                    return f"{path}:{number}"
        return str(self.assignment.folder / "hidden")

    def _results(self, question: str, outcome: AnswerResult) -> Iterable[TestResult]:
        for test in self.tests_of(question):
            # A test that another failure kept from running earned nothing.
            verdict = outcome.verdicts.get(test.id, Verdict.SKIPPED)
            weight = Fraction(test.weight)
            yield TestResult(test.id, question, test.title, verdict, test.public, weight)


def outcome_of(report: Report) -> AnswerResult:
    """Read a whole report as the outcome of a trial."""
    tests = [test for question in report.questions for test in question.tests]
    return AnswerResult(
        {test.id: test.verdict for test in tests},
        {test.id: test.detail for test in tests if test.detail},
        {test.question: test.hint for test in tests if test.hint},
    )
