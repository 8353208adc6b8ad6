"""A transaction that writes stands around what is written, and around nothing slow."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from argon2 import PasswordHasher
from flask import before_render_template
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from tests.web.services.submissions.test_submitting import PLACE, notebook
from tests.web.test_policy_routes import routes
from web import db
from web.factory import create_app
from web.models import User
from web.services.grading import student_view
from web.services.people import accounts, hashing
from web.services.submissions import submitting

NEW = "four words are long"


@pytest.fixture
def impatient(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The portal, with an SQLite that waits for a moment only."""
    pragmas = [each for each in db._PRAGMAS if "busy_timeout" not in each]
    monkeypatch.setattr(db, "_PRAGMAS", (*pragmas, "busy_timeout=50"))
    database = db.open_database(world.settings.database_url)
    app = create_app(world.settings, database)
    yield World(app, database, world.settings)
    database.engine.dispose()


def begin(world: World, wait: float = 0) -> sqlite3.Connection:
    """Begin to write as somebody else does; fails, by default at once, if one may not."""
    path = world.settings.data / "portal.sqlite3"
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def check_free(world: World) -> None:
    """Check that somebody else may write."""
    with closing(begin(world)):
        pass


def post(client: FlaskClient, place: str, page: str, **fields: object) -> TestResponse:
    """Send a form with the mark of a page."""
    return client.post(place, data={"csrf_token": token_of(client, page), **fields})


def sign_in(world: World) -> TestResponse:
    """With the right password."""
    client = world.app.test_client()
    fields = {"email": PEOPLE["student"][0], "password": PASSWORD}
    return post(client, "/sign-in", "/sign-in", **fields)


def fail_to_sign_in(world: World) -> TestResponse:
    """With an address that nobody has."""
    client = world.app.test_client()
    return post(client, "/sign-in", "/sign-in", email="nobody@example.org", password=PASSWORD)


def accept_invitation(world: World) -> TestResponse:
    """By a link that sets a first password."""
    with world.database.write.begin() as session:
        token = accounts.invite(session, session.get_one(User, 4), None)
    page = f"/invitation/{token}"
    return post(world.app.test_client(), page, page, password=NEW, again=NEW)


def change_password(world: World) -> TestResponse:
    """On the page of one's own account."""
    fields = {"current": PASSWORD, "password": NEW, "again": NEW}
    return post(world.client("student"), "/account", "/account", **fields)


@pytest.mark.parametrize(
    ("act", "code"),
    [(sign_in, 303), (fail_to_sign_in, 403), (accept_invitation, 303), (change_password, 303)],
)
def test_nobody_waits_while_a_password_is_hashed(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[World], TestResponse],
    code: int,
) -> None:
    """A hash takes a tenth of a second, and a class signs in at the same moment."""
    hashed = []

    class Looking(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            hashed.append(check_free(world))
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
            hashed.append(check_free(world))
            return super().verify(hash, password)

    monkeypatch.setattr(hashing, "_hasher", Looking(time_cost=1, memory_cost=8, parallelism=1))

    assert act(world).status_code == code
    assert hashed


def test_nobody_waits_while_a_file_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large notebook takes a second to read."""
    read = []

    def look(data: bytes, name: str, file_name: str) -> bool:
        read.append(check_free(world))
        return True

    monkeypatch.setattr(submitting, "check_notebook", look)
    client = world.client("student")
    answer = post(
        client, f"{PLACE}submit", PLACE, notebook=(io.BytesIO(notebook("xor")), "a.ipynb")
    )

    assert answer.status_code == 303
    assert read


def test_no_page_is_rendered_inside_a_writing_transaction(world: World) -> None:
    """Whatever a form answers, with its mark and nothing else, or an answer's saved comment."""
    client = world.client("admin")
    rendered = []

    def look(*_: object, **__: object) -> None:
        rendered.append(check_free(world))

    with before_render_template.connected_to(look, world.app):
        for endpoint, method, address in routes(world):
            if method == "POST" and endpoint != "account.sign_out":
                data = {"csrf_token": token_of(client, "/account"), "insert": "1"}
                client.post(address, data=data).close()

    assert len(rendered) > 30


def test_what_only_reads_cannot_write(world: World) -> None:
    """A view that forgot to say that it writes fails in its test."""
    with world.database.read() as session:
        session.get_one(User, 1).name = "Somebody"
        with pytest.raises(OperationalError, match="readonly"):
            session.commit()


def test_a_locked_database_asks_to_come_again(impatient: World) -> None:
    """Who writes is told when; who reads or is refused does not notice."""
    client = impatient.client("student")
    token = token_of(client, PLACE)

    def submit(content: bytes) -> TestResponse:
        data = {"csrf_token": token, "notebook": (io.BytesIO(content), "a.ipynb")}
        return client.post(f"{PLACE}submit", data=data)

    with closing(begin(impatient)):
        busy = submit(notebook("xor"))
        refused = submit(b"no notebook")
        page = client.get(PLACE)

    assert busy.status_code == 503
    assert int(busy.headers["Retry-After"]) > 0
    assert "The portal is busy" in busy.text
    assert "Student" not in busy.text
    assert refused.status_code == 400
    assert page.status_code == 200
    assert submit(notebook("xor")).status_code == 303
    assert len(list(impatient.settings.submissions.rglob("*.ipynb"))) == 1


def test_the_page_of_errors_asks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database is away it is of no use to ask it who reads."""
    client = world.client("student")
    world.app.testing = False

    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(accounts, "user_by_session_key", away)
    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text


def test_a_fault_in_a_view_shows_no_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session may be in any state; the page is rendered without it."""
    client = world.client("student")
    world.app.testing = False

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(student_view, "released", broken)
    answer = client.get("/courses/dl/")

    assert answer.status_code == 500
    assert "Sign out" not in answer.text
