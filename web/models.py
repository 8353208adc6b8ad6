"""The portal's tables."""

from __future__ import annotations

import enum
import secrets
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, now


class Role(enum.StrEnum):
    """What somebody is in a course."""

    STUDENT = "student"
    GRADER = "grader"
    INSTRUCTOR = "instructor"


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


class CountedAttempt(enum.StrEnum):
    """Which attempt counts."""

    BEST = "best"
    LAST = "last"


class User(Base):
    """A person; an admin may do everything."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case."""
    name: Mapped[str] = mapped_column(String(200))
    student_number: Mapped[str | None] = mapped_column(String(50), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_admin: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    session_key: Mapped[str] = mapped_column(
        String(32), default=lambda: secrets.token_hex(16), unique=True
    )
    """Stands in the session cookie; a new one ends every session of this person."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="user")

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether the account is open."""
        return self.active

    def get_id(self) -> str:
        """Give what stands in the session cookie; a new key ends old sessions."""
        return self.session_key


class Course(Base):
    """A course with a time zone of its own."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(60), default="Europe/Berlin")
    created_at: Mapped[datetime] = mapped_column(default=now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="course")
    assignments: Mapped[list[CourseAssignment]] = relationship(back_populates="course")


class Membership(Base):
    """A person's role in a course; a student may have a time multiplier."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "course_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    role: Mapped[Role] = mapped_column(String(20))
    section: Mapped[str | None] = mapped_column(String(60))
    time_multiplier: Mapped[float] = mapped_column(default=1.0)
    """Reaches deadlines' lengths, exam timers, late policy, and limits of running time."""
    active: Mapped[bool] = mapped_column(default=True)
    user: Mapped[User] = relationship(back_populates="memberships", lazy="joined")
    course: Mapped[Course] = relationship(back_populates="memberships", lazy="joined")


class Invitation(Base):
    """A link that lets its holder set a password: a first one, or a new one."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token; the token itself stands in the link only."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(foreign_keys=[user_id])


class SignInAttempt(Base):
    """A failed sign-in, kept to throttle the next ones."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    """An e-mail address or a network address."""
    at: Mapped[datetime] = mapped_column(default=now)


class Snapshot(Base):
    """An assignment as it was taken up: a copy of its folder, under the hash of its content."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    max_tenths: Mapped[int]
    """Points of all questions, in tenths."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """``[{"id", "points" (tenths), "manual", "rubric": [{"points" (tenths), "text"}]}]``."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class CourseAssignment(Base):
    """An assignment in a course: which snapshot, when, and under which rules."""

    __tablename__ = "course_assignment"
    __table_args__ = (UniqueConstraint("course_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    release_at: Mapped[datetime | None]
    """From when students see it; ``None``: not released."""
    due_at: Mapped[datetime | None]
    cutoff_at: Mapped[datetime | None]
    """Nothing is accepted after it; ``None``: at the deadline, or never if there is none."""
    grace_minutes: Mapped[int] = mapped_column(default=0)
    late_percent_per_day: Mapped[float] = mapped_column(default=0.0)
    max_attempts: Mapped[int | None]
    attempts_per_hour: Mapped[int | None] = mapped_column(default=20)
    counted: Mapped[CountedAttempt] = mapped_column(String(10), default=CountedAttempt.BEST)
    results_at: Mapped[datetime | None]
    """When results of hidden tests and totals become visible; ``None``: at once."""
    solution_at: Mapped[datetime | None]
    """When the solution becomes visible; ``None``: never."""
    weight: Mapped[float] = mapped_column(default=0.0)
    """In the course's grade: 0 for homework that does not count, 1 for an exam."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    course: Mapped[Course] = relationship(back_populates="assignments", lazy="joined")
    snapshot: Mapped[Snapshot] = relationship(lazy="joined")


class Extension(Base):
    """A later deadline or more attempts for one student."""

    __tablename__ = "extension"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    due_at: Mapped[datetime | None]
    cutoff_at: Mapped[datetime | None]
    extra_attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined")


class Submission(Base):
    """One attempt; the row is also the job that grading workers claim."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("assignment_id", "user_id", "number"),
        Index("ix_submission_queue", "state", "queued_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
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
    state: Mapped[SubmissionState] = mapped_column(String(20), default=SubmissionState.QUEUED)
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it is unusable (for the student) or failed (for staff)."""
    tries: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """``{"stage", "number", "total", "question"}`` while it is running."""
    received_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    graded_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    late_seconds: Mapped[int] = mapped_column(default=0)
    """After the deadline that held for this student, grace included; 0 if in time."""
    score_tenths: Mapped[int | None]
    """What the tests earned, before the late penalty."""
    result_id: Mapped[int | None] = mapped_column(ForeignKey("result.id", use_alter=True))
    assignment: Mapped[CourseAssignment] = relationship(lazy="joined")
    user: Mapped[User] = relationship(lazy="joined")
    snapshot: Mapped[Snapshot] = relationship()
    result: Mapped[Result | None] = relationship(foreign_keys=[result_id], post_update=True)


class Result(Base):
    """What one grading of a submission gave; regrading adds another."""

    __tablename__ = "result"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), index=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    score_tenths: Mapped[int]
    staff_view: Mapped[dict[str, Any]] = mapped_column(JSON)
    student_view: Mapped[dict[str, Any]] = mapped_column(JSON)
    notebook: Mapped[str] = mapped_column(Text)
    """The executed notebook's JSON; untrusted."""
    seconds: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=now)


class AuditEntry(Base):
    """What a member of staff did."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"), index=True)
    action: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor: Mapped[User | None] = relationship(lazy="joined")
