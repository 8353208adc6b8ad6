"""Sends what waits in the queue of messages, beside pages and grading, which never wait for it."""

from __future__ import annotations

import logging
import smtplib
import threading
import time
from email.utils import make_msgid
from typing import Final
from urllib.parse import urlsplit

from autograder.errors import InputError
from web.config import Settings
from web.db import Database
from web.mail import MailError, MailServer, UncertainError, compose, connected, hand_over
from web.services.notices import outgoing
from web.services.notices.letters import Letter, Origin
from web.services.notices.outgoing import Outcome
from web.services.people.names import is_address, normalised

log: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
TIDY_SECONDS: Final = 60.0
MOST_BY_CONNECTION: Final = 100


class MailSender:
    """
    Sends messages one after another until it is stopped.

    Args:
        settings: Of the portal.
        database: Where the queue is.
        server: Who takes the messages.
    """

    def __init__(self, settings: Settings, database: Database, server: MailServer) -> None:
        self._database = database
        self._server = server
        self._origin = Origin(settings.public_url, settings.secret_key)
        self._stop = threading.Event()
        self._is_away = False
        self._tidied = 0.0

    def stop(self) -> None:
        """Let the present message go, then return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Send until stopped."""
        self.check()
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.send_due()
            except Exception:
                # The database may be away for a moment; what was claimed is not sent twice.
                log.exception("messages could not be sent")

    def check(self) -> bool:
        """Find out whether the server can be used, and tell the operator."""
        try:
            with connected(self._server):
                pass
        except MailError as error:
            self._note_away(error)
            return False
        print(f"E-mail goes by {self._server} as {self._server.sender}.", flush=True)
        return True

    def send_due(self) -> int:
        """Send what is due; returns how many messages the server took."""
        self._tidy()
        with self._database.read() as session:
            if not outgoing.any_due(session):
                return 0
        try:
            with connected(self._server) as smtp:
                self._is_away = False
                return self._send_by(smtp)
        except MailError as error:
            self._note_away(error)
            with self._database.write.begin() as session:
                outgoing.postpone(session, str(error))
            return 0

    def _tidy(self) -> None:
        if self._tidied and time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        with self._database.write.begin() as session:
            if lost := outgoing.tidy(session):
                log.warning("nobody knows whether %d messages were taken", lost)

    def _send_by(self, smtp: smtplib.SMTP) -> int:
        """Send by one connection, as long as it lasts."""
        count = 0
        for _ in range(MOST_BY_CONNECTION):
            # A server that ends the connection leaves no socket behind.
            if self._stop.is_set() or smtp.sock is None:
                break
            with self._database.write.begin() as session:
                letter = outgoing.claim(session, self._origin)
            if letter is None:
                break
            outcome, reason = self._send(smtp, letter)
            with self._database.write.begin() as session:
                outgoing.finish(session, letter, outcome, reason)
            count += outcome is Outcome.SENT
        return count

    def _send(self, smtp: smtplib.SMTP, letter: Letter) -> tuple[Outcome, str]:
        try:
            message = compose(
                self._server,
                letter.to,
                letter.subject,
                letter.text,
                message_id=letter.message_id,
                headers=letter.headers,
            )
            hand_over(smtp, self._server, letter.to, message)
        except UncertainError as error:
            log.warning("nobody knows whether message %d was taken: %s", letter.mail_id, error)
            return Outcome.UNKNOWN, str(error)
        except MailError as error:
            log.warning("message %d was not taken: %s", letter.mail_id, error)
            return Outcome.REFUSED if error.permanent else Outcome.TRY_LATER, str(error)
        except Exception as error:
            # One that cannot be written must not hold up the others.
            log.exception("message %d cannot be sent", letter.mail_id)
            return Outcome.REFUSED, type(error).__name__
        return Outcome.SENT, ""

    def _note_away(self, error: MailError) -> None:
        if not self._is_away:
            log.warning("e-mail waits, and is tried again: %s", error)
        self._is_away = True


def send_test(address: str) -> int:
    """
    Send a message at once, for the operator; returns the command's exit code.

    Raises:
        InputError: If no e-mail is set up, the address is none, or the server does not take it.
    """
    settings = Settings.from_environment()
    server = settings.mail_server
    if server is None:
        raise InputError("AUTOGRADER_SMTP_URL is not set, so the portal sends no e-mail")
    to = normalised(address)
    if not is_address(to):
        raise InputError(f"{address}: is not an e-mail address")
    host = urlsplit(settings.public_url).hostname
    text = f"E-mail of the portal at {settings.public_url} works.\n"
    message_id = make_msgid(domain=host)
    message = compose(server, to, "E-mail works", text, message_id=message_id)
    try:
        with connected(server) as smtp:
            hand_over(smtp, server, to, message)
    except MailError as error:
        raise InputError(f"the message was not taken: {error}") from None
    print(f"{server} has taken a message to {to}. Look whether it arrives.")
    return 0
