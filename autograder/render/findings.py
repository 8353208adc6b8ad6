"""What a report says, put into words and grouped, for the terminal and for the page alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from autograder.cells import CellStatus
from autograder.report import (
    Report,
    SourceLine,
    StaffCell,
    StaffQuestion,
    StaffTest,
    StaffView,
    StudentCell,
    StudentQuestion,
    StudentTest,
    StudentView,
)
from autograder.untrusted_text import plain
from autograder.verdict import Verdict

_WORDS: Final = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.ERROR: "raised an error",
    Verdict.MISSING: "not defined",
    Verdict.TIMEOUT: "took too long",
    Verdict.MEMORY: "needed too much memory",
    Verdict.OUTPUT_LIMIT: "printed too much",
    Verdict.KERNEL_DIED: "crashed the kernel",
    Verdict.INVALID: "wrong type or shape",
    Verdict.SKIPPED: "not run",
    Verdict.PENDING: "needs manual grading",
    Verdict.INTERNAL: "not graded yet",
}
_MARKS: Final = {"good": "✔", "bad": "✘", "wait": "…"}
_KINDS: Final = {
    Verdict.PASSED: "good",
    Verdict.PENDING: "wait",
    Verdict.INTERNAL: "wait",
    Verdict.SKIPPED: "wait",
}
_PLACE: Final = re.compile(r"[\w./-]+\.py:\d+: ")
_NUMBERED: Final = re.compile(r"q(\d[\w.]*)")


@dataclass(frozen=True)
class OutcomeView:
    """
    A verdict for people; its colour never stands alone.

    Args:
        mark: One character.
        words: What it means.
        kind: ``"good"``, ``"bad"`` or ``"wait"``.
    """

    mark: str
    words: str
    kind: str

    @property
    def label(self) -> str:
        """The words where they stand alone, as in a cell of a table."""
        return self.words[:1].upper() + self.words[1:]


@dataclass(frozen=True)
class CheckView:
    """
    One test, as far as the reader may know it.

    Args:
        title: What it looks at.
        visible: Whether students have the test.
        detail: What happened; empty for students.
    """

    title: str
    visible: bool
    detail: str

    @property
    def place_and_brief(self) -> str:
        """The detail's first line, short."""
        return f"{self._place}{self.brief}"

    @property
    def brief(self) -> str:
        """The detail's first line without the place in the test's file."""
        first = self.detail.partition("\n")[0].removeprefix(self._place)
        return first.removeprefix("AssertionError: ").strip()

    @property
    def detail_has_more(self) -> bool:
        """Whether the detail goes on after its first line."""
        return bool(self.detail.partition("\n")[2].strip())

    @property
    def _place(self) -> str:
        found = _PLACE.match(self.detail)
        return found[0] if found else ""


@dataclass(frozen=True)
class FindingView:
    """
    Checks of a question that ended in the same way.

    Args:
        outcome: How they ended.
        message: What happened.
        line: Where the student's code raised.
        checks: All that ended so.
    """

    outcome: OutcomeView
    message: str
    line: SourceLine | None
    checks: tuple[CheckView, ...]

    @property
    def common_detail(self) -> str:
        """What the details of all checks say, if it is one thing and more than the message."""
        briefs = {check.brief for check in self.checks}
        brief = briefs.pop()
        return "" if briefs or brief == self.message else brief

    def tells_apart(self, check: CheckView) -> bool:
        """Whether a check's detail says what the others' do not."""
        return bool(check.brief) and len({each.brief for each in self.checks}) > 1


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
        return tuple(
            f"{names(question.name for question in group)} {reason}."
            for kind, reason in _REASONS.items()
            if (group := [each for each in self.waiting if each.outcome.words == kind])
        )


_REASONS: Final = {
    _WORDS[Verdict.PENDING]: "will be graded manually",
    _WORDS[
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
        questions=tuple(map(_question, view.questions)),
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


def outcome_of(verdict: Verdict) -> OutcomeView:
    """Return a verdict's mark and words."""
    kind = _KINDS.get(verdict, "bad")
    return OutcomeView(_MARKS[kind], _WORDS[verdict], kind)


def _cell_words(cell: StudentCell | StaffCell) -> str:
    """Describe what became of a cell; students read the error below the cell itself."""
    if isinstance(cell, StaffCell) and cell.error and cell.status == CellStatus.ERROR:
        return f"raised {plain(cell.error)}"
    if cell.status == CellStatus.SKIPPED:
        return "was not run"
    return _WORDS[Verdict(cell.status)]


def _question(question: StudentQuestion | StaffQuestion) -> QuestionView:
    misconception = question.misconception if isinstance(question, StaffQuestion) else None
    return QuestionView(
        id=question.id,
        name=f"Question {plain(label(question.id))}",
        score=question.score,
        points=question.max_score,
        outcome=outcome_of(question.verdict),
        hints=tuple(dict.fromkeys(plain(test.hint) for test in question.tests if test.hint)),
        findings=_findings(question.tests),
        misconception=plain(misconception) if misconception else None,
        title=plain(question.title),
        own_cells=question.own_cells,
    )


def _findings(tests: tuple[StudentTest, ...] | tuple[StaffTest, ...]) -> tuple[FindingView, ...]:
    """Group checks that ended in the same way; what passed comes last."""
    found: dict[tuple[Verdict, str, SourceLine | None], FindingView] = {}
    for test in tests:
        message = plain(str(test.message or ""))
        key = (test.verdict, message, test.line)
        group = found.get(key) or FindingView(
            outcome_of(test.verdict), message, _shown_line(test.line), ()
        )
        detail = plain(test.detail) if isinstance(test, StaffTest) else ""
        check = CheckView(plain(test.title), test.visible, detail)
        found[key] = replace(group, checks=(*group.checks, check))
    return tuple(sorted(found.values(), key=lambda finding: finding.outcome.kind == "good"))


def _shown_line(line: SourceLine | None) -> SourceLine | None:
    return replace(line, text=plain(line.text)) if line else None


def _facts(view: StudentView | StaffView) -> tuple[tuple[str, str], ...]:
    facts = [("Submission", view.submission_sha256), ("Assignment", view.assignment_hash)]
    if isinstance(view, StaffView):
        facts += [("Seed", str(view.seed)), ("Graded in", f"{view.seconds:.1f} s")]
    return tuple((name, plain(value)) for name, value in facts)
