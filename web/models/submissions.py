"""Submissions and what grading gave."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from autograder.messages import Message
from autograder.progress import GradingProgress
from web.db import Base, DamagedJson, JsonObject, Word, now
from web.models.courses import CourseAssignment, Snapshot
from web.models.leases import Leased
from web.models.people import User


class ReportJson(DamagedJson):
    """Plain JSON; ``None`` if it is damaged."""

    cache_ok = True


class SubmissionState(enum.StrEnum):
    """Where a submission stands; the row is the job."""

    QUEUED = "queued"
    RUNNING = "running"
    GRADED = "graded"
    """Has a report, hidden faults of ours excluded."""
    UNUSABLE = "unusable"
    """The file could not be read as a notebook of this assignment; says why."""
    FAILED = "failed"
    """We could not grade it, several times; staff see why, the student "not graded yet"."""


class Submission(Leased, Base):
    """One attempt; the row is also the job that grading workers claim."""

    states = SubmissionState

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("assignment_id", "user_id", "number"),
        Index("ix_submission_queue", "state", "queued_at"),
    )

    public_id: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: uuid.uuid4().hex
    )
    """Stands in addresses; cannot be guessed."""
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    number: Mapped[int]
    """Which attempt of this student's, from 1."""
    file_name: Mapped[str] = mapped_column(String(200))
    """What the student called the file; shown, never opened."""
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    state: Mapped[SubmissionState] = mapped_column(
        Word(SubmissionState), default=SubmissionState.QUEUED
    )
    progress: Mapped[GradingProgress | None] = mapped_column(JsonObject(GradingProgress))
    """While it is running; ``None`` until the worker reports some."""
    received_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    graded_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    """From when its student may see what people gave; ``None``: not yet."""
    practice: Mapped[bool] = mapped_column(default=False)
    """Submitted after the student's own last moment, to practise: it never counts."""
    score_tenths: Mapped[int | None]
    """What the tests earned, before the late penalty."""
    result_id: Mapped[int | None] = mapped_column(ForeignKey("result.id", use_alter=True))
    assignment: Mapped[CourseAssignment] = relationship(lazy="joined")
    user: Mapped[User] = relationship(lazy="joined")
    snapshot: Mapped[Snapshot] = relationship()
    result: Mapped[Result | None] = relationship(foreign_keys=[result_id], post_update=True)

    @property
    def uses_attempt(self) -> bool:
        """Whether it is one of the attempts that the student has: not if we could not grade it."""
        return self.state is not SubmissionState.FAILED and not self.practice

    @property
    def tried_again(self) -> bool:
        """Whether it waits to be graded again after a fault of ours."""
        return self.state is SubmissionState.QUEUED and self.retry_at is not None

    @property
    def label(self) -> str:
        """What it is called where names are hidden."""
        return f"Answer {self.public_id[:6]}"

    def end_lease(self, state: str, reason: Message | None = None) -> None:
        """End the lease, and with it what is shown of its progress."""
        super().end_lease(state, reason)
        self.progress = None
        if self.state is not SubmissionState.QUEUED:
            self.graded_at = now()


class Result(Base):
    """What one grading of a submission gave; regrading adds another."""

    __tablename__ = "result"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    score_tenths: Mapped[int]
    question_tenths: Mapped[dict[str, int | None]] = mapped_column(ReportJson)
    """What the tests gave by question, in tenths; ``None`` for what awaits a person."""
    answers: Mapped[dict[str, str] | None] = mapped_column(ReportJson)
    """A hash of the answer by question; ``None``: of an earlier version of the program."""
    staff_view: Mapped[dict[str, Any]] = mapped_column(ReportJson)
    student_view: Mapped[dict[str, Any]] = mapped_column(ReportJson)
    own_cells: Mapped[str | None] = mapped_column(Text, deferred=True)
    """The student's own cells as harmless HTML (`Excerpt`); ``None``: not rendered, or of an
    earlier version of the program."""
    notebook: Mapped[str] = mapped_column(Text, deferred=True)
    """The executed notebook's JSON; untrusted."""
    rendered: Mapped[str | None] = mapped_column(Text, deferred=True)
    """The notebook as harmless HTML (`RenderedNotebook`); ``None`` until it has been rendered."""
    seconds: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=now)
    answer_texts: Mapped[list[AnswerText]] = relationship()


class AnswerText(Base):
    """What a student wrote to a written question, for finding answers that are alike."""

    __tablename__ = "answer_text"

    result_id: Mapped[int] = mapped_column(ForeignKey("result.id"), primary_key=True)
    question: Mapped[str] = mapped_column(String(60), primary_key=True)
    cells: Mapped[list[str]] = mapped_column(ReportJson)
    """The texts of its cells; untrusted. Read ``None`` if it is damaged."""
