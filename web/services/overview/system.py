"""How the portal is doing: workers, queue, disk, backup, versions; for admins."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from autograder.files import write_file
from web.db import now
from web.models import (
    CourseAssignment,
    JobState,
    RegradeJob,
    Submission,
    WorkerProcess,
)

LOST_AFTER: Final = timedelta(minutes=2)
"""A process of workers that has not reported for so long counts as gone."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
LAST_BACKUP: Final = "last-backup.json"
BACKUP_DUE: Final = timedelta(days=8)
LITTLE_SPACE: Final = 0.1
"""Which part of a disk is little."""


@dataclass(frozen=True)
class Queue:
    """
    What waits for workers.

    Args:
        queued: How many jobs wait.
        running: How many are being done.
        failed: How many could not be done, and wait for staff.
        waiting_since: Since when the oldest one waits; ``None``: none does.
    """

    queued: int
    running: int
    failed: int
    waiting_since: datetime | None = None


@dataclass(frozen=True)
class Disk:
    """
    The disk of the data folder.

    Args:
        free: How many bytes are free.
        total: How many bytes it has.
        database: How large the database is, in bytes; ``None``: it is on a server.
        submissions: How large the submitted files are together, in bytes.
    """

    free: int
    total: int
    database: int | None
    submissions: int

    @property
    def low(self) -> bool:
        """Whether little is left."""
        return self.free < LITTLE_SPACE * self.total


@dataclass(frozen=True)
class Backup:
    """
    The last backup that was written on this machine.

    Args:
        at: When.
        file: Where it was written to.
        size: In bytes.
        complete: Whether every file of a submission was there.
    """

    at: datetime
    file: str
    size: int
    complete: bool

    @property
    def is_old(self) -> bool:
        """Whether another one is due."""
        return now() - self.at > BACKUP_DUE


@dataclass(frozen=True)
class SystemView:
    """
    How the portal is doing.

    Args:
        processes: Of workers that report themselves.
        lost: Those that have not reported for a while, and have not said that they end.
        submissions: The queue of submissions.
        regrades: The queue of regrades, which comes after it.
        waiting_versions: How many versions of assignments wait for their validation.
        disk: Of the data folder.
        backup: The last one; ``None``: none is known.
        versions: Names and versions of what runs.
    """

    processes: Sequence[WorkerProcess]
    lost: Sequence[WorkerProcess]
    submissions: Queue
    regrades: Queue
    waiting_versions: int
    disk: Disk
    backup: Backup | None
    versions: Sequence[tuple[str, str]]


def system_view(session: Session, data: Path) -> SystemView:
    """
    Return how the portal is doing.

    Args:
        session: To read.
        data: The data folder.
    """
    processes = session.scalars(select(WorkerProcess).order_by(WorkerProcess.name)).all()
    alive_since = now() - LOST_AFTER
    waiting = select(func.count()).where(CourseAssignment.next_snapshot_id.is_not(None))
    return SystemView(
        [each for each in processes if each.seen_at >= alive_since],
        [each for each in processes if each.seen_at < alive_since],
        _queue(session, Submission),
        _queue(session, RegradeJob),
        session.scalar(waiting) or 0,
        _disk(session, data),
        last_backup(data),
        _versions(session),
    )


def report_worker(session: Session, name: str, workers: int, started_at: datetime) -> None:
    """
    Note that a process of workers lives; those that were lost long ago are forgotten.

    Args:
        session: A writing session; the caller commits.
        name: Of the process.
        workers: How many it has.
        started_at: When it was started.
    """
    forgotten = WorkerProcess.seen_at < now() - FORGOTTEN_AFTER
    session.execute(delete(WorkerProcess).where(forgotten, WorkerProcess.name != name))
    row = session.get(WorkerProcess, name)
    if row is None:
        row = WorkerProcess(name=name)
        session.add(row)
    row.workers, row.version = workers, program_version()
    row.started_at, row.seen_at = started_at, now()


def end_worker(session: Session, name: str) -> None:
    """Note that a process of workers has ended as it should."""
    session.execute(delete(WorkerProcess).where(WorkerProcess.name == name))


def note_backup(data: Path, file: Path, *, complete: bool) -> None:
    """
    Write down that a backup was made; it is no part of a backup itself.

    Raises:
        OSError: If the data folder cannot be written to.
    """
    note = {
        "at": now().isoformat(),
        "file": str(file),
        "size": file.stat().st_size,
        "complete": complete,
    }
    write_file(data / LAST_BACKUP, json.dumps(note).encode())


def last_backup(data: Path) -> Backup | None:
    """Return the last backup that was written down; ``None`` if there is none, or it is damaged."""
    try:
        note = json.loads((data / LAST_BACKUP).read_text(encoding="utf-8"))
        return Backup(
            datetime.fromisoformat(note["at"]),
            str(note["file"]),
            int(note["size"]),
            bool(note["complete"]),
        )
    except (OSError, ValueError, TypeError, LookupError):
        return None


def program_version() -> str:
    """Return the program's version."""
    try:
        return version("autograder")
    except PackageNotFoundError:
        return "not installed"


def _queue(session: Session, table: type[Submission | RegradeJob]) -> Queue:
    found = session.execute(select(table.state, func.count().label("jobs")).group_by(table.state))
    jobs = {str(each.state): each.jobs for each in found}
    since = None
    if table is Submission:
        waits = Submission.state == JobState.QUEUED
        since = session.scalar(select(func.min(Submission.queued_at)).where(waits))
    queued, running, failed = (
        jobs.get(state, 0) for state in (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
    )
    return Queue(queued, running, failed, since)


def _disk(session: Session, data: Path) -> Disk:
    usage = shutil.disk_usage(data)
    bind = session.get_bind()
    place = bind.engine.url.database if bind.dialect.name == "sqlite" else None
    files = [Path(f"{place}{end}") for end in ("", "-wal")] if place else []
    submitted = session.scalar(select(func.sum(Submission.size_bytes))) or 0
    size = sum(file.stat().st_size for file in files if file.is_file())
    return Disk(usage.free, usage.total, size if files else None, int(submitted))


def _versions(session: Session) -> list[tuple[str, str]]:
    dialect = session.get_bind().dialect
    number = ".".join(str(each) for each in getattr(dialect, "server_version_info", None) or ())
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(dialect.name, dialect.name)
    schema = session.scalar(text("SELECT version_num FROM alembic_version"))
    return [
        ("autograder", program_version()),
        ("Database schema", str(schema)),
        (name, number),
        ("Python", platform.python_version()),
        ("Linux", platform.release()),
    ]
