"""The queue of regrades: its rows are the jobs, behind all new submissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from autograder.report import Report
from web.db import now
from web.models import RegradeJob, RegradeJobState
from web.services.submissions import LEASE_SECONDS, MAX_TRIES, new_result


def any_waiting(session: Session) -> bool:
    """Tell whether a job waits; reading only."""
    waiting = select(RegradeJob.id).where(RegradeJob.state == RegradeJobState.QUEUED).limit(1)
    return session.scalar(waiting) is not None


def claim(session: Session, owner: str, at: datetime | None = None) -> RegradeJob | None:
    """Take the next job, with a lease; the caller has seen that no new submission waits."""
    at = at or now()
    waiting = (
        select(RegradeJob.id)
        .where(RegradeJob.state == RegradeJobState.QUEUED)
        .order_by(RegradeJob.id)
        .limit(5)
    )
    for job_id in session.scalars(waiting).all():
        taken = session.execute(
            update(RegradeJob)
            .where(RegradeJob.id == job_id, RegradeJob.state == RegradeJobState.QUEUED)
            .values(
                state=RegradeJobState.RUNNING,
                lease_owner=owner,
                lease_until=at + timedelta(seconds=LEASE_SECONDS),
                tries=RegradeJob.tries + 1,
            )
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]  # an update's result has it
            return session.get_one(RegradeJob, job_id, populate_existing=True)
    return None


def extend_lease(session: Session, job_id: int, owner: str) -> bool:
    """Say that a worker is still at it; false if the lease was lost."""
    result = session.execute(
        update(RegradeJob)
        .where(
            RegradeJob.id == job_id,
            RegradeJob.lease_owner == owner,
            RegradeJob.state == RegradeJobState.RUNNING,
        )
        .values(lease_until=now() + timedelta(seconds=LEASE_SECONDS))
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]  # an update's result has it


def finish(session: Session, job_id: int, owner: str, report: Report, notebook: str) -> bool:
    """Store what grading again gave, beside the result that holds; false if the lease was lost."""
    job = _leased(session, job_id, owner)
    if job is None:
        return False
    job.result = new_result(job.submission_id, job.regrade.snapshot_id, report, notebook)
    _end(job, RegradeJobState.DONE, "")
    return True


def refuse(session: Session, job_id: int, owner: str, reason: str) -> bool:
    """Store that a file cannot be read as a notebook of the new content."""
    job = _leased(session, job_id, owner)
    if job is None:
        return False
    _end(job, RegradeJobState.UNUSABLE, reason)
    return True


def give_back(session: Session, job_id: int, owner: str, reason: str) -> bool:
    """Store that we could not grade it: it is tried again, and after some tries shown to staff."""
    job = _leased(session, job_id, owner)
    if job is None:
        return False
    _requeue(job, reason)
    return True


def requeue_expired(session: Session, at: datetime | None = None) -> int:
    """Put back what workers claimed and never finished; gives how many."""
    expired = session.scalars(
        select(RegradeJob).where(
            RegradeJob.state == RegradeJobState.RUNNING, RegradeJob.lease_until < (at or now())
        )
    ).all()
    for job in expired:
        _requeue(job, "the worker went away")
    return len(expired)


def owners(session: Session) -> Sequence[str | None]:
    """Give the workers that have claimed jobs."""
    return session.scalars(
        select(RegradeJob.lease_owner).where(RegradeJob.state == RegradeJobState.RUNNING)
    ).all()


def requeue_of(session: Session, gone: Sequence[str]) -> int:
    """Put back what workers that are known to be gone had claimed; gives how many."""
    left = session.scalars(
        select(RegradeJob).where(
            RegradeJob.state == RegradeJobState.RUNNING, RegradeJob.lease_owner.in_(gone)
        )
    ).all()
    for job in left:
        _requeue(job, "the portal was restarted")
    return len(left)


def _leased(session: Session, job_id: int, owner: str) -> RegradeJob | None:
    return session.scalar(
        select(RegradeJob).where(
            RegradeJob.id == job_id,
            RegradeJob.lease_owner == owner,
            RegradeJob.state == RegradeJobState.RUNNING,
        )
    )


def _end(job: RegradeJob, state: RegradeJobState, reason: str) -> None:
    job.state, job.reason = state, reason
    job.lease_owner = job.lease_until = None


def _requeue(job: RegradeJob, reason: str) -> None:
    failed = job.tries >= MAX_TRIES
    _end(job, RegradeJobState.FAILED if failed else RegradeJobState.QUEUED, reason)
