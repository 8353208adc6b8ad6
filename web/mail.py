"""E-mail: the server that takes it, what a message looks like, and how one is handed over."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from typing import Final, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from autograder.errors import InputError

TIMEOUT_SECONDS: Final = 20.0
LONGEST_SUBJECT: Final = 150
_LONGEST_REPLY: Final = 300
_SUBMISSION, _OVER_TLS = 587, 465
_PERMANENT: Final = 500
_EXAMPLE: Final = "smtps://user:password@mail.example.org"


class MailError(Exception):
    """
    A message was not taken; the text says why.

    Args:
        reason: In words, without a password.
        permanent: Whether it is of no use to try this message again.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class UncertainError(MailError):
    """Nobody knows whether the server took the message, so that it may not be sent again."""


@dataclass(frozen=True)
class MailServer:
    """
    Who takes the portal's e-mail, and in whose name it is sent.

    Args:
        host: Its name.
        port: Where it listens.
        sender: The address in `From`, which errors are returned to as well.
        over_tls: Whether TLS begins with the connection; else by STARTTLS.
        needs_tls: Whether nothing is sent without TLS.
        user: For whom to sign in; empty: nobody.
        password: Theirs.
    """

    host: str
    port: int
    sender: Address
    over_tls: bool = False
    needs_tls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str, sender: str) -> Self:
        """
        Read the settings ``AUTOGRADER_SMTP_URL`` and ``AUTOGRADER_MAIL_FROM``.

        Raises:
            InputError: If one of them cannot be used; does not repeat a password.
        """
        parts = _split(url)
        over_tls = parts.scheme == "smtps"
        plain = parse_qs(parts.query) == {"tls": ["no"]}
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        host = parts.hostname or ""
        if plain and (over_tls or user):
            raise InputError(
                "AUTOGRADER_SMTP_URL: with “?tls=no” everybody on the way reads what is sent, so "
                "it goes with smtp:// and without a password only"
            )
        if not f"{user}{password}".isascii():
            raise InputError("AUTOGRADER_SMTP_URL: user and password must be plain ASCII")
        # What stays on this machine needs no TLS.
        needs_tls = not plain and not (_is_own(host) and not user)
        port = parts.port or (_OVER_TLS if over_tls else _SUBMISSION)
        return cls(host, port, _sender(sender), over_tls, needs_tls, user, password)

    def __str__(self) -> str:
        """Return where it is, for people."""
        return f"{self.host}:{self.port}"


@contextmanager
def connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """
    Connect and sign in; the connection ends with the block.

    Raises:
        MailError: If that fails.
    """
    try:
        smtp = _connection(server)
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"{server} cannot be used: {_words(error)}") from None
    try:
        yield smtp
    finally:
        # What was taken is taken, however the connection ends.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()


def hand_over(smtp: smtplib.SMTP, server: MailServer, to: str, message: bytes) -> None:
    """
    Give a message to the server.

    Args:
        smtp: The connection.
        server: Who is at its other end.
        to: The recipient's address.
        message: As `compose` made it.

    Raises:
        MailError: If the server does not take it.
        UncertainError: If the connection broke after the message had begun to go over it.
    """
    try:
        # After a refusal the server may still expect the rest of what was begun.
        smtp.rset()
        _check(*smtp.mail(server.sender.addr_spec))
        _check(*smtp.rcpt(to), about_message=True)
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(_words(error)) from None
    try:
        _check(*smtp.data(message), about_message=True)
    except smtplib.SMTPDataError as error:
        _check(error.smtp_code, _as_bytes(error.smtp_error), about_message=True)
    except (OSError, smtplib.SMTPException) as error:
        raise UncertainError(_words(error)) from None


def compose(
    server: MailServer,
    to: str,
    subject: str,
    text: str,
    *,
    message_id: str,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """
    Write a message as it goes over the line.

    Args:
        server: In whose name.
        to: The recipient's address.
        subject: In plain text; what is not printable is left out.
        text: Its plain text.
        message_id: By which mail programs know it again.
        headers: Further ones.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = server.sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    # Nobody's holiday reply answers a program.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for name, value in (headers or {}).items():
        message[name] = value
    # Every server takes this encoding, whatever it is able to.
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def one_line(text: str) -> str:
    """Return a text without line ends and what cannot be seen, no longer than a subject may be."""
    # Untrusted: titles are typed by people; a line end would begin a header of theirs.
    words = "".join(each for each in " ".join(text.split()) if each.isprintable())
    # So would one in an encoded word, which the library decodes when it is written out. Looked for
    # last, or what cannot be seen would part its two first characters until then.
    return words.replace("=?", "= ?")[:LONGEST_SUBJECT]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query not in ("", "tls=no"):
        raise InputError(f"AUTOGRADER_SMTP_URL: is not an address such as {_EXAMPLE}")
    return parts


def _sender(text: str) -> Address:
    try:
        ((name, address),) = getaddresses([text])
        sender = Address(name, addr_spec=address)
    except (ValueError, IndexError):
        sender = Address()
    if not (sender.username and "." in sender.domain and address.isascii()):
        raise InputError(
            f"AUTOGRADER_MAIL_FROM={text}: is not an address such as portal@example.org or "
            "Grading <portal@example.org>"
        )
    return sender


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _connection(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.over_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.over_tls and (server.needs_tls or smtp.has_extn("starttls")):
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _check(code: int, reply: bytes, *, about_message: bool = False) -> None:
    if code not in (250, 251):
        # That this sender is refused is for the operator to correct; the message can wait.
        raise MailError(_reply(code, reply), permanent=about_message and code >= _PERMANENT)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, _as_bytes(error.smtp_error))
    return _plain(str(error) or type(error).__name__)


def _reply(code: int, reply: bytes) -> str:
    return _plain(f"{code} {reply.decode('utf-8', 'replace')}")


def _as_bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode()


def _plain(text: str) -> str:
    # Untrusted: a server says what it likes, and the log shows it.
    return "".join(each if each.isprintable() else " " for each in text)[:_LONGEST_REPLY]
