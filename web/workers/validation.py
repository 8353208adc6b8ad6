"""
Validates imported versions of assignments, in the background.

Each validation runs in a process of its own, which can be ended at any moment and begun again.
"""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from web.config import Settings
from web.db import Database
from web.services.courses import versions
from web.services.courses.validation import (
    Validation,
    ValidationState,
    open_validations,
    read,
    write,
)

log: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
USE_SECONDS: Final = 10.0
"""How often versions are looked for that wait for a validation which has passed."""
# Untrusted: an upload may hold any number of answers to try, and the next version waits for it.
MOST_SECONDS: Final = 3600.0
PAUSE_SECONDS: Final = 10.0
"""After something went wrong."""


class Validator:
    """
    Runs the validations that are requested, one at a time, and lets valid versions grade.

    Args:
        settings: Of the portal.
        database: Where it stands which versions wait.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._snapshots = settings.snapshots
        self._database = database
        self._stop = threading.Event()
        self._looked: float | None = None

    def stop(self) -> None:
        """End the present validation; it is begun again at the next start."""
        self._stop.set()

    def run(self) -> None:
        """Validate until stopped."""
        while not self._stop.wait(LOOK_SECONDS):
            try:
                places = list(open_validations(self._snapshots))
            except OSError:
                log.exception("nobody can tell what is to be validated")
                places = []
            for place in places:
                if not self._stop.is_set():
                    self._try_to_validate(place)
                    self._looked = None
            self._use_validated()

    def _use_validated(self) -> None:
        if self._looked is not None and time.monotonic() - self._looked < USE_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            with self._database.read() as session:
                if not versions.any_waiting(session):
                    return
            with self._database.write.begin() as session:
                versions.use_validated(session, self._snapshots)
        except Exception:
            # The database may be away for a moment; the version before goes on grading.
            log.exception("versions that are valid could not be used")

    def _try_to_validate(self, place: Path) -> None:
        try:
            self._validate(place)
        except Exception:
            # The disk may be full for a moment; a validator that ends would help nobody.
            log.exception("%s could not be validated", place.parent)
            self._stop.wait(PAUSE_SECONDS)

    def _validate(self, place: Path) -> None:
        with place.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another worker is at it
            self._run(place)

    def _run(self, place: Path) -> None:
        command = [sys.executable, "-m", "web.workers.validation_process", str(place)]
        process = subprocess.Popen(command)  # noqa: S603
        end = time.monotonic() + MOST_SECONDS
        while process.poll() is None:
            stopped = self._stop.wait(LOOK_SECONDS)
            if stopped or time.monotonic() > end:
                process.terminate()
                process.wait()
            if stopped:
                return
        known = read(place)
        if known is not None and not known.done:
            log.error("the validation of %s ended with %s", place.parent, process.returncode)
            write(place, Validation(ValidationState.FAILED))
