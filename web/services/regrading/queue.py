"""The queue of regrades, which workers turn to when no new submission waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from autograder.messages import Message, MessageCode
from autograder.report import Report
from web.models import RegradeJob, RegradeJobState, Submission
from web.services.regrading.one_question import keep_others
from web.services.submissions.leases import due
from web.services.submissions.queue import Claim, JobQueue, new_result
from web.services.submissions.rendering import StoredHtml


class RegradeQueue(JobQueue[RegradeJob]):
    """Submissions to be graded again by another version, in the order in which they were chosen."""

    table = RegradeJob
    shows_progress = False

    def finish(
        self,
        session: Session,
        claim: Claim,
        report: Report,
        notebook: str,
        html: StoredHtml | None = None,
    ) -> bool:
        """Store what grading again gave, beside the result that holds."""
        job = self._held(session, claim)
        if job is None:
            return False
        snapshot_id = job.regrade.snapshot_id
        result = new_result(job.submission_id, snapshot_id, report, notebook, html)
        question, old = job.regrade.question, job.submission.result
        if question is not None and (old is None or not keep_others(old, result, question)):
            job.end_lease(RegradeJobState.FAILED, Message(MessageCode.OLD_RESULT_DAMAGED))
            return True
        job.result = result
        job.end_lease(RegradeJobState.DONE)
        return True

    def _waiting(self, at: datetime) -> Select[int]:
        queued = RegradeJob.state == RegradeJobState.QUEUED
        waiting = select(RegradeJob.id).where(queued, due(RegradeJob, at))
        return waiting.order_by(RegradeJob.id)

    def _work_of(self, job: RegradeJob) -> tuple[Submission, int]:
        return job.submission, job.regrade.snapshot_id
