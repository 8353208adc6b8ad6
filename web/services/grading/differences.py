"""What changed from one attempt to the next, as far as the reader may know both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.render.findings import QuestionView, SummaryView
from web.models import Submission
from web.services.grading.results import student_summary
from web.services.grading.student_view import StudentAssignment


@dataclass(frozen=True)
class QuestionChange:
    """
    What changed in one question.

    Args:
        question: As it is now.
        before: Its points in the attempt before; ``None`` if it had none yet, or they are hidden.
        fixed: Titles of tests that pass now and did not.
        broken: Titles of tests that passed and do not now.
    """

    question: QuestionView
    before: float | None
    fixed: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def points_changed(self) -> bool:
        """Whether it is worth more or less than before."""
        both = self.before is not None and self.question.score is not None
        return both and self.before != self.question.score


@dataclass(frozen=True)
class Difference:
    """
    What changed since the attempt before.

    Args:
        before: That attempt.
        points: After the penalties, in tenths: then and now; ``None`` while they are hidden.
        questions: Those that changed, in the notebook's order.
    """

    before: Submission
    points: tuple[int, int] | None
    questions: Sequence[QuestionChange]


def difference_for_student(
    view: StudentAssignment, submission: Submission, summary: SummaryView | None
) -> Difference | None:
    """
    Return what a student sees of the changes since their attempt before; ``None`` if it is none.

    Both attempts are read as the student may read them now, so nothing hidden is in it.

    Args:
        view: The assignment as the student finds it.
        submission: The attempt.
        summary: Its result as the student may read it.
    """
    earlier = [each for each in view.attempts if each.number < submission.number]
    before = next((each for each in earlier if each.result_id is not None), None)
    if before is None or summary is None:
        return None
    mark, mark_before = view.marks.get(submission.id), view.marks.get(before.id)
    told = student_summary(before, mark_before, view.visibility.results_from)
    if told is None or (mark is None) != (mark_before is None):
        return None
    points = None
    if mark is not None and mark_before is not None:
        points = (mark_before.final_tenths, mark.final_tenths)
    return Difference(before, points, changes(told, summary))


def changes(before: SummaryView, now: SummaryView) -> list[QuestionChange]:
    """Return the questions that changed; tests of one of the two versions only are passed over."""
    questions = {question.id: question for question in before.questions}
    found = [_change(questions[each.id], each) for each in now.questions if each.id in questions]
    return [each for each in found if each.points_changed or each.fixed or each.broken]


def _change(before: QuestionView, now: QuestionView) -> QuestionChange:
    passed_before, passes = _passed(before), _passed(now)
    both = [title for title in passes if title in passed_before]
    return QuestionChange(
        now,
        before.score,
        tuple(title for title in both if passes[title] and not passed_before[title]),
        tuple(title for title in both if passed_before[title] and not passes[title]),
    )


def _passed(question: QuestionView) -> Mapping[str, bool]:
    """Return whether each test passed, by its title; those that share one are left out."""
    told = [
        (check.title, finding.outcome.kind == "good")
        for finding in question.findings
        for check in finding.checks
    ]
    counts = Counter(title for title, _ in told)
    return {title: passed for title, passed in told if counts[title] == 1}
