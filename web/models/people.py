"""People: accounts, roles, invitations."""

from __future__ import annotations

import enum
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, ShortTexts, Word, now
from web.models.grade_keys import SpecialGrade

if TYPE_CHECKING:  # courses need people; SQLAlchemy finds the other direction by name
    from web.models.courses import Course


class Role(enum.StrEnum):
    """What somebody is in a course."""

    STUDENT = "student"
    GRADER = "grader"
    INSTRUCTOR = "instructor"

    def exceeds(self, other: Role) -> bool:
        """Return whether it lets somebody do more than another role."""
        ranks = list(Role)
        return ranks.index(self) > ranks.index(other)


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
    may_upload: Mapped[bool] = mapped_column(default=False)
    """Whether they may upload assignments to courses that they instruct."""
    active: Mapped[bool] = mapped_column(default=True)
    session_key: Mapped[str] = mapped_column(
        String(32), default=lambda: secrets.token_hex(16), unique=True
    )
    """Stands in the session cookie; a new one ends every session of this person."""
    calendar_token: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    """Stands in the address of this person's calendar; ``None``: it has not been asked for. Not
    hashed: it opens nothing but deadlines, which whoever reads the database reads as well."""
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
        """Return what stands in the session cookie; a new key ends old sessions."""
        return self.session_key


class Membership(Base):
    """A person's role in a course; a student may have a time multiplier."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "course_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    role: Mapped[Role] = mapped_column(Word(Role))
    section: Mapped[str | None] = mapped_column(String(60))
    labels: Mapped[tuple[str, ...]] = mapped_column(ShortTexts, default=())
    """By which staff find students again, besides their section."""
    time_multiplier: Mapped[float] = mapped_column(default=1.0)
    """Reaches deadlines' lengths, exam timers, late policy, and limits of running time."""
    active: Mapped[bool] = mapped_column(default=True)
    offered_role: Mapped[Role | None] = mapped_column(Word(Role))
    """A higher role, which takes effect when the person opens the link that the course sent."""
    special_grade: Mapped[SpecialGrade | None] = mapped_column(Word(SpecialGrade))
    """Stands in place of the grade by points."""
    special_grade_reason: Mapped[str] = mapped_column(Text, default="")
    """For staff; the student does not see it."""
    user: Mapped[User] = relationship(back_populates="memberships", lazy="joined")
    course: Mapped[Course] = relationship(back_populates="memberships", lazy="joined")


class Invitation(Base):
    """A link that lets its holder set a password, or accept a role that a course offers."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token; the token itself stands in the link only."""
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id"))
    """Whose offered role it accepts; ``None`` if it sets a password only."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    self_requested: Mapped[bool] = mapped_column(default=False)
    """Whether the person has asked for it, by the address of the account."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    membership: Mapped[Membership | None] = relationship()


class BrowserSession(Base):
    """A browser in which somebody has signed in; ends when they sign out, or by itself."""

    __tablename__ = "browser_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token, which stands in the browser's cookie only."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInAttempt(Base):
    """A try to sign in that has not succeeded, kept to throttle the next ones."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    """What it counts against, such as a pair of e-mail address and network."""
    at: Mapped[datetime] = mapped_column(default=now, index=True)
