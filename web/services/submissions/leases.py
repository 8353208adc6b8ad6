"""Leases that ended otherwise than by their job's end: put back what workers had claimed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from autograder.messages import Message, MessageCode
from web.db import now
from web.models import JobState, Leased, RegradeJob, Submission

LEASE_SECONDS: Final = 60
# How long a job waits after each of our faults, before it is tried again.
RETRY_SECONDS: Final = (5, 60, 300)
MAX_TRIES: Final = len(RETRY_SECONDS) + 1
_TABLES: Final[tuple[type[Leased], ...]] = (Submission, RegradeJob)


def requeue(job: Leased, reason: Message) -> None:
    """Put a job back; after some tries staff see instead that it has failed."""
    job.end_lease(JobState.FAILED if job.tries >= MAX_TRIES else JobState.QUEUED, reason)


def requeue_later(job: Leased, reason: Message) -> None:
    """Put a job back that failed, and wait before it is tried again: longer each time."""
    requeue(job, reason)
    if job.state != JobState.FAILED:
        wait = RETRY_SECONDS[max(job.tries, 1) - 1]
        job.retry_at = now() + timedelta(seconds=wait)


def due(table: type[Leased], at: datetime) -> ColumnElement[bool]:
    """
    Return the condition that a job waits for no retry to come.

    One that is further away than any that is set now was set before the clock was set back.
    """
    latest = at + timedelta(seconds=RETRY_SECONDS[-1])
    return or_(table.retry_at.is_(None), table.retry_at <= at, table.retry_at > latest)


def requeue_expired(session: Session, at: datetime | None = None) -> int:
    """
    Put back what workers claimed and never finished; returns how many.

    A lease that ends later than any that is given now was given before the clock was set back.
    """
    at = at or now()
    latest = at + timedelta(seconds=2 * LEASE_SECONDS)
    return sum(
        _requeue_all(
            session.scalars(
                _running(table).where((table.lease_until < at) | (table.lease_until > latest))
            ),
            Message(MessageCode.WORKER_GONE),
        )
        for table in _TABLES
    )


def requeue_orphaned(session: Session, gone: Sequence[str]) -> int:
    """Put back what workers that are known to be gone had claimed; returns how many."""
    return sum(
        _requeue_all(
            session.scalars(_running(table).where(table.lease_owner.in_(gone))),
            Message(MessageCode.PORTAL_RESTARTED),
        )
        for table in _TABLES
    )


def return_unfinished(session: Session, leaving: Sequence[str]) -> int:
    """Put back what workers hold that are asked to stop; it costs no try. Returns how many."""
    count = 0
    for table in _TABLES:
        for job in session.scalars(_running(table).where(table.lease_owner.in_(leaving))).all():
            job.tries -= 1
            job.end_lease(JobState.QUEUED, Message(MessageCode.PORTAL_STOPPED))
            count += 1
    return count


def owners(session: Session) -> set[str]:
    """Return the workers that have claimed jobs."""
    return {
        owner
        for table in _TABLES
        for owner in session.scalars(
            select(table.lease_owner).where(table.state == JobState.RUNNING)
        )
        if owner is not None
    }


def _running(table: type[Leased]) -> Select[Any]:
    return select(table).where(table.state == JobState.RUNNING)


def _requeue_all(jobs: Iterable[Leased], reason: Message) -> int:
    found = list(jobs)
    for job in found:
        requeue(job, reason)
    return len(found)
