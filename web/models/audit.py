"""What members of staff did, and what became of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, now
from web.models.people import User


class AuditEntry(Base):
    """What somebody did."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_course_id_target", "course_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    """When; of what was done several times, the last time."""
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"), index=True)
    action: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    times: Mapped[int] = mapped_column(default=1)
    """How often, with nothing else done to the same target between."""
    first_at: Mapped[datetime | None]
    """When first, if it was done several times."""
    actor: Mapped[User | None] = relationship(lazy="joined")
