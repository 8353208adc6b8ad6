"""The queue of regrades: its rows are the jobs, behind all new submissions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import Report
from web.db import now
from web.models import RegradeJob, RegradeJobState
from web.services.submissions import leases
from web.services.submissions.submitting import new_result


def claim(session: Session, owner: str, at: datetime | None = None) -> RegradeJob | None:
    """Take the next job, with a lease; the caller has seen that no new submission waits."""
    waiting = (
        select(RegradeJob.id)
        .where(RegradeJob.state == RegradeJobState.QUEUED)
        .order_by(RegradeJob.id)
        .limit(5)
    )
    return leases.take_first(
        session, RegradeJob, session.scalars(waiting).all(), owner, at or now()
    )


def finish(session: Session, job_id: int, owner: str, report: Report, notebook: str) -> bool:
    """Store what grading again gave, beside the result that holds; false if the lease was lost."""
    job = leases.held(session, RegradeJob, job_id, owner)
    if job is None:
        return False
    job.result = new_result(job.submission_id, job.regrade.snapshot_id, report, notebook)
    job.let_go(RegradeJobState.DONE, "")
    return True
