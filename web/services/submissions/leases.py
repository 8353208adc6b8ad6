"""Claim jobs, keep them, end them, put them back: the same for submissions and regrades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from web.db import now
from web.models import JobState, Leased, RegradeJob, Submission

LEASE_SECONDS: Final = 60
MAX_TRIES: Final = 3
QUEUES: Final[tuple[type[Leased], ...]] = (Submission, RegradeJob)

Job = TypeVar("Job", bound=Leased)


def any_waiting(session: Session, table: type[Leased]) -> bool:
    """Return whether a job waits; reading only, so that idle workers disturb nobody."""
    waiting = select(table.id).where(table.state == JobState.QUEUED).limit(1)
    return session.scalar(waiting) is not None


def take_first(
    session: Session,
    table: type[Job],
    candidates: Iterable[int],
    owner: str,
    at: datetime,
    **values: Any,
) -> Job | None:
    """
    Claim the first of some jobs that no other worker has claimed meanwhile.

    Args:
        session: A writing session; the caller commits.
        table: Of the jobs.
        candidates: Their ids, the best first.
        owner: The worker's name.
        at: From when the lease counts.
        values: What else of the row begins with the claim.
    """
    for job_id in candidates:
        taken = session.execute(
            update(table)
            .where(table.id == job_id, table.state == JobState.QUEUED)
            .values(
                state=JobState.RUNNING,
                lease_owner=owner,
                lease_until=at + timedelta(seconds=LEASE_SECONDS),
                tries=table.tries + 1,
                **values,
            )
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]  # an update's result has it
            return session.get_one(table, job_id, populate_existing=True)
    return None


def extend(session: Session, table: type[Leased], job_id: int, owner: str, **values: Any) -> bool:
    """Record that a worker is still at it; false if the lease was lost."""
    result = session.execute(
        update(table)
        .where(*_held_by(table, job_id, owner))
        .values(lease_until=now() + timedelta(seconds=LEASE_SECONDS), **values)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]  # an update's result has it


def held(session: Session, table: type[Job], job_id: int, owner: str) -> Job | None:
    """Return a job if this worker still holds it."""
    return session.scalar(select(table).where(*_held_by(table, job_id, owner)))


def refuse(session: Session, table: type[Leased], job_id: int, owner: str, reason: str) -> bool:
    """Store that a file cannot be read as a notebook of its assignment; false if lost."""
    job = held(session, table, job_id, owner)
    if job is None:
        return False
    job.let_go(JobState.UNUSABLE, reason)
    return True


def give_back(session: Session, table: type[Leased], job_id: int, owner: str, reason: str) -> bool:
    """Store that we could not grade it: it is tried again, and after some tries shown to staff."""
    job = held(session, table, job_id, owner)
    if job is None:
        return False
    _requeue(job, reason)
    return True


def requeue_expired(session: Session, at: datetime | None = None) -> int:
    """Put back what workers claimed and never finished; returns how many."""
    return sum(
        _requeue_all(
            session.scalars(_running(table).where(table.lease_until < (at or now()))),
            "the worker went away",
        )
        for table in QUEUES
    )


def requeue_of(session: Session, gone: Sequence[str]) -> int:
    """Put back what workers that are known to be gone had claimed; returns how many."""
    return sum(
        _requeue_all(
            session.scalars(_running(table).where(table.lease_owner.in_(gone))),
            "the portal was restarted",
        )
        for table in QUEUES
    )


def hand_back(session: Session, leaving: Sequence[str]) -> int:
    """Put back what workers hold that are told to end; it costs no try. Returns how many."""
    count = 0
    for table in QUEUES:
        for job in session.scalars(_running(table).where(table.lease_owner.in_(leaving))).all():
            job.tries -= 1
            job.let_go(JobState.QUEUED, "the portal was stopped")
            count += 1
    return count


def owners(session: Session) -> set[str]:
    """Return the workers that have claimed jobs."""
    return {
        owner
        for table in QUEUES
        for owner in session.scalars(
            select(table.lease_owner).where(table.state == JobState.RUNNING)
        )
        if owner is not None
    }


def _running(table: type[Job]) -> Any:
    return select(table).where(table.state == JobState.RUNNING)


def _held_by(table: type[Leased], job_id: int, owner: str) -> tuple[Any, ...]:
    return table.id == job_id, table.lease_owner == owner, table.state == JobState.RUNNING


def _requeue_all(jobs: Iterable[Leased], reason: str) -> int:
    found = list(jobs)
    for job in found:
        _requeue(job, reason)
    return len(found)


def _requeue(job: Leased, reason: str) -> None:
    job.let_go(JobState.FAILED if job.tries >= MAX_TRIES else JobState.QUEUED, reason)
