"""A grading worker: takes a submission, calls the engine, stores the report."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Self

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from autograder.assignment import Assignment, load_assignment
from autograder.errors import AutograderError, NotebookError
from autograder.grade import Grader
from autograder.grade.seeds import hidden_seed
from autograder.messages import Message, MessageCode, text
from autograder.progress import GradingProgress
from web.config import Settings
from web.db import Database, now, open_database
from web.rendering import renderer
from web.services.courses.snapshots import snapshot_folder
from web.services.regrading.queue import RegradeQueue
from web.services.submissions import leases, submitting
from web.services.submissions.queue import Claim, JobQueue, SubmissionQueue
from web.services.submissions.rendering import rendered_after_grading
from web.signals import note_signals
from web.workers.heartbeat import Heartbeat
from web.workers.validation import Validator
from web.workers.warm_up import WarmUp

log: Final = logging.getLogger(__name__)
IDLE_SECONDS: Final = 0.08
SWEEP_SECONDS: Final = 10.0
HELD_UP_SECONDS: Final = 5.0
"""A clock that goes more wrong than that between two sweeps has been set, or the machine slept; an
idle worker that looks as much later than it wanted to has stood still."""
PROGRESS_SECONDS: Final = 0.25
LEASE_RENEWAL_SECONDS: Final = 15.0
NICENESS: Final = 10
MAX_REASON: Final = 2000
GRACE_SECONDS: Final = 3.0
JOIN_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.1
STORE_SECONDS: Final = 1.0


# What may be over in a moment: a lock, a full disk, a server that starts again.
AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError)
Change = Callable[[Session], object]


class Worker:
    """
    Grades submissions one after another until it is stopped.

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
        # New submissions come before regrades.
        self._queues: tuple[JobQueue[Any], ...] = (SubmissionQueue(), RegradeQueue())
        self._assignments: dict[str, Assignment] = {}
        self._stop = threading.Event()
        self._swept = 0.0
        self._clock: float | None = None
        self._looked: float | None = None

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
                    log.exception("a worker failed")
                worked = False
                self._sweep_later()
            if not worked:
                self._stop.wait(IDLE_SECONDS)

    def work_once(self) -> bool:
        """Grade one submission if one waits, else one of a regrade; false if there was none."""
        self._sweep()
        try:
            for queue in self._queues:
                claim = self._claim(queue)
                if claim is not None:
                    self._grade(queue, claim)
                    return True
            return False
        finally:
            self._looked = time.monotonic()

    def _sweep(self) -> None:
        if time.monotonic() - self._swept <= SWEEP_SECONDS:
            return
        if self._was_held_up():
            self._sweep_later()
            return
        self._swept = time.monotonic()
        with self._database.write.begin() as session:
            leases.requeue_expired(session)

    def _sweep_later(self) -> None:
        """Let all renew their leases first: nobody could, or those that there are mean nothing."""
        self._swept = time.monotonic() + 2 * LEASE_RENEWAL_SECONDS

    def _was_held_up(self) -> bool:
        """Return whether leases may have ended though nobody is gone, since the last sweep."""
        before, self._clock = self._clock, now().timestamp() - time.monotonic()
        was_set = before is not None and abs(self._clock - before) > HELD_UP_SECONDS
        looked = self._looked
        stood_still = looked is not None and time.monotonic() - looked > HELD_UP_SECONDS
        return was_set or stood_still

    def _claim(self, queue: JobQueue[Any]) -> Claim | None:
        with self._database.read() as session:
            if not queue.any_waiting(session):
                return None
        with self._database.write.begin() as session:
            return queue.claim(session, self.name)

    def _grade(self, queue: JobQueue[Any], claim: Claim) -> None:
        with _Lease(self._database, queue, claim, self._sweep_later) as lease:
            try:
                self._store(self._judged(queue, claim, lease))
            except NotebookError as error:
                self._store(partial(queue.refuse, claim=claim, reason=error.fault))
            except Exception as error:
                # Whatever it is, it is a fault of ours: tried again, and then shown to staff.
                self._return_after_fault(queue, claim, error)

    def _judged(self, queue: JobQueue[Any], claim: Claim, lease: _Lease) -> Change:
        """Grade, and return what is to be stored."""
        data = submitting.stored_file(self._settings.submissions, claim.submission)
        assignment = self._assignment(claim)
        report = self._grader.grade(
            data.read_bytes(),
            assignment,
            seed=self._seed(claim, assignment),
            progress=lease.report,
        )
        if not report.graded:
            reason = Message(MessageCode.TEST_NOT_JUDGED)
            return partial(queue.return_after_fault, claim=claim, reason=reason)
        notebook = json.dumps(report.notebook)
        return partial(
            queue.finish,
            claim=claim,
            report=report,
            notebook=notebook,
            html=rendered_after_grading(report, notebook),
        )

    def _return_after_fault(self, queue: JobQueue[Any], claim: Claim, error: Exception) -> None:
        if self._stop.is_set():
            return  # the grader was closed during the work, which is returned unfinished
        log.error("submission %s could not be graded", claim.submission.public_id, exc_info=error)
        reason = str(error) if isinstance(error, AutograderError | OSError) else repr(error)
        note = text(reason[:MAX_REASON])
        self._store(partial(queue.return_after_fault, claim=claim, reason=note))

    def _store(self, change: Change) -> None:
        """Store what grading gave; where the database is away or locked, as soon as it is back."""
        while True:
            try:
                with self._database.write.begin() as session:
                    change(session)
                return
            except AWAY as error:
                log.warning("the database did not take a result: %s; trying again", error)
                self._sweep_later()
                if self._stop.wait(STORE_SECONDS):
                    return  # the work is returned unfinished, which costs no try

    def _seed(self, claim: Claim, assignment: Assignment) -> int:
        if claim.seed is not None:
            return claim.seed
        submission = claim.submission
        key, pool = self._settings.secret_key.encode(), assignment.hidden_seeds
        parts = str(submission.user_id), str(submission.number), submission.sha256
        return hidden_seed(key, pool, *parts, used=claim.used_seeds)

    def _assignment(self, claim: Claim) -> Assignment:
        snapshot = claim.snapshot
        if snapshot.content_hash not in self._assignments:
            folder = snapshot_folder(self._settings.snapshots, snapshot)
            self._assignments[snapshot.content_hash] = load_assignment(folder)
        return self._assignments[snapshot.content_hash].stretched(claim.time_multiplier)


class _Lease:
    """
    Keeps a claim alive while a submission is graded, and reports how far it is.

    Args:
        database: Where it stands.
        queue: Of the job.
        claim: Of the job.
        failed: Called when it could not be renewed.
    """

    def __init__(
        self,
        database: Database,
        queue: JobQueue[Any],
        claim: Claim,
        failed: Callable[[], None],
    ) -> None:
        self._database = database
        self._queue = queue
        self._claim = claim
        self._failed = failed
        self._reported_at = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self, progress: GradingProgress) -> None:
        """Report progress, not more often than anybody could read."""
        due = time.monotonic() - self._reported_at > PROGRESS_SECONDS
        if self._queue.shows_progress and due:
            self._reported_at = time.monotonic()
            self._extend(progress)

    def _renew(self) -> None:
        while not self._over.wait(LEASE_RENEWAL_SECONDS):
            self._extend()

    def _extend(self, progress: GradingProgress | None = None) -> None:
        # A note that is lost is followed by another; a lease outlasts some.
        try:
            with self._database.write.begin() as session:
                self._queue.extend(session, self._claim, progress)
        except AWAY:
            self._failed()


def run_worker() -> int:
    """Run the grading workers of this process, as many as the settings say, until asked to stop."""
    signals = note_signals()
    settings = Settings.from_environment()
    database = open_database(settings.database_url)
    # Pages come before grading.
    os.nice(NICENESS)
    renderer().start()
    with Grader(spares=settings.workers) as grader:
        threads = _Threads(settings, database, grader)
        while not signals:
            time.sleep(LOOK_SECONDS)
        count = threads.stop()
    # Only now: closing the grader has ended what was still being graded.
    threads.join(JOIN_SECONDS)
    print(f"autograder: stopped; gave back {count} submission{'s' * (count != 1)}", flush=True)
    return 0


class _Threads:
    """The threads of a grading process: workers, warm-up, validation, and what reports them."""

    def __init__(self, settings: Settings, database: Database, grader: Grader) -> None:
        self._database = database
        process = f"{socket.gethostname()}-{os.getpid()}"
        self._workers = [
            Worker(settings, database, grader, f"{process}-{number}")
            for number in range(settings.workers)
        ]
        self._tasks: list[Worker | WarmUp | Validator | Heartbeat] = [
            *self._workers,
            WarmUp(settings, database, grader),
            Validator(settings, database),
            Heartbeat(database, process, settings.workers),
        ]
        # Daemons: a notebook that hangs must not hold up the end of the process.
        self._threads = [threading.Thread(target=task.run, daemon=True) for task in self._tasks]
        for thread in self._threads:
            thread.start()

    def stop(self) -> int:
        """Let short work end; put the rest back into the queue, and return how much that is."""
        for task in self._tasks:
            task.stop()
        self.join(GRACE_SECONDS)
        with self._database.write.begin() as session:
            return leases.return_unfinished(session, [worker.name for worker in self._workers])

    def join(self, seconds: float) -> None:
        """Wait for the threads, no longer than this."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
