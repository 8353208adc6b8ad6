"""The process that tells people what happened: in the portal, and by e-mail if it is set up."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from web.config import Settings
from web.db import Database, open_database
from web.models import CourseAssignment
from web.services.notices import digests, reminders, telling
from web.signals import note_signals
from web.workers.mail import MailSender

log: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 0.03
"""Between portions: a class is told of a release in a minute, and others write meanwhile."""
REMIND_SECONDS: Final = 30.0
FORGET_SECONDS: Final = 3600.0
STOP_SECONDS: Final = 3.0


class Teller:
    """
    Tells what is written down, once its reader may know it, until it is stopped.

    Args:
        settings: Of the portal.
        database: Where it is written down.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._public_url = None if settings.mail_server is None else settings.public_url
        self._stop = threading.Event()
        self._remind_next = 0.0
        self._forget_next = 0.0

    def stop(self) -> None:
        """Let the present notices be told, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Tell until stopped."""
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if time.monotonic() >= self._remind_next:
                    self._remind_next = time.monotonic() + REMIND_SECONDS
                    self.remind_due()
                    self.write_digests()
                    self._forget_old()
                self.tell_due()
            except Exception:
                # The database may be away for a moment; what is written down stays.
                log.exception("notices could not be told")

    def tell_due(self) -> int:
        """Tell what may be known now; returns how many notices were looked at."""
        count = 0
        while not self._stop.is_set():
            with self._database.read() as session:
                if not telling.any_waiting(session):
                    break
            with self._database.write.begin() as session:
                looked_at = telling.tell_some(session, self._public_url)
            if not looked_at:
                break  # another process has them in its hands
            count += looked_at
            self._stop.wait(PAUSE_SECONDS)
        return count

    def remind_due(self) -> int:
        """Write down whom to remind of a deadline; returns how many."""
        with self._database.read() as session:
            near = [each.id for each in reminders.to_remind(session)]
        count = 0
        for number in near:
            with self._database.write.begin() as session:
                assignment = session.get(CourseAssignment, number)
                count += 0 if assignment is None else reminders.remind(session, assignment)
        return count

    def _forget_old(self) -> None:
        if self._forget_next <= time.monotonic():
            self._forget_next = time.monotonic() + FORGET_SECONDS
            with self._database.write.begin() as session:
                telling.forget_old(session)

    def write_digests(self) -> int:
        """Write the digests whose time has come; returns to how many people."""
        count = 0
        while self._public_url is not None and not self._stop.is_set():
            with self._database.read() as session:
                if not digests.any_due(session):
                    break
            with self._database.write.begin() as session:
                written = digests.write_some(session, self._public_url)
            if not written:
                break  # another process has them in its hands
            count += written
        return count


def run_notices() -> int:
    """Tell and send until asked to stop."""
    signals = note_signals()
    settings = Settings.from_environment()
    database = open_database(settings.database_url)
    tasks: list[Teller | MailSender] = [Teller(settings, database)]
    if settings.mail_server is not None:
        tasks.append(MailSender(settings, database, settings.mail_server))
    # Daemons: a mail server that hangs must not hold up the end of the process.
    threads = [threading.Thread(target=task.run, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    while not signals:
        time.sleep(0.1)
    for task in tasks:
        task.stop()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return 0
