"""A real mail server of the tests' own, which keeps what it takes, or refuses it as it is told."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from tests.web.conftest import World
from tests.web.test_proxy import free_port
from web.config import Settings
from web.factory import create_app
from web.mail import MailServer

PUBLIC = "https://portal.example.org"
SENDER = "Grading <portal@example.org>"
USER, PASSWORD = "portal", "pass:word/@"


@dataclass
class Inbox:
    """
    What the server has taken, and what it is to do.

    Args:
        port: Where it listens.
        taken: The messages, as they were parsed.
        envelopes: Sender and recipients of each.
        answers: What it answers instead to the next messages, by step: ``"RCPT"`` or ``"DATA"``.
        break_off: Whether it ends the connection instead of answering the next message.
        sign_ins: Whether each password that was tried was the right one.
        goes_on: Whether it says that it has taken a message; else it waits.
        waits: Set while it does.
    """

    port: int
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    break_off: bool = False
    sign_ins: list[bool] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)
    waits: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Take messages at once, unless somebody clears the event."""
        self.goes_on.set()

    async def handle_RCPT(  # noqa: N802  # as aiosmtpd calls it
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # likewise
        self, server: SMTP, session: Any, envelope: Envelope
    ) -> str:
        """Take a message."""
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        if not self.goes_on.is_set():
            self.waits.set()
            await asyncio.to_thread(self.goes_on.wait, 60)
        if self.break_off:
            server.transport.close()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """What was taken for somebody."""
        return [message for message in self.taken if message["To"] == address]

    def sign_in(
        self, server: SMTP, session: Any, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        """Let the portal in by its password."""
        right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        self.sign_ins.append(right)
        return AuthResult(success=right, handled=False)


@contextmanager
def running(certificate: Path | None = None, *, at_once: bool = False) -> Iterator[Inbox]:
    """
    Run a server until the block ends.

    Args:
        certificate: A folder with `portal.pem` and `portal.key`; with it TLS and a password are
            needed.
        at_once: Whether TLS begins with the connection.
    """
    inbox = Inbox(free_port())
    options: dict[str, Any] = {}
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate / "portal.pem", certificate / "portal.key")
        options = {"authenticator": inbox.sign_in, "auth_require_tls": not at_once}
        if not at_once:
            options |= {"tls_context": context, "require_starttls": True, "auth_required": True}
    controller = Controller(
        inbox,
        hostname="localhost",
        port=inbox.port,
        ssl_context=context if at_once else None,
        **options,
    )
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def settings_with(settings: Settings, inbox: Inbox) -> Settings:
    """Return settings by which a portal sends its messages there."""
    server = MailServer.from_url(f"smtp://localhost:{inbox.port}", SENDER)
    return replace(settings, mail_server=server, public_url=PUBLIC)


def with_mail(world: World, inbox: Inbox) -> World:
    """Return the same portal, sending its messages there."""
    settings = settings_with(world.settings, inbox)
    hosts = replace(settings, trusted_hosts=frozenset({"localhost"}), https=False)
    app = create_app(hosts, world.database)
    app.testing = True
    return World(app, world.database, hosts)


def wait_until(condition: Any, seconds: float = 30) -> None:
    """Wait for a state."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
