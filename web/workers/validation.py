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
from pathlib import Path
from typing import Final

from web.config import Settings
from web.services.courses.validation import (
    Validation,
    ValidationState,
    open_validations,
    read,
    write,
)

log: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 10.0
"""After something went wrong."""


class Validator:
    """
    Runs the validations that are requested, one at a time.

    Args:
        settings: Of the portal.
    """

    def __init__(self, settings: Settings) -> None:
        self._snapshots = settings.snapshots
        self._stop = threading.Event()

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
        while process.poll() is None:
            if self._stop.wait(LOOK_SECONDS):
                process.terminate()
                process.wait()
                return
        known = read(place)
        if known is not None and not known.done:
            log.error("the validation of %s ended with %s", place.parent, process.returncode)
            write(place, Validation(ValidationState.FAILED))
