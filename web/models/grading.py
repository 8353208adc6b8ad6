"""What people decide about submissions: grades, overrides, requests."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, JsonObjects, Word, now
from web.models.people import User
from web.models.questions import ChosenRubricItem, SnapshotRubricItem
from web.models.submissions import Submission


class RequestState(enum.StrEnum):
    """Where a student's request stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class ManualGrade(Base):
    """
    What a person gave for a student's answer to a written question.

    It holds for all of the student's attempts with this answer, not only for the one in which it
    was read.
    """

    __tablename__ = "manual_grade"
    __table_args__ = (UniqueConstraint("submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that nobody saves over a newer one unawares."""
    points_tenths: Mapped[int]
    items: Mapped[tuple[ChosenRubricItem, ...]] = mapped_column(
        JsonObjects(ChosenRubricItem), default=()
    )
    """The rubric's items that were met."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why the points are not the items' sum; empty if they are."""
    comment: Mapped[str] = mapped_column(Text, default="")
    """For the student, in Markdown and LaTeX."""
    answer_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the answer's text; ``None``: it holds for its submission only."""
    question_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the question's text and rubric; ``None``: not known."""
    released_at: Mapped[datetime | None]
    """From when its student may see it, in whatever attempt; ``None``: as the attempt says."""
    grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    graded_at: Mapped[datetime] = mapped_column(default=now)
    grader: Mapped[User] = relationship(lazy="joined")


class GradingClaim(Base):
    """Who is grading one question of one submission now; ends by itself."""

    __tablename__ = "grading_claim"
    __table_args__ = (UniqueConstraint("submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime]
    grader: Mapped[User] = relationship(lazy="joined")


class GradeChange(Base):
    """What a grader's decision changed in one grade, so that they can undo it."""

    __tablename__ = "grade_change"
    __table_args__ = (
        Index("ix_grade_change_answer", "submission_id", "question"),
        Index("ix_grade_change_grader", "grader_id", "question"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    decision: Mapped[str] = mapped_column(String(32))
    """The same for all grades that were given together."""
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    """Of the grade."""
    question: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    """Of the grade that the decision made; with another one, the grade was changed since."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The grade's columns until then; ``None``: there was none."""
    grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[datetime] = mapped_column(default=now)
    undone_at: Mapped[datetime | None]


class GradingShare(Base):
    """A grader to whom answers to a question are assigned; they get these first."""

    __tablename__ = "grading_share"
    __table_args__ = (UniqueConstraint("assignment_id", "question", "grader_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    question: Mapped[str] = mapped_column(String(60))
    grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    section: Mapped[str | None] = mapped_column(String(200))
    """Whose students' answers; ``None``: an equal part, drawn at random."""
    grader: Mapped[User] = relationship(lazy="joined")


class LineComment(Base):
    """What a person wrote to a line of a student's own cells."""

    __tablename__ = "line_comment"
    __table_args__ = (Index("ix_line_comment_submission", "submission_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    cell: Mapped[int]
    """Its number in the notebook, from 0."""
    line: Mapped[int]
    """Its number in the cell, from 1."""
    line_text: Mapped[str] = mapped_column(Text)
    """As the line reads; untrusted."""
    text: Mapped[str] = mapped_column(Text)
    """For the student, in Markdown and LaTeX."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[User] = relationship(lazy="joined")


class SecondMarking(Base):
    """Which share of a question's answers two people grade, neither knowing of the other."""

    __tablename__ = "second_marking"
    __table_args__ = (UniqueConstraint("assignment_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    question: Mapped[str] = mapped_column(String(60))
    percent: Mapped[int]


class SecondMark(Base):
    """
    What a second person gave for an answer; it counts only if an instructor says so.

    What the first one had given by then is kept beside it, so that the comparison stays.
    """

    __tablename__ = "second_mark"
    __table_args__ = (UniqueConstraint("submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    answer_hash: Mapped[str | None] = mapped_column(String(64))
    first_tenths: Mapped[int]
    first_grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    points_tenths: Mapped[int]
    items: Mapped[tuple[ChosenRubricItem, ...]] = mapped_column(
        JsonObjects(ChosenRubricItem), default=()
    )
    reason: Mapped[str] = mapped_column(Text, default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    grader_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    graded_at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None]
    """When an instructor decided between two that differ."""
    first_grader: Mapped[User] = relationship(foreign_keys=[first_grader_id], lazy="joined")
    grader: Mapped[User] = relationship(foreign_keys=[grader_id], lazy="joined")


class QuestionRubric(Base):
    """A rubric by which a course grades in place of that of the question's version."""

    __tablename__ = "question_rubric"
    __table_args__ = (UniqueConstraint("assignment_id", "question", "question_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    question: Mapped[str] = mapped_column(String(60))
    question_hash: Mapped[str] = mapped_column(String(64))
    """Of the version's question; a version that asks otherwise has its own rubric."""
    items: Mapped[tuple[SnapshotRubricItem, ...]] = mapped_column(
        JsonObjects(SnapshotRubricItem), default=()
    )
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[datetime] = mapped_column(default=now)


class SavedComment(Base):
    """A comment that graders of a question use again and again."""

    __tablename__ = "saved_comment"
    __table_args__ = (Index("ix_saved_comment_question", "assignment_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    question: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class PointsOverride(Base):
    """
    A member of staff's word on a student's answer to a question; it wins over all else.

    As a person's grade it holds for all of the student's attempts with this answer.
    """

    __tablename__ = "points_override"
    __table_args__ = (UniqueConstraint("submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    points_tenths: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    """Shown to the student."""
    answer_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the answer; ``None``: it holds for its submission only."""
    released_at: Mapped[datetime | None]
    """From when its student may see it if a person grades the question; ``None``: as the attempt
    says."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[User] = relationship(lazy="joined")


class RegradeRequest(Base):
    """A student asks to look again at one question."""

    __tablename__ = "regrade_request"
    __table_args__ = (
        Index("ix_regrade_request_submission", "submission_id", "question"),
        Index(
            "ix_regrade_request_open",
            "submission_id",
            "question",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    question: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[RequestState] = mapped_column(Word(RequestState), default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    submission: Mapped[Submission] = relationship(lazy="joined")
    answered_by: Mapped[User | None] = relationship(lazy="joined")
