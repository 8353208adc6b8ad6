"""What a report says, put into words and grouped, for the terminal and for the page alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from autograder.cells import CellStatus
from autograder.render.causes import ACROSS_QUESTIONS, Cause
from autograder.render.outcomes import (
    WORDS,
    FindingView,
    OutcomeView,
    QuestionName,
    findings_of,
    outcome_of,
)
from autograder.report import (
    Report,
    StaffCell,
    StaffQuestion,
    StaffView,
    StudentCell,
    StudentQuestion,
    StudentView,
)
from autograder.untrusted_text import plain
from autograder.verdict import Verdict

_NUMBERED: Final = re.compile(r"q(\d[\w.]*)")


@dataclass(frozen=True)
class QuestionView:
    """
    One question.

    Args:
        id: The question's id.
        name: What people call it.
        score: Points earned; ``None`` while it is not graded.
        points: What it is worth.
        outcome: Of all its checks together.
        hints: What helps on, each once.
        findings: What did not pass first, what passed last.
        misconception: What was recognised; ``None`` for students.
        title: What it asks for, in a few words; empty if nobody knows.
        own_cells: The student's own cells for it, by number from 0.
    """

    id: str
    name: str
    score: float | None
    points: float
    outcome: OutcomeView
    hints: tuple[str, ...]
    findings: tuple[FindingView, ...]
    misconception: str | None
    title: str = ""
    own_cells: tuple[int, ...] = ()

    @property
    def full_name(self) -> str:
        """What people call it, and what it asks for."""
        return f"{self.name}: {self.title}" if self.title else self.name

    @property
    def lacks_something(self) -> bool:
        """Whether something that the reader may know of did not pass."""
        told = any(finding.outcome.kind == "bad" for finding in self.findings)
        return told or self.outcome.kind == "bad"

    @property
    def marked_lines(self) -> Mapping[int, frozenset[int]]:
        """The lines that findings name, from 1, by their cell from 0."""
        lines = [finding.line for finding in self.findings if finding.line is not None]
        return {
            cell - 1: frozenset(each.line for each in lines if each.cell == cell)
            for cell in {each.cell for each in lines}
        }

    @property
    def passed(self) -> bool:
        """Whether nothing is left to say."""
        return self.outcome.kind == "good"

    @property
    def tally(self) -> str:
        """How many tests passed, in words; empty if there are none."""
        total = sum(len(finding.checks) for finding in self.findings)
        good = [finding for finding in self.findings if finding.outcome.kind == "good"]
        passed = sum(len(finding.checks) for finding in good)
        noun = "test" if total == 1 else "tests"
        return f"{passed} of {total} {noun} passed" if total else ""


@dataclass(frozen=True)
class CellNote:
    """A cell that did not run to its end, and why."""

    number: int
    words: str


@dataclass(frozen=True)
class SummaryView:
    """
    All that a report tells a reader.

    Args:
        title: The assignment's.
        score: Points earned so far.
        points: Of all questions.
        questions: In the notebook's order.
        cells: Those that did not run to their end.
        facts: Names and values that identify this grading.
        given: Code cells that are still as students get them, by number from 0.
    """

    title: str
    score: float
    points: float
    questions: tuple[QuestionView, ...]
    cells: tuple[CellNote, ...]
    facts: tuple[tuple[str, str], ...]
    given: frozenset[int] = frozenset()

    @property
    def waiting(self) -> tuple[QuestionView, ...]:
        """The questions without a score."""
        return tuple(question for question in self.questions if question.score is None)

    @property
    def waiting_points(self) -> float:
        """What the questions without a score are worth."""
        return sum(question.points for question in self.waiting)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is not graded yet, one for each reason."""
        return self.notes_without()

    def notes_without(self, *verdicts: Verdict) -> tuple[str, ...]:
        """Return the notes, but those on questions with some verdicts."""
        left_out = {WORDS[verdict] for verdict in verdicts}
        return tuple(
            f"{names(question.name for question in group)} {reason}."
            for kind, reason in _REASONS.items()
            if kind not in left_out
            and (group := [each for each in self.waiting if each.outcome.words == kind])
        )


_REASONS: Final = {
    WORDS[Verdict.PENDING]: "will be graded manually",
    WORDS[
        Verdict.INTERNAL
    ]: "could not be graded yet because of a problem on our side; grading will be retried",
}


def summary(report: Report, *, student: bool) -> SummaryView:
    """
    Put a report into words.

    Args:
        report: What came of a submission.
        student: Whether a student reads it: then only the student's view is looked at.
    """
    return summary_of(report.student_view() if student else report.staff_view())


def summary_of(view: StudentView | StaffView) -> SummaryView:
    """Put a report's view into words, such as one that was stored."""
    return SummaryView(
        title=plain(view.title),
        score=view.score,
        points=view.max_score,
        questions=_causes_told_once(tuple(map(_question, view.questions))),
        cells=tuple(
            CellNote(cell.number, _cell_words(cell))
            for cell in view.cells
            if cell.status != CellStatus.OK
        ),
        facts=_facts(view),
        given=frozenset(cell.number - 1 for cell in view.cells if cell.given),
    )


def points(value: float | None) -> str:
    """Write a number of points."""
    return "\u2013" if value is None else f"{value:g}"


def names(items: Iterable[str]) -> str:
    """Join names: ``a, b and c``."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def words(text: str) -> frozenset[str]:
    """Split a list of names, which reads better without quotes round each."""
    return frozenset(text.split())


def label(question_id: str) -> str:
    """Return what stands behind the word "Question" in a heading: ``2`` for ``q2``."""
    numbered = _NUMBERED.fullmatch(question_id)
    return numbered[1] if numbered else question_id


def _cell_words(cell: StudentCell | StaffCell) -> str:
    """Describe what became of a cell; students read the error below the cell itself."""
    if isinstance(cell, StaffCell) and cell.error and cell.status == CellStatus.ERROR:
        return f"raised {plain(cell.error)}"
    if cell.status == CellStatus.SKIPPED:
        return "was not run"
    return WORDS[Verdict(cell.status)]


def _question(question: StudentQuestion | StaffQuestion) -> QuestionView:
    misconception = question.misconception if isinstance(question, StaffQuestion) else None
    return QuestionView(
        id=question.id,
        name=f"Question {plain(label(question.id))}",
        score=question.score,
        points=question.max_score,
        outcome=outcome_of(question.verdict),
        hints=tuple(dict.fromkeys(plain(test.hint) for test in question.tests if test.hint)),
        findings=findings_of(question.tests),
        misconception=plain(misconception) if misconception else None,
        title=plain(question.title),
        own_cells=question.own_cells,
    )


def _causes_told_once(questions: tuple[QuestionView, ...]) -> tuple[QuestionView, ...]:
    """Let later questions refer to the one in which their tests' cause is told first."""
    affected: dict[Cause, list[QuestionName]] = {}
    for question in questions:
        for finding in question.findings:
            if finding.cause is not None and finding.cause.kind in ACROSS_QUESTIONS:
                affected.setdefault(finding.cause, []).append(
                    QuestionName(question.id, question.name)
                )

    def told(question: QuestionView, finding: FindingView) -> FindingView:
        names = affected.get(finding.cause) if finding.cause is not None else None
        if names is None or len(names) == 1:
            return finding
        if names[0].id != question.id:
            return replace(finding, told_in=names[0])
        return replace(finding, also_in=tuple(names[1:]))

    return tuple(
        replace(each, findings=tuple(told(each, finding) for finding in each.findings))
        for each in questions
    )


def _facts(view: StudentView | StaffView) -> tuple[tuple[str, str], ...]:
    facts = [("Submission", view.submission_sha256), ("Assignment", view.assignment_hash)]
    if isinstance(view, StaffView):
        facts += [("Seed", str(view.seed)), ("Graded in", f"{view.seconds:.1f} s")]
    return tuple((name, plain(value)) for name, value in facts)
