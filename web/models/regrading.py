"""Grading submissions again after the tests have changed."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, Word, now
from web.models.courses import CourseAssignment, Snapshot
from web.models.leases import Leased
from web.models.people import User
from web.models.submissions import Result, Submission


class RegradeState(enum.StrEnum):
    """Where a regrade stands."""

    OPEN = "open"
    """Jobs run, or staff look at the differences; students see nothing of it."""
    PUBLISHED = "published"
    DISCARDED = "discarded"


class RegradeJobState(enum.StrEnum):
    """Where one submission of a regrade stands; the row is the job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    UNUSABLE = "unusable"
    """The file cannot be read as a notebook of the new version; says why."""
    FAILED = "failed"
    """We could not grade it, several times; says why."""


class Regrade(Base):
    """Some submissions of an assignment, graded again by a newer snapshot."""

    __tablename__ = "regrade"
    __table_args__ = (
        Index(
            "ix_regrade_open",
            "assignment_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"), index=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    question: Mapped[str | None] = mapped_column(String(60))
    """The only question whose results change; ``None``: all of them."""
    state: Mapped[RegradeState] = mapped_column(Word(RegradeState), default=RegradeState.OPEN)
    note: Mapped[str] = mapped_column(Text, default="")
    """What was corrected, in words for the students."""
    never_lower: Mapped[bool] = mapped_column(default=False)
    """Whether who would have lost points kept the earlier result, when it was published."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    assignment: Mapped[CourseAssignment] = relationship(lazy="joined")
    snapshot: Mapped[Snapshot] = relationship(lazy="joined")
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id], lazy="joined")
    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id], lazy="joined")


class RegradeJob(Leased, Base):
    """One submission of a regrade; workers claim it only when no new submission waits."""

    states = RegradeJobState

    __tablename__ = "regrade_job"
    __table_args__ = (
        UniqueConstraint("regrade_id", "submission_id"),
        Index("ix_regrade_job_queue", "state", "id"),
        Index("ix_regrade_job_submission", "submission_id"),
    )

    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrade.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    state: Mapped[RegradeJobState] = mapped_column(
        Word(RegradeJobState), default=RegradeJobState.QUEUED
    )
    result_id: Mapped[int | None] = mapped_column(ForeignKey("result.id"))
    """What grading it again gave."""
    previous_result_id: Mapped[int | None] = mapped_column(ForeignKey("result.id"))
    """What held until the regrade was published."""
    kept: Mapped[bool] = mapped_column(default=False)
    """Whether the earlier result was kept, since the new one is lower."""
    regrade: Mapped[Regrade] = relationship(lazy="joined")
    submission: Mapped[Submission] = relationship(lazy="joined")
    result: Mapped[Result | None] = relationship(foreign_keys=[result_id])
    previous_result: Mapped[Result | None] = relationship(foreign_keys=[previous_result_id])
