"""Grade submissions again after the tests have changed: start, compare, publish or discard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, lazyload

from autograder.messages import Message, MessageCode
from web.db import now
from web.models import (
    CourseAssignment,
    NoticeKind,
    Regrade,
    RegradeJob,
    RegradeJobState,
    RegradeState,
    Submission,
    SubmissionState,
    User,
)
from web.services import audit, outbox
from web.services.errors import RuleError, refuse_duplicates
from web.services.grading.marks import Mark, counted_marks, marks_of
from web.services.regrading.one_question import check_one_question

MAX_NOTE: Final = 2000
WAITING: Final = (RegradeJobState.QUEUED, RegradeJobState.RUNNING)


class Scope(StrEnum):
    """Which graded submissions are graded again."""

    COUNTED = "counted"
    """The attempt that counts, of each student."""
    LATEST = "latest"
    ALL = "all"
    SELECTED = "selected"


@dataclass(frozen=True)
class QuestionChange:
    """
    How a question's points change, in tenths; ``None``: awaits a person, or is not there.

    Args:
        id: The question's id.
        before: Until now.
        after: By the new tests.
    """

    id: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int:
        """By how much; what awaits a person counts as nothing."""
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True)
class Change:
    """
    How a submission's points change.

    Args:
        job: What graded it again.
        before: What it is worth until now, or was until the regrade was published.
        after: What it is worth by the new tests.
        questions: By question, those of both versions.
    """

    job: RegradeJob
    before: Mark
    after: Mark
    questions: tuple[QuestionChange, ...]

    @property
    def submission(self) -> Submission:
        """Which."""
        return self.job.submission

    @property
    def difference(self) -> int:
        """By how many tenths, after the late penalty."""
        return self.after.final_tenths - self.before.final_tenths

    @property
    def changed(self) -> tuple[QuestionChange, ...]:
        """The questions whose points change."""
        return tuple(each for each in self.questions if each.difference)


def start(
    session: Session,
    actor: User,
    assignment: CourseAssignment,
    scope: Scope,
    selected: Sequence[str] = (),
    question: str | None = None,
) -> Regrade:
    """
    Queue submissions to be graded again by the assignment's present version.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        assignment: Which.
        scope: Which of its graded submissions.
        selected: Their public ids, if they are chosen one by one.
        question: The only one whose results change; all of them by default.

    Raises:
        RuleError: If there are none, an earlier regrade is undecided, or the question cannot be
            graded again alone.
    """
    chosen = _chosen(session, assignment, scope, selected)
    if not chosen:
        raise RuleError("Choose at least one graded submission.")
    if question is not None:
        check_one_question(session, chosen, assignment.snapshot, question)
    regrade = Regrade(
        assignment=assignment,
        snapshot=assignment.snapshot,
        question=question,
        created_by=actor,
        created_at=now(),
    )
    with refuse_duplicates(session, "Publish or discard the current regrade first."):
        session.add(regrade)
    session.add_all(RegradeJob(regrade_id=regrade.id, submission_id=each) for each in chosen)
    details = {} if question is None else {"question": question}
    _record(
        session, actor, regrade, "regrade.started", scope=scope, submissions=len(chosen), **details
    )
    return regrade


def of_assignment(session: Session, assignment: CourseAssignment) -> Sequence[Regrade]:
    """Return an assignment's regrades, the newest first."""
    return session.scalars(
        select(Regrade).where(Regrade.assignment_id == assignment.id).order_by(Regrade.id.desc())
    ).all()


def progress(session: Session, regrade: Regrade) -> dict[RegradeJobState, int]:
    """Count a regrade's jobs by state."""
    rows = session.execute(
        select(RegradeJob.state, func.count())
        .where(RegradeJob.regrade_id == regrade.id)
        .group_by(RegradeJob.state)
    ).all()
    return dict.fromkeys(RegradeJobState, 0) | {state: int(count) for state, count in rows}


def jobs_of(
    session: Session, regrade: Regrade, states: Iterable[RegradeJobState] = RegradeJobState
) -> Sequence[RegradeJob]:
    """Return a regrade's jobs in some states, in the order of submission."""
    return session.scalars(
        select(RegradeJob)
        .where(RegradeJob.regrade_id == regrade.id, RegradeJob.state.in_(states))
        .order_by(RegradeJob.submission_id)
        # Joined, the assignment and its snapshot would be read again with every row.
        .options(
            lazyload(RegradeJob.regrade),
            joinedload(RegradeJob.submission).lazyload(Submission.assignment),
        )
    ).all()


def changes(session: Session, regrade: Regrade) -> list[Change]:
    """Return how the points of what was graded again change; what does not change comes last."""
    done = jobs_of(session, regrade, [RegradeJobState.DONE])
    submissions = [job.submission for job in done]
    old = {job.submission_id: _old_result(job) for job in done}
    new = {job.submission_id: job.result_id for job in done if job.result_id is not None}
    before = marks_of(session, submissions, results=old)
    after = marks_of(session, submissions, results=new)
    found = [_change(job, before[job.submission_id], after[job.submission_id]) for job in done]
    return sorted(found, key=lambda change: not change.changed)


def failed_jobs(session: Session, regrade: Regrade) -> Sequence[RegradeJob]:
    """Return the jobs that ended without a result; their submissions keep what they have."""
    return jobs_of(session, regrade, [RegradeJobState.UNUSABLE, RegradeJobState.FAILED])


def publish(
    session: Session, actor: User, regrade: Regrade, *, never_lower: bool, note: str
) -> list[Change]:
    """
    Let the new results hold, and students know.

    Args:
        session: A writing session; the caller commits.
        actor: Who.
        regrade: Which; all of its jobs must have ended.
        never_lower: Whether who would lose points keeps the earlier result.
        note: What was corrected, in words for the students.

    Returns:
        All changes, those that were kept back too.

    Raises:
        RuleError: If it still runs, or was decided.
    """
    _check_open(regrade)
    count = progress(session, regrade)
    if any(count[state] for state in WAITING):
        raise RuleError("Some submissions are still being graded. Publish when all are done.")
    found = changes(session, regrade)
    for change in found:
        _publish_one(change, never_lower=never_lower)
    regrade.never_lower, regrade.note = never_lower, note.strip()[:MAX_NOTE]
    _decide(session, actor, regrade, RegradeState.PUBLISHED)
    _record(
        session,
        actor,
        regrade,
        "regrade.published",
        never_lower=never_lower,
        raised=sum(change.difference > 0 for change in found),
        lowered=sum(change.difference < 0 and not change.job.kept for change in found),
        kept=sum(change.job.kept for change in found),
    )
    for change in found:
        if change.difference and not change.job.kept:
            outbox.note_on_submission(session, NoticeKind.REGRADED, change.job.submission)
    return found


def discard(session: Session, actor: User, regrade: Regrade) -> None:
    """
    Leave all points as they are; what was graded again stays for staff to read.

    Raises:
        RuleError: If it was decided.
    """
    _check_open(regrade)
    for job in jobs_of(session, regrade, WAITING):
        job.end_lease(RegradeJobState.FAILED, Message(MessageCode.REGRADE_DISCARDED))
    _decide(session, actor, regrade, RegradeState.DISCARDED)
    _record(session, actor, regrade, "regrade.discarded")


def _old_result(job: RegradeJob) -> int:
    """Return what held before: until a regrade is published, that is what holds now."""
    return job.previous_result_id or job.submission.result_id or 0


def _change(job: RegradeJob, before: Mark, after: Mark) -> Change:
    names = dict.fromkeys(each.id for each in (*before.questions, *after.questions))
    return Change(
        job,
        before,
        after,
        tuple(QuestionChange(name, _tenths(before, name), _tenths(after, name)) for name in names),
    )


def _tenths(mark: Mark, question_id: str) -> int | None:
    question = mark.question(question_id)
    return None if question is None else question.tenths


def _publish_one(change: Change, *, never_lower: bool) -> None:
    job, submission = change.job, change.submission
    job.previous_result_id = submission.result_id
    job.kept = never_lower and change.difference < 0
    if not job.kept and job.result is not None:
        submission.result = job.result
        submission.snapshot_id = job.result.snapshot_id
        submission.score_tenths = job.result.score_tenths


def _chosen(
    session: Session, assignment: CourseAssignment, scope: Scope, selected: Sequence[str]
) -> list[int]:
    if scope is Scope.COUNTED:
        marks = counted_marks(session, assignment).values()
        return sorted(mark.submission.id for mark in marks)
    graded = (
        Submission.assignment_id == assignment.id,
        Submission.state == SubmissionState.GRADED,
    )
    if scope is Scope.LATEST:
        query = (
            select(func.max(Submission.id))
            .where(*graded, Submission.practice.is_(False))
            .group_by(Submission.user_id)
        )
        return sorted(number for number in session.scalars(query) if number is not None)
    query_all = select(Submission.id, Submission.public_id).where(*graded).order_by(Submission.id)
    wanted = set(selected)
    return [
        number
        for number, public_id in session.execute(query_all).all()
        if scope is Scope.ALL or public_id in wanted
    ]


def _check_open(regrade: Regrade) -> None:
    if regrade.state is not RegradeState.OPEN:
        raise RuleError(f"This regrade has already been {regrade.state}.")


def _decide(session: Session, actor: User, regrade: Regrade, state: RegradeState) -> None:
    regrade.state, regrade.decided_by, regrade.decided_at = state, actor, now()
    session.flush()


def _record(
    session: Session, actor: User, regrade: Regrade, action: str, **details: str | int
) -> None:
    audit.record(
        session,
        actor,
        action,
        course=regrade.assignment.course,
        target=f"{regrade.assignment.name}, regrade {regrade.id}",
        content_hash=regrade.snapshot.content_hash,
        **details,
    )
