"""Queues of jobs for grading workers, and the one of new submissions: the row is the job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Select, Subquery, func, select, update
from sqlalchemy.orm import Session

from autograder.messages import Message
from autograder.progress import GradingProgress
from autograder.report import Report
from web.db import now
from web.models import (
    AnswerText,
    JobState,
    Leased,
    NoticeKind,
    Result,
    Snapshot,
    Submission,
    SubmissionState,
    User,
)
from web.services import outbox
from web.services.courses.rule_book import rules_for
from web.services.errors import RuleError
from web.services.submissions.answers import answer_hashes, answer_texts
from web.services.submissions.leases import LEASE_SECONDS, due, requeue_later
from web.services.submissions.rendering import StoredHtml

MOST_WAITING: Final = 100
# More than one, since another worker may be quicker.
_CANDIDATES: Final = 5
Job = TypeVar("Job", bound=Leased)


@dataclass(frozen=True)
class Claim:
    """
    A job that a worker has claimed; it holds as long as its lease.

    Args:
        job_id: The job's number in its queue.
        owner: The worker's name.
        submission: To grade.
        snapshot: By which version.
        time_multiplier: Of the student's limits of running time.
        seed: Of the hidden inputs that an earlier grading used; ``None`` if this is the first.
        used_seeds: Of the student's other attempts at the assignment.
    """

    job_id: int
    owner: str
    submission: Submission
    snapshot: Snapshot
    time_multiplier: float
    seed: int | None = None
    used_seeds: frozenset[int] = frozenset()


class JobQueue(ABC, Generic[Job]):
    """
    Jobs for grading workers, each in the hands of one worker at a time.

    Sessions are committed by the caller; all but that of `any_waiting` are writing ones. What takes
    a claim returns whether the worker held it still: a lost lease changes nothing.
    """

    table: type[Job]
    """Whose rows are the jobs."""
    shows_progress: bool
    """Whether anybody sees how far a job is."""

    def any_waiting(self, session: Session) -> bool:
        """Return whether a job waits; reading only, so that idle workers disturb nobody."""
        waiting = select(self.table.id).where(
            self.table.state == JobState.QUEUED, due(self.table, now())
        )
        return session.scalar(waiting.limit(1)) is not None

    def claim(self, session: Session, owner: str, at: datetime | None = None) -> Claim | None:
        """
        Claim the next job, unless there is none.

        Args:
            session: A writing session; the caller commits.
            owner: The worker's name.
            at: From when the lease counts; from now on by default.
        """
        at = at or now()
        for job_id in session.scalars(self._waiting(at).limit(_CANDIDATES)).all():
            claimed = session.execute(
                update(self.table)
                .where(self.table.id == job_id, self.table.state == JobState.QUEUED)
                .values(
                    state=JobState.RUNNING,
                    retry_at=None,
                    lease_owner=owner,
                    lease_until=at + timedelta(seconds=LEASE_SECONDS),
                    tries=self.table.tries + 1,
                )
            )
            if claimed.rowcount == 1:  # type: ignore[attr-defined]  # an update's result has it
                job = session.get_one(self.table, job_id, populate_existing=True)
                submission, snapshot_id = self._work_of(job)
                rules = rules_for(session, submission.assignment, submission.user)
                snapshot = session.get_one(Snapshot, snapshot_id)
                return Claim(
                    job_id,
                    owner,
                    submission,
                    snapshot,
                    rules.time_multiplier,
                    _earlier_seed(submission),
                    _used_seeds(session, submission),
                )
        return None

    def extend(
        self, session: Session, claim: Claim, progress: GradingProgress | None = None
    ) -> bool:
        """Record that the worker is still at it, and how far it is if anybody sees that."""
        shown = {} if progress is None or not self.shows_progress else {"progress": progress}
        result = session.execute(
            update(self.table)
            .where(*self._held_by(claim))
            .values(lease_until=now() + timedelta(seconds=LEASE_SECONDS), **shown)
        )
        return bool(result.rowcount == 1)  # type: ignore[attr-defined]  # an update's result has it

    @abstractmethod
    def finish(
        self,
        session: Session,
        claim: Claim,
        report: Report,
        notebook: str,
        html: StoredHtml | None = None,
    ) -> bool:
        """
        Store a report, once.

        Args:
            session: A writing session; the caller commits.
            claim: Of the job.
            report: What came of it.
            notebook: The executed notebook's JSON.
            html: That notebook as HTML; ``None`` if it is rendered later.
        """

    def refuse(self, session: Session, claim: Claim, reason: Message) -> bool:
        """Store that the file cannot be read as a notebook of its assignment."""
        job = self._held(session, claim)
        if job is not None:
            job.end_lease(JobState.UNUSABLE, reason)
        return job is not None

    def return_after_fault(self, session: Session, claim: Claim, reason: Message) -> bool:
        """Put back what we could not grade; it costs a try, and after some of them staff see it."""
        job = self._held(session, claim)
        if job is not None:
            requeue_later(job, reason)
        return job is not None

    @abstractmethod
    def _waiting(self, at: datetime) -> Select[int]:
        """Query the ids of the jobs that may be claimed at a moment, the next one first."""

    @abstractmethod
    def _work_of(self, job: Job) -> tuple[Submission, int]:
        """Return the submission that a job grades, and the id of the snapshot it is graded by."""

    def _held(self, session: Session, claim: Claim) -> Job | None:
        return session.scalar(select(self.table).where(*self._held_by(claim)))

    def _held_by(self, claim: Claim) -> tuple[Any, ...]:
        table = self.table
        return (
            table.id == claim.job_id,
            table.lease_owner == claim.owner,
            table.state == JobState.RUNNING,
        )


class SubmissionQueue(JobQueue[Submission]):
    """
    New submissions, fair among students.

    A student with several attempts waiting does not hold up the others: the first of each comes
    before the second of any.
    """

    table = Submission
    shows_progress = True

    def claim(self, session: Session, owner: str, at: datetime | None = None) -> Claim | None:
        """Claim the next submission, unless there is none; its student sees when that was."""
        at = at or now()
        claim = super().claim(session, owner, at)
        if claim is not None:
            claim.submission.started_at = at
        return claim

    def finish(
        self,
        session: Session,
        claim: Claim,
        report: Report,
        notebook: str,
        html: StoredHtml | None = None,
    ) -> bool:
        """Store what grading gave as the result that holds."""
        submission = self._held(session, claim)
        if submission is None:
            return False
        result = new_result(submission.id, submission.snapshot_id, report, notebook, html)
        submission.result = result
        submission.score_tenths = result.score_tenths
        submission.end_lease(SubmissionState.GRADED)
        session.flush()
        outbox.note_on_submission(session, NoticeKind.GRADED, submission)
        return True

    def refuse(self, session: Session, claim: Claim, reason: Message) -> bool:
        """Store that the file cannot be read, which its student gets to know as well."""
        was_held = super().refuse(session, claim, reason)
        if was_held:
            outbox.note_on_submission(session, NoticeKind.GRADED, claim.submission)
        return was_held

    def _waiting(self, at: datetime) -> Select[int]:
        turns = _turns(at)
        return select(turns.c.id).order_by(turns.c.turn)

    def _work_of(self, job: Submission) -> tuple[Submission, int]:
        return job, job.snapshot_id


def new_result(
    submission_id: int, snapshot_id: int, report: Report, notebook: str, html: StoredHtml | None
) -> Result:
    """Make a row of what a grading gave."""
    return Result(
        submission_id=submission_id,
        snapshot_id=snapshot_id,
        score_tenths=int(report.score * 10),
        question_tenths={
            question.id: None if question.score is None else int(question.score * 10)
            for question in report.questions
        },
        answers=answer_hashes(report.notebook.cells, report.questions),
        answer_texts=[
            AnswerText(question=question_id, cells=texts)
            for question_id, texts in answer_texts(report.notebook.cells, report.questions).items()
        ],
        staff_view=report.staff_view().as_json(),
        student_view=report.student_view().as_json(),
        notebook=notebook,
        rendered=None if html is None else html.notebook,
        own_cells=None if html is None else html.own_cells,
        seconds=report.seconds,
    )


def place_in_queue(session: Session, submission: Submission) -> int:
    """Return how many submissions workers claim before one that waits; 0 if it is next."""
    turns = _turns(now())
    turn = session.scalar(select(turns.c.turn).where(turns.c.id == submission.id))
    return 0 if turn is None else turn - 1


def refuse_more(session: Session, user: User) -> None:
    """
    Check that a student has not so many submissions waiting that only a program can have sent them.

    Raises:
        RuleError: If they have.
    """
    waiting = select(func.count()).where(
        Submission.user_id == user.id, Submission.state == SubmissionState.QUEUED
    )
    if (session.scalar(waiting) or 0) >= MOST_WAITING:
        raise RuleError(
            f"{MOST_WAITING} of your submissions are safe and waiting to be graded. Submit the "
            "next one when some of them are graded."
        )


def _turns(at: datetime) -> Subquery:
    """
    Query what waits, each with its turn: the first is claimed next.

    What waits for a retry after a fault of ours has none. What was queued at a moment still to come
    has its turn as well: a clock that was set back holds nobody up.
    """
    nth = func.row_number().over(partition_by=Submission.user_id, order_by=Submission.id)
    waiting = (
        select(Submission.id, Submission.user_id, Submission.queued_at, nth.label("nth"))
        .where(Submission.state == SubmissionState.QUEUED, due(Submission, at))
        .subquery()
    )
    running = (
        select(Submission.user_id, func.count().label("count"))
        .where(Submission.state == SubmissionState.RUNNING)
        .group_by(Submission.user_id)
        .subquery()
    )
    ahead = waiting.c.nth + func.coalesce(running.c.count, 0)
    turn = func.row_number().over(order_by=(ahead, waiting.c.queued_at, waiting.c.id))
    return (
        select(waiting.c.id, turn.label("turn"))
        .join_from(waiting, running, waiting.c.user_id == running.c.user_id, isouter=True)
        .subquery()
    )


def _earlier_seed(submission: Submission) -> int | None:
    """Return the seed of the result that holds: graded again, a submission gets the same inputs."""
    return None if submission.result is None else _seed_of(submission.result.staff_view)


def _used_seeds(session: Session, submission: Submission) -> frozenset[int]:
    """Return the seeds of all gradings of the student's other attempts at the assignment."""
    # Read here, one by one: a database would refuse the whole query for one that is damaged.
    views = session.scalars(
        select(Result.staff_view)
        .join(Submission, Result.submission_id == Submission.id)
        .where(
            Submission.user_id == submission.user_id,
            Submission.assignment_id == submission.assignment_id,
            Submission.id != submission.id,
        )
    )
    return frozenset(seed for seed in map(_seed_of, views) if seed is not None)


def _seed_of(staff_view: object) -> int | None:
    """Return the seed that a stored report names; ``None`` if it is damaged."""
    seed = staff_view.get("seed") if isinstance(staff_view, dict) else None
    return seed if type(seed) is int else None
