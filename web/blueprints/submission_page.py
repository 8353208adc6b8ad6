"""What the pages that show a submission are made from, each fact read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from autograder.render.findings import SummaryView
from autograder.verdict import Verdict
from web.models import Course, Submission
from web.rendering import OwnCellView, own_cells_of
from web.services.courses.deadlines import Lateness
from web.services.courses.rule_book import rules_for
from web.services.grading.differences import Difference, difference_for_student
from web.services.grading.marks import Mark, mark_of
from web.services.grading.remarks import Remark, remarks_of
from web.services.grading.results import Grading, all_gradings, staff_summary, student_summary
from web.services.grading.student_view import StudentAssignment, as_student
from web.services.grading.visible_marks import VisibleMark
from web.services.grading.worth import Worth
from web.services.regrading.notices import Notice, notices
from web.services.submissions.progress import Status, status_of
from web.services.submissions.rendering import own_cells


@dataclass(frozen=True)
class RejectedRequest:
    """A student's request to look at a question again that was not accepted, and why."""

    question_id: str
    text: str
    reason: str


@dataclass(frozen=True)
class SubmissionPage:
    """
    A submission as somebody reads it.

    Args:
        submission: Which.
        status: Where it stands.
        lateness: By the rules as they stand now.
        mark: What the reader may know of its worth; ``None`` if that is nothing.
        summary: Its result in words; ``None`` if there is none.
        remarks: What people wrote, by question.
        own_cells: The student's own cells, by question; none for results of earlier versions.
    """

    submission: Submission
    status: Status
    lateness: Lateness
    mark: Worth | None
    summary: SummaryView | None
    remarks: Mapping[str, Remark]
    own_cells: Mapping[str, Sequence[OwnCellView]]

    @property
    def damaged(self) -> bool:
        """Whether there is a result that cannot be read, or not in full."""
        if self.submission.result_id is None:
            return False
        return self.summary is None or (self.mark is not None and self.mark.damaged)

    @property
    def course(self) -> Course:
        """The course that it belongs to."""
        return self.submission.assignment.course


@dataclass(frozen=True)
class StudentPage(SubmissionPage):
    """
    A submission as its student reads it, now or after the release.

    Args:
        view: The assignment as the student finds it.
        notices: What regrades changed.
        preview: Whether it is shown to staff as it will be after the release.
        rejected: A request that was just rejected.
        difference: What changed since the attempt before; ``None`` if there is none to compare.
    """

    mark: VisibleMark | None
    view: StudentAssignment
    notices: Sequence[Notice]
    preview: bool
    rejected: RejectedRequest | None
    difference: Difference | None

    @property
    def counted_instead(self) -> Submission | None:
        """The attempt that counts, if that is another one."""
        counted = self.view.counted
        if counted is None or counted.id == self.submission.id or self.submission.practice:
            return None
        return counted

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not graded yet; written answers are graded only if the attempt counts."""
        if self.summary is None:
            return ()
        return self.summary.notes_without(*([Verdict.PENDING] if self.counted_instead else []))


@dataclass(frozen=True)
class StaffPage(SubmissionPage):
    """
    A submission as staff read it.

    Args:
        gradings: All that the tests gave, the newest first.
    """

    mark: Mark | None
    gradings: Sequence[Grading]


def student_page(
    session: Session,
    submission: Submission,
    *,
    preview: bool = False,
    rejected: RejectedRequest | None = None,
) -> StudentPage:
    """
    Return a submission as its student reads it.

    Args:
        session: To read by.
        submission: Which.
        preview: Whether to show it as if all were released, for staff.
        rejected: A request that was just rejected.
    """
    view = as_student(session, submission.user, submission.assignment, preview=preview)
    mark = view.marks.get(submission.id)
    summary = student_summary(submission, mark, view.visibility.results_from)
    return StudentPage(
        submission,
        status_of(session, submission),
        view.lateness(submission),
        mark,
        summary,
        remarks_of(session, submission, mark),
        _own_cells(session, submission.result_id, summary),
        view,
        () if mark is None or preview else notices(session, submission, view.visibility),
        preview,
        rejected,
        difference_for_student(view, submission, summary),
    )


def staff_page(session: Session, submission: Submission, *, chosen: int | None) -> StaffPage:
    """
    Return a submission with all that is known.

    Args:
        session: To read by.
        submission: Which.
        chosen: The result that staff want to look at; by default the one that holds.
    """
    gradings = all_gradings(session, submission, chosen)
    shown = next((each.id for each in gradings if each.shown), None)
    mark = mark_of(session, submission, result_id=shown)
    summary = staff_summary(session, mark)
    return StaffPage(
        submission,
        status_of(session, submission),
        rules_for(session, submission.assignment, submission.user).lateness_of(submission),
        mark,
        summary,
        remarks_of(session, submission, mark),
        _own_cells(session, None if mark is None else mark.result_id, summary),
        gradings,
    )


def _own_cells(
    session: Session, result_id: int | None, summary: SummaryView | None
) -> dict[str, Sequence[OwnCellView]]:
    if result_id is None or summary is None:
        return {}
    stored = own_cells(session, result_id)
    return {each.id: own_cells_of(each, stored) for each in summary.questions}
