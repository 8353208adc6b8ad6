"""What students ask of an assignment's deadline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, Word, now
from web.models.courses import CourseAssignment
from web.models.grading import RequestState
from web.models.people import User

_IS_OPEN = text("state = 'open'")


class ExtensionRequest(Base):
    """A student asks for a later deadline."""

    __tablename__ = "extension_request"
    __table_args__ = (
        Index("ix_extension_request_student", "assignment_id", "user_id"),
        Index(
            "ix_extension_request_open",
            "assignment_id",
            "user_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("course_assignment.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    wished_until: Mapped[datetime]
    """The deadline that the student asks for."""
    text: Mapped[str] = mapped_column(Text)
    """Why; for those who may extend."""
    state: Mapped[RequestState] = mapped_column(Word(RequestState), default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    granted_until: Mapped[datetime | None]
    """The deadline that was granted; ``None``: none was."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    assignment: Mapped[CourseAssignment] = relationship(lazy="joined")
    user: Mapped[User] = relationship(foreign_keys=[user_id], lazy="joined")
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id], lazy="joined")
