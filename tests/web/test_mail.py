"""E-mail over the line, with a real server: settings, TLS, sign-in, what a message looks like."""

from __future__ import annotations

import email
from email import policy
from pathlib import Path

import pytest

from autograder.cli import main
from autograder.errors import InputError
from tests.web.conftest import World
from tests.web.mail_server import PUBLIC, SENDER, USER, running
from tests.web.test_proxy import certificate, free_port
from web.config import Settings
from web.mail import MailError, MailServer, UncertainError, compose, connected, hand_over

ADA = "ada@example.org"


def message(server: MailServer, subject: str = "Grüße") -> bytes:
    """A message to Ada."""
    return compose(server, ADA, subject, "Hällo.\n", message_id="<1@portal.example.org>")


def send(server: MailServer, subject: str = "Grüße") -> None:
    """Hand one over."""
    with connected(server) as smtp:
        hand_over(smtp, server, ADA, message(server, subject))


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for `localhost` that this process trusts."""
    certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "portal.pem"))
    return tmp_path


def test_a_message_arrives_as_it_was_written() -> None:
    """Plain text, in our name, marked as a program's; its sender gets what cannot be delivered."""
    with running() as inbox:
        send(MailServer.from_url(f"smtp://localhost:{inbox.port}", SENDER))

    (taken,) = inbox.taken
    assert inbox.envelopes == [("portal@example.org", [ADA])]
    assert taken["From"] == SENDER
    assert taken["Subject"] == "Grüße"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"] == "<1@portal.example.org>"
    assert taken.get_content_type() == "text/plain"
    assert taken.get_content().splitlines() == ["Hällo."]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_tls_and_password(trusted: Path, scheme: str) -> None:
    """By STARTTLS, or from the beginning; a password may have any characters."""
    with running(trusted, at_once=scheme == "smtps") as inbox:
        url = f"{scheme}://{USER}:pass%3Aword%2F%40@localhost:{inbox.port}"
        send(MailServer.from_url(url, SENDER))

    assert len(inbox.taken) == 1
    assert inbox.sign_ins == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, scheme: str) -> None:
    """Neither a message nor the password."""
    certificate(tmp_path)
    with running(tmp_path, at_once=scheme == "smtps") as inbox:
        server = MailServer.from_url(f"{scheme}://{USER}:x@localhost:{inbox.port}", SENDER)
        with pytest.raises(MailError, match="certificate verify failed"):
            send(server)

    assert inbox.taken == []
    assert inbox.sign_ins == []


def test_a_password_never_goes_without_tls() -> None:
    """Not to this machine either, where somebody else may listen."""
    with running() as inbox:
        server = MailServer.from_url(f"smtp://{USER}:x@localhost:{inbox.port}", SENDER)
        with pytest.raises(MailError, match="STARTTLS"):
            send(server)

    assert inbox.taken == []


def test_a_wrong_password_is_told_without_it(trusted: Path) -> None:
    """With what the server says."""
    with running(trusted) as inbox:
        server = MailServer.from_url(f"smtp://{USER}:wrong-one@localhost:{inbox.port}", SENDER)
        with pytest.raises(MailError, match="535") as failed:
            send(server)

    assert "wrong-one" not in str(failed.value) + repr(server)


def test_no_server_is_a_reason_in_words() -> None:
    """And not a traceback."""
    server = MailServer.from_url(f"smtp://localhost:{free_port()}", SENDER)
    with pytest.raises(MailError, match=r"^localhost:\d+ cannot be used: .*refused"):
        send(server)


@pytest.mark.parametrize(
    ("step", "reply", "permanent"),
    [
        ("RCPT", "550 No such person", True),
        ("RCPT", "450 Later", False),
        ("DATA", "554 Spam", True),
        ("DATA", "452 Disk full", False),
    ],
)
def test_a_refusal_says_whether_to_try_again(step: str, reply: str, *, permanent: bool) -> None:
    """The connection serves the next message all the same."""
    with running() as inbox:
        server = MailServer.from_url(f"smtp://localhost:{inbox.port}", SENDER)
        with connected(server) as smtp:
            inbox.answers = {step: reply}
            with pytest.raises(MailError, match=reply) as refused:
                hand_over(smtp, server, ADA, message(server))
            inbox.answers = {}
            hand_over(smtp, server, ADA, message(server, "Next"))

    assert refused.value.permanent is permanent
    assert not isinstance(refused.value, UncertainError)
    assert [each["Subject"] for each in inbox.taken] == ["Next"]


def test_a_connection_that_breaks_at_the_end_leaves_it_open() -> None:
    """The server may have taken the message: nobody knows."""
    with running() as inbox:
        server = MailServer.from_url(f"smtp://localhost:{inbox.port}", SENDER)
        inbox.break_off = True
        with pytest.raises(UncertainError):
            send(server)

    assert len(inbox.taken) == 1


@pytest.mark.parametrize(
    "subject",
    [
        "XOR\r\nBcc: eve@example.org",
        "XOR\nBcc: eve@example.org\n\nBuy this",
        "XOR\u2028Bcc: eve@example.org",
        "XOR\x85Bcc: eve@example.org",
        "=?utf-8?q?XOR=0D=0ABcc:_eve@example.org?=",
        "=\u200b?utf-8?q?XOR=0D=0ABcc:_eve@example.org?=",
        "=\u202e?utf-8?q?XOR=0D=0A=0D=0AI_write_this?=",
        "A" * 1000 + "\r\nBcc: eve@example.org",
    ],
)
def test_no_title_becomes_a_header(subject: str) -> None:
    """Whatever somebody calls an assignment."""
    server = MailServer.from_url("smtp://localhost", SENDER)

    written = email.message_from_bytes(message(server, subject), policy=policy.default)

    assert written["Bcc"] is None
    assert written["Auto-Submitted"] == "auto-generated"
    assert written.get_content().splitlines() == ["Hällo."]
    assert all(len(line) < 998 for line in message(server, subject).splitlines())


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:port",
        "smtp://mail.example.org/folder",
        "smtp://mail.example.org?tls=maybe",
        "smtps://mail.example.org?tls=no",
        "smtp://portal:secret-word@mail.example.org?tls=no",
        "smtps://portal:secret-wörd@mail.example.org",
    ],
)
def test_an_address_that_is_none_is_named_without_its_password(url: str) -> None:
    """By its setting."""
    with pytest.raises(InputError, match="AUTOGRADER_SMTP_URL: ") as refused:
        MailServer.from_url(url, SENDER)

    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("sender", ["", "portal", "portal@example", "a@b.org, c@d.org", "é@x.org"])
def test_a_sender_that_is_none_is_named(sender: str) -> None:
    """By its setting."""
    with pytest.raises(InputError, match="AUTOGRADER_MAIL_FROM="):
        MailServer.from_url("smtp://localhost", sender)


@pytest.mark.parametrize(
    ("url", "port", "over_tls", "needs_tls"),
    [
        ("smtps://mail.example.org", 465, True, True),
        ("smtp://mail.example.org", 587, False, True),
        ("smtp://mail.example.org:25?tls=no", 25, False, False),
        ("smtp://localhost:25", 25, False, False),
        ("smtp://me:x@localhost:25", 25, False, True),
    ],
)
def test_how_each_address_is_reached(
    url: str, port: int, *, over_tls: bool, needs_tls: bool
) -> None:
    """Without TLS only where somebody says so, or on this machine."""
    server = MailServer.from_url(url, SENDER)

    assert (server.port, server.over_tls, server.needs_tls) == (port, over_tls, needs_tls)


@pytest.fixture
def operators(world: World, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The settings of an operator, without e-mail."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(world.settings.data))
    monkeypatch.setenv("AUTOGRADER_PUBLIC_URL", PUBLIC)
    monkeypatch.delenv("AUTOGRADER_SMTP_URL", raising=False)
    return monkeypatch


def test_settings_name_the_server(operators: pytest.MonkeyPatch) -> None:
    """None by default; with one the portal must know its own address, with which links begin."""
    assert Settings.from_environment().mail_server is None
    operators.setenv("AUTOGRADER_SMTP_URL", f"smtps://{USER}:secret-word@mail.example.org")
    operators.setenv("AUTOGRADER_MAIL_FROM", SENDER)

    settings = Settings.from_environment()

    assert settings.mail_server is not None
    assert str(settings.mail_server) == "mail.example.org:465"
    assert "secret-word" not in repr(settings)
    operators.delenv("AUTOGRADER_PUBLIC_URL")
    with pytest.raises(InputError, match="AUTOGRADER_PUBLIC_URL is not set"):
        Settings.from_environment()


def test_operator_tries_the_server(
    operators: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message at once; what is wrong is told in a sentence."""
    assert main(["mail-test", ADA]) != 0
    assert "AUTOGRADER_SMTP_URL is not set" in capsys.readouterr().err
    operators.setenv("AUTOGRADER_MAIL_FROM", SENDER)
    with running() as inbox:
        operators.setenv("AUTOGRADER_SMTP_URL", f"smtp://localhost:{inbox.port}")
        assert main(["mail-test", "ada"]) != 0
        assert "is not an e-mail address" in capsys.readouterr().err
        assert main(["mail-test", ADA]) == 0
        assert "has taken a message to ada@example.org" in capsys.readouterr().out
        inbox.answers = {"RCPT": "550 No such person"}
        assert main(["mail-test", ADA]) != 0
        assert "550 No such person" in capsys.readouterr().err

    assert PUBLIC in inbox.taken[0].get_content()
