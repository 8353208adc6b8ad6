"""Rows that are jobs: what the queues of submissions and of regrades share."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from autograder.messages import Message
from web.db import StoredMessage


class JobState(enum.StrEnum):
    """The states that all jobs know, whatever else theirs are."""

    QUEUED = "queued"
    RUNNING = "running"
    UNUSABLE = "unusable"
    FAILED = "failed"


class Leased:
    """Columns of a table whose rows are jobs; a worker claims one by a lease, which ends."""

    states: ClassVar[type[enum.StrEnum]]
    """The table's own states, among them all of `JobState`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[Any]
    reason: Mapped[Message | None] = mapped_column(StoredMessage, nullable=False, default=None)
    """Why it is unusable (for the student) or failed (for staff)."""
    tries: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    """Not claimed before, after a fault of ours; ``None``: at once."""
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]

    def end_lease(self, state: str, reason: Message | None = None) -> None:
        """End the lease in this state; tables add what else of theirs ends with it."""
        self.state, self.reason = self.states(state), reason
        self.lease_owner = self.lease_until = self.retry_at = None
