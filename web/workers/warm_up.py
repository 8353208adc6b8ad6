"""Prepares what is released, so that the first student does not wait for an import."""

from __future__ import annotations

import logging
import threading
from typing import Final

from autograder.assignment import load_assignment
from autograder.errors import AutograderError
from autograder.grade.grader import EXAMINERS_KEPT, Grader
from web.config import Settings
from web.db import Database
from web.models import Snapshot
from web.services.courses.assignments import snapshots_in_use
from web.services.courses.snapshots import keep_notebooks, snapshot_folder

log: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 5.0


class WarmUp:
    """
    Warms a grader up for what students can submit, now and whenever something is released.

    Args:
        settings: Of the portal.
        database: Where assignments are.
        grader: Shared with the workers of this process.
    """

    def __init__(self, settings: Settings, database: Database, grader: Grader) -> None:
        self._settings = settings
        self._database = database
        self._grader = grader
        self._done: set[int] = set()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let the present preparation end, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Prepare what is released until stopped."""
        while not self._stop.is_set():
            try:
                self.prepare_new()
            except Exception as error:
                # The database may be away for a moment; without warmth grading only begins later.
                self._log(error, "the warm-up failed")
            self._stop.wait(LOOK_SECONDS)

    def prepare_new(self) -> int:
        """Prepare what has been released since the last look; returns how many assignments."""
        with self._database.read() as session:
            wanted = snapshots_in_use(session, EXAMINERS_KEPT)
        new = [snapshot for snapshot in wanted if snapshot.id not in self._done]
        for snapshot in new:
            if not self._stop.is_set():
                self._done.add(snapshot.id)
                self._prepare(snapshot)
        return len(new)

    def _prepare(self, snapshot: Snapshot) -> None:
        try:
            assignment = load_assignment(snapshot_folder(self._settings.snapshots, snapshot))
            # Kept since it was imported, unless it came from a backup or an earlier version.
            keep_notebooks(self._settings.snapshots, assignment)
            self._grader.prepare(assignment)
        except AutograderError as error:
            # The first submission meets the same fault, and staff see it there.
            self._log(error, f"{snapshot.name} could not be prepared")

    def _log(self, error: Exception, words: str) -> None:
        # The grader closes under a preparation that has been asked to stop.
        if not self._stop.is_set():
            log.error(words, exc_info=error)
