"""What students read of regrades beside their points; never more than they see of these."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import Regrade, RegradeJob, RegradeJobState, RegradeState, Submission
from web.services.grading.visible_marks import VisibleMark, visible_marks
from web.services.visibility import Visibility


@dataclass(frozen=True)
class Notice:
    """
    What a published regrade did to a submission.

    Args:
        regrade: Which.
        kept: Whether the earlier result was kept, since the new one is lower.
        before: What the student sees of its worth by the earlier result.
        after: And by the new one.
    """

    regrade: Regrade
    kept: bool
    before: VisibleMark
    after: VisibleMark

    @property
    def difference(self) -> int:
        """By how many tenths the points that the student sees changed."""
        return self.after.final_tenths - self.before.final_tenths


def notices(session: Session, submission: Submission, visibility: Visibility) -> list[Notice]:
    """
    Return what published regrades did to a submission, the newest first.

    Args:
        session: To read by.
        submission: Which.
        visibility: What its student may see.
    """
    jobs = session.scalars(
        select(RegradeJob)
        .join(Regrade, RegradeJob.regrade_id == Regrade.id)
        .where(
            RegradeJob.submission_id == submission.id,
            RegradeJob.state == RegradeJobState.DONE,
            Regrade.state == RegradeState.PUBLISHED,
        )
        .order_by(RegradeJob.id.desc())
    ).all()
    found = []
    for job in jobs:
        before = _by_result(session, submission, visibility, job.previous_result_id)
        after = _by_result(session, submission, visibility, job.result_id)
        if before is not None and after is not None:
            found.append(Notice(job.regrade, job.kept, before, after))
    return found


def _by_result(
    session: Session, submission: Submission, visibility: Visibility, result_id: int | None
) -> VisibleMark | None:
    chosen = None if result_id is None else {submission.id: result_id}
    seen = visible_marks(session, [submission], visibility, results=chosen)
    return seen.get(submission.id)
