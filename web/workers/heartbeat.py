"""Lets admins see that a process of grading workers lives."""

from __future__ import annotations

import logging
import threading
from typing import Final

from web.db import Database, now
from web.services.overview import system

log: Final = logging.getLogger(__name__)
BEAT_SECONDS: Final = 30.0


class Heartbeat:
    """
    Reports a process now and then.

    Args:
        database: Where to.
        process: Its name, by which the leases of its workers begin.
        workers: How many it has.
    """

    def __init__(self, database: Database, process: str, workers: int) -> None:
        self._database = database
        self._process = process
        self._workers = workers
        self._started_at = now()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Report the end, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Report until stopped."""
        while True:
            try:
                self.beat()
            except Exception as error:
                # The database may be away for a moment; grading does not depend on it.
                log.warning("the workers could not be reported: %s", error)
            if self._stop.wait(BEAT_SECONDS):
                break
        try:
            with self._database.write.begin() as session:
                system.end_worker(session, self._process)
        except Exception as error:
            log.warning("the workers' end could not be reported: %s", error)

    def beat(self) -> None:
        """Report once."""
        with self._database.write.begin() as session:
            system.report_worker(session, self._process, self._workers, self._started_at)
