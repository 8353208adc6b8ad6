"""Signing in and out, invitations, passwords."""

from __future__ import annotations

import queue
import threading
import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from web.db import now
from web.models import BrowserSession, Invitation, Role, SignInAttempt, User
from web.services import turns
from web.services.errors import BusyError, RuleError
from web.services.people import accounts, hashing, roles, throttle

STUDENT = PEOPLE["student"][0]
NEW = "another long one"


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
    assert "Wrong e-mail address or password" in answer.text


def fail(world: World, count: int, network: str = "192.0.2.1", email: str = STUDENT) -> None:
    """Try a wrong password so many times."""
    for _ in range(count):
        with pytest.raises(RuleError, match="Wrong e-mail address or password"):
            accounts.sign_in(world.database, email, "wrong", network)


def test_too_many_failures_are_throttled_and_pass_with_time(world: World) -> None:
    """After ten failures even the right password is refused, until a quarter of an hour is over."""
    fail(world, throttle.MOST_FAILURES)

    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")
    with world.database.write.begin() as session:
        for attempt in session.query(SignInAttempt):
            attempt.at = now() - timedelta(minutes=throttle.MINUTES + 1)
    assert accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1").email == STUDENT


def test_tries_at_once_are_not_more_than_one_after_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try counts before its password is verified."""
    # So that all of them have a place: who has none is not looked at, and does not count.
    monkeypatch.setattr(hashing, "_IN_LINE", threading.BoundedSemaphore(16))
    monkeypatch.setattr(turns, "MOST_AT_ONCE", 16)
    begin = threading.Barrier(16)
    words: list[str] = []

    def guess() -> None:
        begin.wait()
        try:
            accounts.sign_in(world.database, STUDENT, "wrong", "192.0.2.1")
        except RuleError as error:
            words.append(str(error)[:8])

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert words.count("Too many") == 16 - throttle.MOST_FAILURES


def test_nobody_is_shut_out_from_elsewhere(world: World) -> None:
    """Failures from other networks refuse nobody; they leave everybody fewer mistakes."""
    for number in range(throttle.MANY_FAILURES_OF_ADDRESS // throttle.MOST_FAILURES):
        fail(world, throttle.MOST_FAILURES, f"198.51.100.{number}")

    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")
    accounts.sign_in(world.database, PEOPLE["other"][0], PASSWORD, "198.51.100.1")
    fail(world, throttle.MOST_FAILURES_OF_MANY, "192.0.2.2")
    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.2")


def test_a_class_signs_in_behind_one_network(world: World, hashed_password: str) -> None:
    """A hundred people within a minute, though each of them mistypes the password once."""
    people = [f"s{number}@example.org" for number in range(100)]
    with world.database.write.begin() as session:
        session.add_all(User(email=e, name=e, password_hash=hashed_password) for e in people)
    begun = time.monotonic()

    for email in people:
        fail(world, 1, email=email)
    for email in people:
        assert accounts.sign_in(world.database, email, PASSWORD, "192.0.2.1").email == email

    assert time.monotonic() - begun < 60


def test_right_passwords_are_no_failures(world: World) -> None:
    """Neither of the person nor of the network; how many there were is counted apart."""
    fail(world, 1)
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")

    with world.database.read() as session:
        keys = session.scalars(select(SignInAttempt.key)).all()
    # What failed before stays where it counts with others' failures.
    assert sorted(key.partition(":")[0] for key in keys) == [
        "address",
        "network",
        "right",
        "site",
    ]


def test_nobody_signs_in_again_and_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each right password takes time that others need; elsewhere, and later, it works again."""
    monkeypatch.setattr(throttle, "MOST_RIGHT", 10)
    for _ in range(throttle.MOST_RIGHT):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")

    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")
    accounts.sign_in(world.database, PEOPLE["other"][0], PASSWORD, "192.0.2.1")
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.2")
    with world.database.write.begin() as session:
        for attempt in session.query(SignInAttempt):
            attempt.at = now() - timedelta(minutes=throttle.MINUTES + 1)
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")


def test_few_threads_wait_for_a_hash(world: World, hashed_password: str) -> None:
    """The others are for pages: who finds the line full is told at once, and has not failed."""
    people = [f"s{number}@example.org" for number in range(20)]
    with world.database.write.begin() as session:
        session.add_all(User(email=e, name=e, password_hash=hashed_password) for e in people)
    answers: queue.Queue[str] = queue.Queue()

    def sign_in(email: str) -> None:
        try:
            answers.put(accounts.sign_in(world.database, email, PASSWORD, "192.0.2.1").email)
        except BusyError:
            answers.put("busy")

    threads = [threading.Thread(target=sign_in, args=(email,), daemon=True) for email in people]
    free = threading.Event()
    for _ in range(hashing.AT_ONCE):
        hashing._threads.submit(free.wait)
    try:
        for thread in threads:
            thread.start()
        told = [answers.get(timeout=30) for _ in range(8)]
    finally:
        free.set()
    for thread in threads:
        thread.join()

    assert set(told) == {"busy"}
    signed_in = {answers.get_nowait() for _ in range(12)}
    assert len(signed_in) == 12
    assert signed_in < set(people)
    with world.database.read() as session:
        keys = session.scalars(select(SignInAttempt.key)).all()
    assert {key.partition(":")[0] for key in keys} == {"right"}


def test_many_tries_at_once_wait_for_no_thread(world: World) -> None:
    """Two at a time for an account from one network: others sign in beside them."""
    free = threading.Event()
    for _ in range(hashing.AT_ONCE):
        hashing._threads.submit(free.wait)
    words: queue.Queue[str] = queue.Queue()

    def sign_in(email: str) -> None:
        try:
            words.put(accounts.sign_in(world.database, email, PASSWORD, "192.0.2.1").email)
        except RuleError as error:
            words.put(str(error))

    hammer = [threading.Thread(target=sign_in, args=(STUDENT,), daemon=True) for _ in range(20)]
    other = threading.Thread(target=sign_in, args=(PEOPLE["other"][0],), daemon=True)
    try:
        for thread in (*hammer, other):
            thread.start()
        told = [words.get(timeout=30) for _ in range(18)]
    finally:
        free.set()
    signed_in = [words.get(timeout=30) for _ in range(3)]

    assert all("Somebody is signing in to this account right now" in each for each in told)
    assert sorted(signed_in) == sorted([STUDENT, STUDENT, PEOPLE["other"][0]])


def test_others_in_the_network_hold_no_turn_of_a_known_browser(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who tries all the time keeps whoever has signed in here before from nothing."""
    with world.database.read() as session:
        user_id = session.scalars(select(User.id).where(User.email == STUDENT)).one()
    network = "192.0.2.1"
    known = throttle.Browser(network, "a" * 32, frozenset({user_id}))
    others = throttle.Browser(network, "b" * 32, frozenset({user_id + 1}))

    monkeypatch.setitem(accounts._AT_ONCE._places, (network, STUDENT), (2, threading.Lock()))
    for browser in (None, others):
        with pytest.raises(RuleError, match="right now"):
            accounts.sign_in(world.database, STUDENT, PASSWORD, network, browser)
    assert accounts.sign_in(world.database, STUDENT, PASSWORD, network, known).id == user_id


@pytest.mark.parametrize("email", [STUDENT, "nobody@example.org"])
def test_an_account_counts_as_none_does(world: World, email: str) -> None:
    """How failures count does not tell which accounts exist."""
    fail(world, 1, email=email)

    with world.database.read() as session:
        keys = session.scalars(select(SignInAttempt.key)).all()
    assert sorted(key.replace(email, "x") for key in keys) == [
        "address:x",
        "network:192.0.2.1",
        "pair:192.0.2.1|x",
        "site:192.0.2.1|x",
    ]


def test_a_network_with_many_failures_leaves_room_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who guesses addresses refuses nobody there; but tries from there wait for each other."""
    for number in range(throttle.MANY_FAILURES_OF_NETWORK):
        fail(world, 1, email=f"nobody-{number}@example.org")
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")

    monkeypatch.setattr(throttle, "_WAITING", threading.BoundedSemaphore(1))
    throttle._WAITING.acquire()
    for _ in range(throttle.MOST_FAILURES + 1):
        with pytest.raises(BusyError):
            accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.2")
    throttle._WAITING.release()

    # Who was sent away has not failed.
    accounts.sign_in(world.database, STUDENT, PASSWORD, "192.0.2.1")


def test_a_site_with_ipv6_has_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has 65,536 networks, and anybody gets one for nothing."""
    monkeypatch.setattr(throttle, "MOST_FAILURES_OF_SITE", 4)
    for number in range(4):
        fail(world, 1, f"2001:db8:0:{number}::1")

    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "2001:db8:0:ffff::1")
    accounts.sign_in(world.database, STUDENT, PASSWORD, "2001:db8:1::1")


@pytest.mark.parametrize(
    ("address", "network", "site"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", "", ""),
    ],
)
def test_networks(address: str, network: str, site: str) -> None:
    """What an address stands for."""
    assert throttle.networks_of(address) == (network, site)


def test_a_line_with_ipv6_is_one_network(world: World) -> None:
    """It has 2^64 addresses."""
    for number in range(throttle.MOST_FAILURES):
        fail(world, 1, f"2001:db8:0:1:{number}::1")

    with pytest.raises(RuleError, match="Too many"):
        accounts.sign_in(world.database, STUDENT, PASSWORD, "2001:db8:0:1:ffff::1")
    accounts.sign_in(world.database, STUDENT, PASSWORD, "2001:db8:0:2::1")


def test_a_browser_that_was_signed_in_before_is_let_in(world: World) -> None:
    """Whoever fails beside it, in the same network; its own failures count for it alone."""
    known = world.client("student")
    known.post("/sign-out", data={"csrf_token": token_of(known, "/account")})
    fail(world, throttle.MOST_FAILURES, "127.0.0.1")
    stranger = world.app.test_client()

    def sign_in(client: FlaskClient, password: str = PASSWORD) -> int:
        data = {"csrf_token": token_of(client, "/sign-in"), "email": STUDENT}
        return client.post("/sign-in", data=data | {"password": password}).status_code

    assert sign_in(stranger) == 403
    stranger.set_cookie("browser", "forged")
    assert sign_in(stranger) == 403
    assert sign_in(known) == 303
    known.post("/sign-out", data={"csrf_token": token_of(known, "/account")})
    assert [sign_in(known, "wrong") for _ in range(throttle.MOST_FAILURES)][-1] == 403
    assert sign_in(known) == 403


def test_the_current_password_cannot_be_guessed(world: World) -> None:
    """At a browser that was left open."""
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "password": NEW, "again": NEW}
    for _ in range(throttle.MOST_FAILURES):
        assert "is wrong" in client.post("/account", data=data | {"current": "x"}).text

    assert "Too many" in client.post("/account", data=data | {"current": PASSWORD}).text


def test_a_new_password_that_will_not_do_is_no_guess(world: World) -> None:
    """However often it is too short."""
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "current": PASSWORD}
    for _ in range(throttle.MOST_FAILURES + 1):
        answer = client.post("/account", data=data | {"password": "short", "again": "short"})
        assert "at least" in answer.text

    assert client.post("/account", data=data | {"password": NEW, "again": NEW}).status_code == 303


def test_a_copy_of_a_session_ends_with_it(world: World) -> None:
    """Signed out is signed out, wherever the cookie has been copied to; other browsers stay."""
    client, elsewhere = world.client("student"), world.client("student")
    thief = world.app.test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    thief.set_cookie("session", cookie.value)
    assert thief.get("/account").status_code == 200

    client.post("/sign-out", data={"csrf_token": token_of(client, "/account")})

    assert thief.get("/account").status_code == 302
    assert elsewhere.get("/account").status_code == 200


def test_signing_in_again_ends_the_session_before(world: World) -> None:
    """The browser has one session, whoever signs in by it."""
    client, thief = world.client("student"), world.app.test_client()
    cookie = client.get_cookie("session")
    assert cookie is not None
    thief.set_cookie("session", cookie.value)
    data = {"csrf_token": token_of(client, "/account"), "email": PEOPLE["other"][0]}

    assert client.post("/sign-in", data=data | {"password": PASSWORD}).status_code == 303

    assert thief.get("/account").status_code == 302
    assert client.get("/account").status_code == 200


def test_a_session_ends_twelve_hours_after_it_began(world: World) -> None:
    """Whatever is asked for meanwhile; asking does not set the cookie anew."""
    client = world.client("student")
    client.get("/account")  # makes the mark of its forms
    assert "Set-Cookie" not in client.get("/account").headers
    with world.database.write.begin() as session:
        (row,) = session.scalars(select(BrowserSession))
        assert row.expires_at - now() < timedelta(hours=12)
        row.expires_at = now() - timedelta(seconds=1)

    assert client.get("/account").status_code == 302


def test_a_changed_password_ends_open_links(world: World) -> None:
    """Somebody else may have made one."""
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.email == STUDENT)).one()
        token = accounts.invite(session, user, None)
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "current": PASSWORD}

    assert client.post("/account", data=data | {"password": NEW, "again": NEW}).status_code == 303
    assert world.app.test_client().get(f"/invitation/{token}").status_code == 404


def test_a_changed_password_leaves_the_offer_of_a_role(world: World) -> None:
    """Its link sets no password."""
    with world.database.write.begin() as session:
        user = session.scalars(select(User).where(User.email == STUDENT)).one()
        (membership,) = user.memberships
        roles.give(session, membership, Role.GRADER)
        token = roles.offer_link(session, membership, user)
    client = world.client("student")
    data = {"csrf_token": token_of(client, "/account"), "current": PASSWORD}

    assert client.post("/account", data=data | {"password": NEW, "again": NEW}).status_code == 303
    assert client.get(f"/role/{token}").status_code == 200


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
