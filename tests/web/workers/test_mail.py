"""The queue of messages and its worker: each goes at most once, whatever happens to the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.web.conftest import PEOPLE, World, run_all
from tests.web.mail_server import PUBLIC, SENDER, Inbox, running, wait_until, with_mail
from web.db import now
from web.models import Mail, MailKind, User
from web.services.notices import outgoing
from web.workers.mail import MailSender

ADA = PEOPLE["student"][0]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A mail server."""
    with running() as inbox:
        yield inbox


def sender(world: World, inbox: Inbox) -> MailSender:
    """A worker that sends to it."""
    there = with_mail(world, inbox)
    assert there.settings.mail_server is not None
    return MailSender(there.settings, there.database, there.settings.mail_server)


def write(world: World, *subjects: str, who: str = "Student") -> None:
    """Put messages into the queue."""
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.name == who)).one()
        for subject in subjects:
            mail = Mail(kind=MailKind.DIGEST, user_id=user.id, subject=subject, text="News.")
            session.add(mail)


def states(world: World) -> list[tuple[str, int]]:
    """The state of each message, and how often it was tried in vain."""
    with world.database.read() as session:
        found = session.scalars(select(Mail).order_by(Mail.id))
        return [(mail.state.value, mail.tries) for mail in found]


def let_pass(world: World, length: timedelta) -> None:
    """Let all that waits be due so much earlier, as if time had passed."""
    with world.database.write.begin() as session:
        for mail in session.scalars(select(Mail)):
            mail.due_at -= length
            mail.created_at -= length


def test_what_is_due_goes_once(either: World, inbox: Inbox) -> None:
    """To the address of the account, with a greeting, a way out, and nothing twice."""
    write(either, "First", "Second")
    worker = sender(either, inbox)

    assert [worker.send_due(), worker.send_due()] == [2, 0]

    first, second = inbox.to(ADA)
    assert (first["Subject"], second["Subject"]) == ("First", "Second")
    assert first["Message-ID"] != second["Message-ID"]
    assert first["List-Unsubscribe"].startswith(f"<{PUBLIC}/unsubscribe/")
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first.get_content().startswith("Hello Student,")
    assert f"Choose which messages you get: {PUBLIC}/account/notices" in first.get_content()
    assert states(either) == [("sent", 0), ("sent", 0)]


def test_workers_at_once_send_nothing_twice(either: World, inbox: Inbox) -> None:
    """Several machines may run one each."""
    write(either, *(f"Number {number}" for number in range(12)))
    workers = [sender(either, inbox) for _ in range(3)]

    run_all([lambda worker=worker: [worker.send_due() for _ in range(2)] for worker in workers])

    assert sorted(each["Subject"] for each in inbox.taken) == sorted(
        f"Number {number}" for number in range(12)
    )


def test_a_server_that_is_away_is_tried_again_and_again(world: World) -> None:
    """After 5 seconds, a minute, …, a day; then it is given up, and told nobody else."""
    write(world, "News")
    with running() as other:
        away = sender(world, other)
    pauses = []
    for _ in outgoing.PAUSES:
        before = now()
        assert away.send_due() == 0
        pauses.append(due(world) - before)
        let_pass(world, pauses[-1] - timedelta(seconds=2))
        assert away.send_due() == 0  # nothing is due yet
        let_pass(world, timedelta(seconds=2))
    assert [round(each.total_seconds()) for each in pauses] == [
        5, 60, 300, 1800, 7200, 21_600, 86_400,
    ]  # fmt: skip
    assert states(world) == [("queued", 7)]
    away.send_due()
    assert states(world) == [("failed", 7)]


def due(world: World) -> datetime:
    """When the only message is tried next."""
    with world.database.read() as session:
        return session.scalars(select(Mail)).one().due_at


def test_a_server_that_comes_back_gets_what_waits(world: World, inbox: Inbox) -> None:
    """Without anybody doing anything."""
    write(world, "News")
    with running() as other:
        away = sender(world, other)
    away.send_due()
    let_pass(world, timedelta(seconds=6))

    assert sender(world, inbox).send_due() == 1
    assert states(world) == [("sent", 1)]


def test_what_a_server_says_at_length_is_cut(portal: World, inbox: Inbox) -> None:
    """PostgreSQL takes no more than fits."""
    write(portal, "Refused")
    inbox.answers = {"RCPT": "450 " + "No. " * 100}

    sender(portal, inbox).send_due()

    assert states(portal) == [("queued", 1)]
    with running() as gone:
        pass
    let_pass(portal, timedelta(minutes=1))
    sender(portal, gone).send_due()
    assert states(portal) == [("queued", 2)]


@pytest.mark.parametrize(
    ("step", "reply", "state"),
    [
        ("RCPT", "550 No such person", ("failed", 0)),
        ("RCPT", "450 Mailbox busy", ("queued", 1)),
        ("DATA", "452 Disk full", ("queued", 1)),
    ],
)
def test_one_that_is_refused_holds_up_no_other(
    world: World, inbox: Inbox, step: str, reply: str, state: tuple[str, int]
) -> None:
    """For good, or for a while."""
    write(world, "Refused")
    inbox.answers = {step: reply}
    worker = sender(world, inbox)
    worker.send_due()
    inbox.answers = {}
    write(world, "Taken")

    assert worker.send_due() == 1
    assert states(world) == [state, ("sent", 0)]


def test_one_of_which_nobody_knows_is_not_sent_again(world: World, inbox: Inbox) -> None:
    """The server has taken it, and the connection broke before it said so."""
    write(world, "News")
    inbox.break_off = True
    worker = sender(world, inbox)
    worker.send_due()
    inbox.break_off = False
    let_pass(world, timedelta(days=1))
    worker.send_due()

    assert len(inbox.taken) == 1
    assert states(world) == [("unknown", 0)]


def test_a_message_of_a_worker_that_was_killed_is_not_sent_again(
    world: World, inbox: Inbox
) -> None:
    """It had been claimed; what was not goes on, by the next worker."""
    write(world, "Lost", "Next")
    with world.database.write.begin() as session:
        assert outgoing.claim(session, sender(world, inbox)._origin) is not None
    assert sender(world, inbox).send_due() == 1
    let_pass(world, outgoing.HELD + timedelta(seconds=1))

    sender(world, inbox).send_due()

    assert [each["Subject"] for each in inbox.taken] == ["Next"]
    assert states(world) == [("unknown", 0), ("sent", 0)]


def test_nobody_gets_what_is_out_of_date(world: World, inbox: Inbox) -> None:
    """Such as after e-mail was not set up for a week."""
    write(world, "Old")
    let_pass(world, outgoing.TOO_OLD + timedelta(seconds=1))

    sender(world, inbox).send_due()

    assert inbox.taken == []
    assert states(world) == [("failed", 0)]


def test_closed_accounts_get_nothing(world: World, inbox: Inbox) -> None:
    """Also what was written before they were closed."""
    write(world, "News")
    with world.database.write.begin() as session:
        session.scalars(select(User).where(User.email == ADA)).one().active = False

    sender(world, inbox).send_due()

    assert inbox.taken == []
    assert states(world) == []


def test_what_ended_long_ago_is_forgotten(world: World, inbox: Inbox) -> None:
    """After a month."""
    write(world, "News")
    worker = sender(world, inbox)
    worker.send_due()
    with world.database.write.begin() as session:
        session.scalars(select(Mail)).one().ended_at = now() - timedelta(days=31)

    sender(world, inbox).send_due()

    assert states(world) == []


@contextmanager
def process(world: World, inbox: Inbox) -> Iterator[subprocess.Popen[bytes]]:
    """The process that `autograder serve` runs; what it says is in a file."""
    environment = os.environ | {
        "AUTOGRADER_DATA": str(world.settings.data),
        "AUTOGRADER_PUBLIC_URL": PUBLIC,
        "AUTOGRADER_SMTP_URL": f"smtp://localhost:{inbox.port}",
        "AUTOGRADER_MAIL_FROM": SENDER,
    }
    command = "import sys; from web.workers.notices import run_notices; sys.exit(run_notices())"
    with (world.settings.data / "log").open("w") as log:
        running = subprocess.Popen(
            [sys.executable, "-c", command], env=environment, stderr=log, stdout=log
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()


def test_process_sends_and_ends_in_order(world: World, inbox: Inbox) -> None:
    """It says where messages go, sends them, and ends quickly."""
    write(world, "News")
    with process(world, inbox) as running:
        # A message that waited, and the reminder of two students: the deadline is a day away.
        wait_until(lambda: states(world) == [("sent", 0)] * 3)
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0

    subjects = sorted(each["Subject"].partition(" due ")[0] for each in inbox.taken)
    assert subjects == ["News", "XOR weights:", "XOR weights:"]
    log = (world.settings.data / "log").read_text()
    assert log == f"E-mail goes by localhost:{inbox.port} as {SENDER}.\n"


def test_process_that_is_killed_sends_nothing_twice(world: World, inbox: Inbox) -> None:
    """The server has the message, and has not said so: whoever comes next leaves it alone."""
    write(world, "News")
    inbox.goes_on.clear()
    with process(world, inbox) as killed:
        assert inbox.waits.wait(60)
        killed.kill()
        killed.wait()
    inbox.goes_on.set()
    assert states(world)[0] == ("sending", 0)

    let_pass(world, outgoing.HELD + timedelta(seconds=1))
    sender(world, inbox).send_due()

    assert [each["Subject"] for each in inbox.taken].count("News") == 1
    assert states(world)[0] == ("unknown", 0)
