"""Links by e-mail: invitations, and new passwords for who asks, whoever that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from tests.web.mail_server import PUBLIC, Inbox, running, with_mail
from web.db import now
from web.models import AuditEntry, Invitation, Mail, Membership, Role, User
from web.services.errors import RuleError
from web.services.people import accounts, mailed_links, throttle
from web.workers.mail import MailSender

ADA = PEOPLE["student"][0]
NEW = "another long one"
FORM = "/forgotten-password"
ROSTER = "email,name\nzoe@example.org,Zoë\nmax@example.org,Max\n"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A mail server."""
    with running() as inbox:
        yield inbox


@pytest.fixture
def mailing(world: World, inbox: Inbox) -> World:
    """A portal that sends e-mail to it."""
    return with_mail(world, inbox)


def send(world: World) -> int:
    """Let a worker send what is due."""
    assert world.settings.mail_server is not None
    return MailSender(world.settings, world.database, world.settings.mail_server).send_due()


def ask(world: World, email: str = ADA, client: FlaskClient | None = None) -> tuple[int, str]:
    """Ask for a link; returns the answer without the address and the form's mark."""
    client = client or world.app.test_client()
    data = {"csrf_token": token_of(client, FORM), "email": email}
    answer = client.post(FORM, data=data)
    page = answer.text.replace(email, "EMAIL")
    return answer.status_code, re.sub(r'csrf_token" value="[^"]+"', "", page)


def link_in(message: EmailMessage) -> str:
    """The path of a message's link."""
    found = re.search(f"{re.escape(PUBLIC)}(/(?:invitation|role)/[\\w-]+)", message.get_content())
    assert found is not None
    return found[1]


def set_password(world: World, path: str, password: str = NEW) -> int:
    """Open a link and set a password."""
    client = world.app.test_client()
    if client.get(path).status_code != 200:
        return 404
    data = {"csrf_token": token_of(client, path), "password": password, "again": password}
    return client.post(path, data=data).status_code


def test_who_has_forgotten_a_password_sets_a_new_one(mailing: World, inbox: Inbox) -> None:
    """By a link that works once; all sessions end, and the log has it."""
    signed_in = mailing.client("student")
    assert 'href="/forgotten-password"' in mailing.app.test_client().get("/sign-in").text
    assert ask(mailing, f"  {ADA.upper()} ")[0] == 200
    assert send(mailing) == 1
    (message,) = inbox.to(ADA)
    assert "Set a new password" in mailing.app.test_client().get(link_in(message)).text

    assert set_password(mailing, link_in(message)) == 303

    assert set_password(mailing, link_in(message), "yet another one") == 404
    assert signed_in.get("/account").status_code == 302
    assert accounts.sign_in(mailing.database, ADA, NEW, "192.0.2.1").email == ADA
    with mailing.database.read() as session:
        log = session.scalars(select(AuditEntry).where(AuditEntry.target == ADA)).all()
        actions = [entry.action for entry in log]
        used = [entry.details for entry in log if entry.action == "account.link_used"]
    assert "account.link_requested" in actions
    assert used == [{"made_by": None, "sessions_ended": 1, "self_requested": True}]


def test_the_answer_does_not_tell_which_accounts_exist(mailing: World) -> None:
    """Page, status, and what is written are the same; a closed account counts as none."""
    with mailing.database.write.begin() as session:
        session.scalars(select(User).where(User.name == "Other")).one().active = False
    addresses = [ADA, "nobody@example.org", PEOPLE["other"][0], "no address"]

    answers = {ask(mailing, address) for address in addresses}

    assert len(answers) == 1
    with mailing.database.read() as session:
        assert len(session.scalars(select(Mail)).all()) == len(addresses)


def test_only_an_account_gets_a_message(mailing: World, inbox: Inbox) -> None:
    """What was written for nobody is dropped."""
    ask(mailing, "nobody@example.org")
    ask(mailing)

    send(mailing)

    assert [address for _, (address,) in inbox.envelopes] == [ADA]
    with mailing.database.read() as session:
        assert len(session.scalars(select(Mail)).all()) == 1


def test_a_link_is_valid_for_an_hour(mailing: World, inbox: Inbox) -> None:
    """From when it was sent."""
    ask(mailing)
    send(mailing)
    with mailing.database.write.begin() as session:
        invitation = session.scalars(select(Invitation)).one()
        assert timedelta(minutes=59) < invitation.expires_at - now() <= timedelta(hours=1)
        invitation.expires_at = now() - timedelta(seconds=1)

    assert set_password(mailing, link_in(inbox.taken[0])) == 404


def test_no_token_is_in_the_database(mailing: World, inbox: Inbox) -> None:
    """Neither before a message goes nor afterwards: a backup opens no account."""
    ask(mailing)
    send(mailing)
    token = link_in(inbox.taken[0]).rpartition("/")[2]
    mailing.database.engine.dispose()

    for path in mailing.settings.data.glob("portal.sqlite3*"):
        assert token.encode() not in path.read_bytes()


def test_a_new_password_ends_other_links(mailing: World, inbox: Inbox) -> None:
    """Those that were asked for as well, and one that staff have made."""
    with mailing.database.write.begin() as session:
        user = session.scalars(select(User).where(User.email == ADA)).one()
        shown = accounts.invite(session, user, None)
    ask(mailing)
    ask(mailing)
    send(mailing)
    first, second = (link_in(message) for message in inbox.taken)

    assert set_password(mailing, second) == 303

    assert set_password(mailing, first, "yet another one") == 404
    assert set_password(mailing, f"/invitation/{shown}", "yet another one") == 404


def test_asking_ends_no_link_of_others(mailing: World, inbox: Inbox) -> None:
    """Whoever knows an address cannot take an invitation away."""
    with mailing.database.write.begin() as session:
        user = session.scalars(select(User).where(User.email == ADA)).one()
        token = accounts.invite(session, user, None)
    ask(mailing)
    send(mailing)

    assert set_password(mailing, f"/invitation/{token}") == 303


def test_many_questions_are_throttled(mailing: World, inbox: Inbox) -> None:
    """From one network, whether or not there is an account; and nobody's mailbox is filled."""
    for address in (ADA, "nobody@example.org"):
        for _ in range(throttle.MOST_RESETS):
            assert ask(mailing, address)[0] == 200
        code, page = ask(mailing, address)
        assert code == 400
        assert "Too many attempts" in page
    for number in range(4):
        mailed_links.ask_for_reset(mailing.database, ADA, f"192.0.2.{number}")

    send(mailing)

    assert len(inbox.to(ADA)) == mailed_links.MOST_RESETS


def test_a_network_cannot_ask_for_everybody(mailing: World) -> None:
    """With another address each time."""
    for number in range(throttle.MOST_RESETS_OF_NETWORK):
        mailed_links.ask_for_reset(mailing.database, f"{number}@example.org", "192.0.2.1")

    with pytest.raises(RuleError, match="Too many"):
        mailed_links.ask_for_reset(mailing.database, "new@example.org", "192.0.2.1")
    mailed_links.ask_for_reset(mailing.database, "new@example.org", "192.0.2.2")


def test_links_lead_to_the_portal_whatever_host_was_asked(mailing: World, inbox: Inbox) -> None:
    """A forged `Host` does not reach a message."""
    client = mailing.app.test_client()
    data = {"csrf_token": token_of(client, FORM), "email": ADA}
    client.post(FORM, data=data, headers={"X-Forwarded-Host": "evil.example"})
    send(mailing)

    assert "evil" not in inbox.taken[0].as_string()
    assert f"{PUBLIC}/invitation/" in inbox.taken[0].get_content()


def test_without_a_mail_server_nothing_is_offered(world: World) -> None:
    """Pages are as they were."""
    client = world.app.test_client()

    assert client.get(FORM).status_code == 404
    assert "Forgot your password?" not in client.get("/sign-in").text
    assert "by e-mail" not in world.client("instructor").get("/courses/dl/staff/people/").text


def instruct(world: World, path: str, client: FlaskClient | None = None, **fields: str) -> str:
    """Send a form of the people's page, as the instructor."""
    client = client or world.client("instructor")
    page = "/courses/dl/staff/people/"
    data = {"csrf_token": token_of(client, page), **fields}
    return client.post(f"{page}{path}", data=data).text


def test_a_roster_is_invited_by_e_mail(mailing: World, inbox: Inbox) -> None:
    """Nobody handles links; each gets one of their own, which sets a first password."""
    page = instruct(mailing, "roster", text=ROSTER, role="student")
    assert 'name="by_mail" value="1" checked' in page

    page = instruct(mailing, "roster", text=ROSTER, role="student", confirmed="1", by_mail="1")

    assert "2 invitations are sent by e-mail." in page
    assert "/invitation/" not in page
    assert send(mailing) == 2
    (message,) = inbox.to("zoe@example.org")
    assert message["Subject"] == "Your account for Deep learning for physicists"
    assert "made for you by Instructor" in message.get_content()
    assert set_password(mailing, link_in(message)) == 303
    accounts.sign_in(mailing.database, "zoe@example.org", NEW, "192.0.2.1")


def test_a_role_is_offered_by_e_mail(mailing: World, inbox: Inbox) -> None:
    """It takes effect when the person opens the link, signed in."""
    with mailing.database.write.begin() as session:
        member = session.scalars(select(Membership).where(Membership.user_id == 4)).one()
        member.offered_role = Role.GRADER
        number = member.id
    page = instruct(mailing, f"{number}/link", by_mail="1")
    assert f"The link is sent to {ADA}." in page
    send(mailing)
    client = mailing.client("student")
    place = link_in(inbox.to(ADA)[0])

    client.post(place, data={"csrf_token": token_of(client, place)})

    with mailing.database.read() as session:
        assert session.get_one(Membership, number).role is Role.GRADER


def test_a_newer_link_ends_one_that_has_not_gone(mailing: World, inbox: Inbox) -> None:
    """Such as when the address was corrected, or another course has added the person."""
    with mailing.database.write.begin() as session:
        ada, maker = (session.get_one(User, number) for number in (4, 2))
        mailed_links.invite(session, ada, maker)
        accounts.end_links(session, ada)

    assert send(mailing) == 0
    assert inbox.taken == []
    assert accounts.sign_in(mailing.database, ADA, PASSWORD, "192.0.2.1").email == ADA


def test_a_link_that_is_sent_again_ends_the_one_before(mailing: World, inbox: Inbox) -> None:
    """A server that refuses a message for a while may have read it."""
    with mailing.database.write.begin() as session:
        mailed_links.invite(session, session.get_one(User, 4), session.get_one(User, 2))
    inbox.answers = {"DATA": "451 Later"}
    send(mailing)
    with mailing.database.write.begin() as session:
        first = session.scalars(select(Invitation)).one().token_hash
        session.scalars(select(Mail)).one().due_at = now()
    inbox.answers = {}

    send(mailing)

    with mailing.database.read() as session:
        assert session.scalars(select(Invitation)).one().token_hash != first
    assert set_password(mailing, link_in(inbox.taken[0])) == 303


def test_nobody_gets_any_number_of_invitations(mailing: World, inbox: Inbox) -> None:
    """Whoever may send links cannot fill a mailbox with them, nor by links that they see."""
    client = mailing.client("instructor")
    roster = {"text": ROSTER, "role": "student", "confirmed": "1", "by_mail": "1"}
    page = instruct(mailing, "roster", client, **roster)
    with mailing.database.read() as session:
        member = session.scalars(select(Membership).join(User).where(User.name == "Zoë")).one()
    assert "2 invitations are sent" in page
    send(mailing)
    for _ in range(mailed_links.MOST_INVITATIONS + 3):
        instruct(mailing, f"{member.id}/link", client, by_mail="1")
        send(mailing)
        instruct(mailing, f"{member.id}/link", client)
        instruct(mailing, "roster", client, **roster)
        send(mailing)

    assert len(inbox.to("zoe@example.org")) == mailed_links.MOST_INVITATIONS
    assert len(inbox.to("max@example.org")) == mailed_links.MOST_INVITATIONS
    (link,) = re.findall(r"/invitation/[\w-]+", instruct(mailing, f"{member.id}/link", client))[:1]
    assert set_password(mailing, link) == 303
