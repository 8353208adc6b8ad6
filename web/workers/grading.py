"""A grading worker: takes a submission, calls the engine, stores the report."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Final

from sqlalchemy.orm import Session

from autograder.assignment import Assignment, load_assignment
from autograder.errors import AutograderError, NotebookError
from autograder.grade import Grader
from autograder.progress import GradingProgress
from web.config import Settings
from web.db import Database, open_database
from web.models import Leased, RegradeJob, Snapshot, Submission
from web.services.courses.deadlines import rules_for
from web.services.courses.snapshots import snapshot_folder
from web.services.regrading import queue
from web.services.submissions import leases, submitting
from web.workers.validation import Validator
from web.workers.warm_up import WarmUp

log: Final = logging.getLogger(__name__)
IDLE_SECONDS: Final = 0.08
SWEEP_SECONDS: Final = 10.0
PROGRESS_SECONDS: Final = 0.25
LEASE_RENEWAL_SECONDS: Final = 15.0
NICENESS: Final = 10
MAX_REASON: Final = 2000
GRACE_SECONDS: Final = 3.0
JOIN_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.1


class Worker:
    """
    Grades submissions one after another until it is told to stop.

    Args:
        settings: Of the portal.
        database: Where submissions are.
        grader: Shared by the workers of one process.
        name: Stands in the lease; names this worker among all.
    """

    def __init__(
        self, settings: Settings, database: Database, grader: Grader, name: str | None = None
    ) -> None:
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
        self._settings = settings
        self._database = database
        self._grader = grader
        self._assignments: dict[str, Assignment] = {}
        self._stop = threading.Event()
        self._swept = 0.0

    def stop(self) -> None:
        """Let the present submission end, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Grade until stopped."""
        while not self._stop.is_set():
            try:
                worked = self.work_once()
            except Exception:
                # The database may be away for a moment; a worker that ends would help nobody.
                if not self._stop.is_set():
                    log.exception("a worker stumbled")
                worked = False
            if not worked:
                self._stop.wait(IDLE_SECONDS)

    def work_once(self) -> bool:
        """Grade one submission if one waits, else one of a regrade; tells whether there was one."""
        self._sweep()
        task = self._new_submission() or self._regrade()
        if task is None:
            return False
        self._grade(task)
        return True

    def _new_submission(self) -> Task | None:
        with self._database.read() as session:
            if not leases.any_waiting(session, Submission):
                return None
        with self._database.write.begin() as session:
            found = submitting.claim(session, self.name)
            return None if found is None else _task(session, found, found.snapshot_id, found.id)

    def _regrade(self) -> Task | None:
        with self._database.read() as session:
            if not leases.any_waiting(session, RegradeJob):
                return None
        with self._database.write.begin() as session:
            job = queue.claim(session, self.name)
            if job is None:
                return None
            return _task(session, job.submission, job.regrade.snapshot_id, job.id, regrade=True)

    def _sweep(self) -> None:
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            with self._database.write.begin() as session:
                leases.requeue_expired(session)

    def _grade(self, task: Task) -> None:
        lease = _Lease(self._database, task, self.name)
        try:
            data = submitting.stored_file(self._settings.submissions, task.submission)
            with lease:
                report = self._grader.grade(
                    data.read_bytes(), self._assignment(task), progress=lease.report
                )
            notebook = json.dumps(report.notebook)
            with self._database.write.begin() as session:
                if report.graded:
                    finish = queue.finish if task.regrade else submitting.finish
                    finish(session, task.job_id, self.name, report, notebook)
                else:
                    reason = "a test could not be judged"
                    leases.give_back(session, task.table, task.job_id, self.name, reason)
        except NotebookError as error:
            with self._database.write.begin() as session:
                leases.refuse(session, task.table, task.job_id, self.name, str(error))
        except Exception as error:
            # Whatever it is, it is a fault of ours: tried again, and then shown to staff.
            self._failed(task, error)

    def _failed(self, task: Task, error: Exception) -> None:
        if self._stop.is_set():
            return  # the grader closed under it; what is being graded is handed back
        public_id = task.submission.public_id
        log.error("submission %s could not be graded", public_id, exc_info=error)
        reason = str(error) if isinstance(error, AutograderError | OSError) else repr(error)
        with self._database.write.begin() as session:
            leases.give_back(session, task.table, task.job_id, self.name, reason[:MAX_REASON])

    def _assignment(self, task: Task) -> Assignment:
        snapshot = task.snapshot
        if snapshot.content_hash not in self._assignments:
            folder = snapshot_folder(self._settings.snapshots, snapshot)
            self._assignments[snapshot.content_hash] = load_assignment(folder)
        return self._assignments[snapshot.content_hash].stretched(task.time_multiplier)


@dataclass(frozen=True)
class Task:
    """
    What a worker has claimed.

    Args:
        submission: To grade.
        snapshot: By which content.
        time_multiplier: Of its student.
        job_id: Of the row that was claimed: the submission, or the regrade's job.
        regrade: Whether it is a regrade's job.
    """

    submission: Submission
    snapshot: Snapshot
    time_multiplier: float
    job_id: int
    regrade: bool

    @property
    def table(self) -> type[Leased]:
        """Where the job's row stands."""
        return RegradeJob if self.regrade else Submission


def _task(
    session: Session,
    submission: Submission,
    snapshot_id: int,
    job_id: int,
    *,
    regrade: bool = False,
) -> Task:
    factor = rules_for(session, submission.assignment, submission.user).time_multiplier
    return Task(submission, session.get_one(Snapshot, snapshot_id), factor, job_id, regrade)


class _Lease:
    """Keeps a claim alive while a submission is graded, and tells how far it is."""

    def __init__(self, database: Database, task: Task, owner: str) -> None:
        self._database = database
        self._task = task
        self._owner = owner
        self._told = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self, progress: GradingProgress) -> None:
        """Report progress, not more often than anybody could read; of a regrade nobody asks."""
        if not self._task.regrade and time.monotonic() - self._told > PROGRESS_SECONDS:
            self._told = time.monotonic()
            self._extend(progress)

    def _renew(self) -> None:
        while not self._over.wait(LEASE_RENEWAL_SECONDS):
            self._extend(None)

    def _extend(self, progress: GradingProgress | None) -> None:
        told: dict[str, object] = {} if progress is None else {"progress": progress}
        with self._database.write.begin() as session:
            leases.extend(session, self._task.table, self._task.job_id, self._owner, **told)


def run_worker() -> int:
    """Run the grading workers of this process, as many as the settings say, until told to end."""
    told: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    settings = Settings.from_environment()
    database = open_database(settings.database_url)
    # Pages come before grading.
    os.nice(NICENESS)
    with Grader(spares=settings.workers) as grader:
        crew = _Crew(settings, database, grader)
        while not told:
            time.sleep(LOOK_SECONDS)
        count = crew.dismiss()
    # Only now: closing the grader has ended what was still being graded.
    crew.join(JOIN_SECONDS)
    print(f"autograder: stopped; gave back {count} submission{'s' * (count != 1)}", flush=True)
    return 0


class _Crew:
    """The threads of a grading process: workers, warm-up and proofs."""

    def __init__(self, settings: Settings, database: Database, grader: Grader) -> None:
        self._database = database
        process = f"{socket.gethostname()}-{os.getpid()}"
        self._workers = [
            Worker(settings, database, grader, f"{process}-{number}")
            for number in range(settings.workers)
        ]
        self._tasks: list[Worker | WarmUp | Validator] = [
            *self._workers,
            WarmUp(settings, database, grader),
            Validator(settings),
        ]
        # Daemons: a notebook that hangs must not hold up the end of the process.
        self._threads = [threading.Thread(target=task.run, daemon=True) for task in self._tasks]
        for thread in self._threads:
            thread.start()

    def dismiss(self) -> int:
        """Let short work end; put the rest back into the queue, and give how many these are."""
        for task in self._tasks:
            task.stop()
        self.join(GRACE_SECONDS)
        with self._database.write.begin() as session:
            return leases.hand_back(session, [worker.name for worker in self._workers])

    def join(self, seconds: float) -> None:
        """Wait for the threads, no longer than this."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
