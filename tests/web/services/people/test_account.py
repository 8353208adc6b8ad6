"""Signing in and out, invitations, passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from web.db import now
from web.models import Invitation, SignInAttempt, User
from web.services.errors import RuleError
from web.services.people import accounts


def test_right_password_signs_in_and_out(world: World) -> None:
    """Somebody signs in, sees their course, signs out, and is nobody again."""
    client = world.client("student")

    assert "Deep learning for physicists" in client.get("/", follow_redirects=True).text
    client.post("/sign-out", data={"csrf_token": token_of(client, "/account")})
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize("email", [PEOPLE["student"][0], "nobody@example.org"])
def test_wrong_password_and_unknown_address_look_the_same(world: World, email: str) -> None:
    """The answer does not tell which accounts exist."""
    client = world.app.test_client()
    data = {"csrf_token": token_of(client, "/sign-in"), "email": email, "password": "wrong"}

    answer = client.post("/sign-in", data=data)

    assert answer.status_code == 403
    assert "do not belong together" in answer.text


def test_too_many_failures_are_throttled_and_pass_with_time(world: World) -> None:
    """After ten failures even the right password is refused, until a quarter of an hour is over."""
    email = PEOPLE["student"][0]
    with world.database.write.begin() as session:
        key = f"email:{email}"
        session.add_all(SignInAttempt(key=key) for _ in range(accounts.MOST_FAILURES_OF_ADDRESS))

    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, email, PASSWORD, "192.0.2.1")
    with world.database.write.begin() as session:
        for attempt in session.query(SignInAttempt):
            attempt.at = now() - timedelta(minutes=accounts.THROTTLE_MINUTES + 1)
    assert accounts.sign_in(world.database, email, PASSWORD, "192.0.2.1").email == email


def test_invitation_sets_a_password_once(world: World) -> None:
    """The link works once; the second time it says what to do."""
    with world.database.write.begin() as session:
        user = session.query(User).filter_by(email=PEOPLE["other"][0]).one()
        token = accounts.invite(session, user, None)
    client = world.app.test_client()
    page = f"/invitation/{token}"
    data = {
        "csrf_token": token_of(client, page),
        "password": "four words are long",
        "again": "four words are long",
    }

    assert client.post(page, data=data).status_code == 303
    again = world.app.test_client().get(page)

    assert again.status_code == 404
    assert "Ask your instructor" in again.text


def test_old_invitation_is_refused(world: World) -> None:
    """A link ends after two weeks."""
    with world.database.write.begin() as session:
        user = session.query(User).filter_by(email=PEOPLE["other"][0]).one()
        token = accounts.invite(session, user, None)
        session.flush()
        session.query(Invitation).one().expires_at = now() - timedelta(seconds=1)

    assert world.app.test_client().get(f"/invitation/{token}").status_code == 404


def test_new_password_ends_other_sessions(world: World) -> None:
    """Changing the password signs other devices out."""
    here, elsewhere = world.client("student"), world.client("student")
    data = {
        "csrf_token": token_of(here, "/account"),
        "current": PASSWORD,
        "password": "another long one",
        "again": "another long one",
    }

    assert here.post("/account", data=data).status_code == 303

    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


@pytest.mark.parametrize("password", ["short", "noether@example.org", "x" * 1001])
def test_bad_passwords_are_refused(password: str) -> None:
    """Too short, too long, or one's own address."""
    user = User(email="noether@example.org", name="Emmy Noether")

    with pytest.raises(RuleError):
        accounts.set_password(user, password)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nSet-Cookie: x", "/\x1b"],
)
def test_sign_in_never_leads_to_another_site(world: World, target: str) -> None:
    """Whatever the address bar says, one stays here."""
    client = world.app.test_client()
    data = {
        "csrf_token": token_of(client, "/sign-in"),
        "email": PEOPLE["student"][0],
        "password": PASSWORD,
    }

    answer = client.post("/sign-in", query_string={"next": target}, data=data)

    assert answer.headers["Location"] == "/"


def test_null_characters_are_refused(world: World) -> None:
    """In an address, a query or a form: no column of PostgreSQL's takes one."""
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "current": "a\0b"}

    answers = [
        client.get("/courses/d%00l/"),
        client.get("/?next=%00"),
        client.post("/account", data=data),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
