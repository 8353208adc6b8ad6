"""What came of checks, in words: a verdict for people, and checks that are told together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from autograder.render.causes import Cause, cause_of, same_finding, together
from autograder.report import SourceLine, StaffTest, StudentTest
from autograder.untrusted_text import plain
from autograder.verdict import Verdict

WORDS: Final = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.ERROR: "raised an error",
    Verdict.MISSING: "not defined",
    Verdict.UNANSWERED: "not answered",
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
class QuestionName:
    """A question, to name it and to lead to it."""

    id: str
    name: str


@dataclass(frozen=True)
class FindingView:
    """
    Checks of a question that ended in the same way.

    Args:
        outcome: How they ended.
        message: What happened.
        line: Where the student's code raised.
        checks: All that ended so.
        cause: What made them fail; ``None`` if nobody knows, or if they passed.
        told_in: The question, if another one before, under which the same cause is told.
        also_in: The later questions in which it makes tests fail, too.
    """

    outcome: OutcomeView
    message: str
    line: SourceLine | None
    checks: tuple[CheckView, ...]
    cause: Cause | None = None
    told_in: QuestionName | None = None
    also_in: tuple[QuestionName, ...] = ()

    @property
    def first_checks(self) -> tuple[CheckView, ...]:
        """The checks to name at once: one will do for all that fail for the same reason."""
        return self.checks if self.cause is None or len(self.checks) < 3 else self.checks[:1]

    @property
    def other_checks(self) -> tuple[CheckView, ...]:
        """The checks that fail for the same reason as those that are named."""
        return self.checks[len(self.first_checks) :]

    @property
    def others(self) -> str:
        """How many other checks fail for the same reason, in words; empty if none does."""
        count = len(self.other_checks)
        noun = "test" if count == 1 else "tests"
        return f"and {count} more {noun} for the same reason" if count else ""

    @property
    def common_detail(self) -> str:
        """What the details of all checks say, if it is one thing and more than the message."""
        briefs = {check.brief for check in self.checks}
        brief = briefs.pop()
        return "" if briefs or brief == self.message else brief

    def tells_apart(self, check: CheckView) -> bool:
        """Whether a check's detail says what the others' do not."""
        return bool(check.brief) and len({each.brief for each in self.checks}) > 1


def outcome_of(verdict: Verdict) -> OutcomeView:
    """Return a verdict's mark and words."""
    kind = _KINDS.get(verdict, "bad")
    return OutcomeView(_MARKS[kind], WORDS[verdict], kind)


def findings_of(tests: Sequence[StudentTest] | Sequence[StaffTest]) -> tuple[FindingView, ...]:
    """Group checks that ended in the same way; what passed comes last."""
    groups: dict[tuple[object, ...], list[StudentTest | StaffTest]] = {}
    for test in tests:
        groups.setdefault(same_finding(test), []).append(test)
    found = map(_finding, groups.values())
    return tuple(sorted(found, key=lambda finding: finding.outcome.kind == "good"))


def _finding(tests: Sequence[StudentTest | StaffTest]) -> FindingView:
    first = tests[0]
    messages = [test.message for test in tests if test.message]
    return FindingView(
        outcome_of(first.verdict),
        plain(str(together(messages))) if messages else "",
        _shown_line(first.line),
        tuple(
            CheckView(
                plain(test.title),
                test.visible,
                plain(test.detail) if isinstance(test, StaffTest) else "",
            )
            for test in tests
        ),
        cause_of(first),
    )


def _shown_line(line: SourceLine | None) -> SourceLine | None:
    return replace(line, text=plain(line.text)) if line else None
