"""Courses and their assignments."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, JsonObjects, Word, now
from web.models.grade_keys import GradeStep
from web.models.people import Membership, User
from web.models.questions import SnapshotQuestion


class CountedAttempt(enum.StrEnum):
    """Which attempt counts."""

    BEST = "best"
    LAST = "last"


class Course(Base):
    """A course with a time zone of its own."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(60), default="Europe/Berlin")
    dropped_lowest: Mapped[int] = mapped_column(default=0)
    """How many of the assignments that may be dropped do not count, the lowest of each student."""
    grade_key: Mapped[tuple[GradeStep, ...]] = mapped_column(JsonObjects(GradeStep), default=())
    """The best grade first; empty: the course has totals and no grades."""
    bonus_percent: Mapped[float] = mapped_column(default=0.0)
    """What assignments that count as a bonus add to the total at most, in percent of all points."""
    bonus_needs_pass: Mapped[bool] = mapped_column(default=True)
    """Whether the bonus counts only for who has passed without it."""
    late_days: Mapped[int] = mapped_column(default=0)
    """How many days each student may be late without a penalty, over all assignments."""
    archived_at: Mapped[datetime | None]
    """Since when it can be read and no longer changed; ``None``: it goes on."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    memberships: Mapped[list[Membership]] = relationship(back_populates="course")
    assignments: Mapped[list[CourseAssignment]] = relationship(back_populates="course")


class Snapshot(Base):
    """A version of an assignment: a copy of its folder, under the hash of its content."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    max_tenths: Mapped[int]
    """Points of all questions, in tenths."""
    questions: Mapped[tuple[SnapshotQuestion, ...]] = mapped_column(JsonObjects(SnapshotQuestion))
    """In the notebook's order."""
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
    max_late_days: Mapped[int] = mapped_column(default=0)
    """How many of a student's late days may be used for it."""
    max_attempts: Mapped[int | None]
    attempts_per_hour: Mapped[int | None] = mapped_column(default=20)
    practice: Mapped[bool] = mapped_column(default=False)
    """Whether students may submit after their own last moment, to practise."""
    counted: Mapped[CountedAttempt] = mapped_column(
        Word(CountedAttempt, 10), default=CountedAttempt.BEST
    )
    results_at: Mapped[datetime | None]
    """When results of hidden tests and totals become visible; ``None``: at once."""
    solution_at: Mapped[datetime | None]
    """When the solution becomes visible; ``None``: never."""
    weight: Mapped[float] = mapped_column(default=0.0)
    """In the course's grade: 0 for homework that does not count, 1 for an exam."""
    may_drop: Mapped[bool] = mapped_column(default=False)
    """Whether it may be among those that the course drops; an exam may not."""
    is_bonus: Mapped[bool] = mapped_column(default=False)
    """Whether its weight is one among those of the bonus instead of the grade's."""
    anonymous_grading: Mapped[bool] = mapped_column(default=False)
    """Whether names and file names are hidden from those who grade written answers."""
    regrade_requests: Mapped[bool] = mapped_column(default=True)
    """Whether students may ask to look again at a question."""
    regrade_requests_until: Mapped[datetime | None]
    """The last moment for such a request; ``None``: no end."""
    regrade_request_days: Mapped[int | None]
    """How many days a student has for such a request, once the points are visible; ``None``: no
    end."""
    grades_released_at: Mapped[datetime | None]
    """When people's grades were last released to students; ``None``: not yet."""
    next_snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id"))
    """The version that grades as soon as its validation has passed; ``None``: none waits."""
    next_snapshot_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who wants it to be used."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    course: Mapped[Course] = relationship(back_populates="assignments", lazy="joined")
    snapshot: Mapped[Snapshot] = relationship(lazy="joined", foreign_keys=[snapshot_id])
    next_snapshot: Mapped[Snapshot | None] = relationship(foreign_keys=[next_snapshot_id])

    def is_released(self, at: datetime) -> bool:
        """Return whether students see the assignment at a moment."""
        return self.release_at is not None and self.release_at <= at


class AssignmentVersion(Base):
    """From when a version of an assignment has graded in a course; the latest one still does."""

    __tablename__ = "assignment_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"), index=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    used_from: Mapped[datetime] = mapped_column(default=now)
    used_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who wanted it to be used; ``None``: not known."""
    snapshot: Mapped[Snapshot] = relationship(lazy="joined")
    used_by: Mapped[User | None] = relationship(lazy="joined")


class Announcement(Base):
    """What staff tell everybody in a course."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    """In Markdown and LaTeX."""
    published_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime | None]
    course: Mapped[Course] = relationship(lazy="joined")
    author: Mapped[User] = relationship(lazy="joined")


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
