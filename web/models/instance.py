"""The portal as a whole: what it is called, and the processes that work for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.db import Base, now


class Instance(Base):
    """What an admin says of this portal; a single row, or none."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), default="")
    """Stands in the bar and in titles; empty: the program's own name."""
    imprint: Mapped[str] = mapped_column(Text, default="")
    """In Markdown; empty: there is no such page."""
    privacy: Mapped[str] = mapped_column(Text, default="")
    """In Markdown; empty: there is no such page."""


class WorkerProcess(Base):
    """A process of grading workers, as it reports itself."""

    __tablename__ = "worker_process"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Machine and process id; the leases of its workers begin with it."""
    workers: Mapped[int]
    version: Mapped[str] = mapped_column(String(40))
    """Of the program."""
    started_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
