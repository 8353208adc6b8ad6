"""Who sends a large form is looked at before it is read."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from flask.wrappers import Request
from sqlalchemy import QueuePool, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.web.conftest import PEOPLE, World, token_of
from web.http import EXTENSION, Portal
from web.models import User
from web.security import FORM_BYTES
from web.services.submissions import reading

PLACE = "/courses/dl/assignments/xor/"


class ReadError(Exception):
    """The form was read."""


@pytest.fixture
def read_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody read a form's parts."""
    monkeypatch.setattr(Request, "_load_form_data", refuse)


def refuse(_: Request) -> None:
    """Stand for reading it."""
    raise ReadError


def send(client: FlaskClient, page: str, size: int, token: str = "") -> TestResponse:
    """Send a form with a file of this size, from the assignment's page."""
    # As bytes: a form that is given as fields stands in a file that only who reads it closes.
    boundary, body = encode_multipart(
        {"csrf_token": token, "notebook": FileStorage(io.BytesIO(b"[" * size), "xor.ipynb")}
    )
    kind = f"multipart/form-data; boundary={boundary}"
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(page, data=body, content_type=kind, headers=headers)


@pytest.mark.usefixtures("read_no_form")
def test_a_large_form_of_nobody_is_not_read(world: World) -> None:
    """Whichever page it is for; a small one is, since anybody may sign in."""
    client = world.app.test_client()

    for page in (f"{PLACE}submit", "/sign-in"):
        answer = send(client, page, 2 * FORM_BYTES)
        assert "/sign-in" in answer.headers["Location"]
    world.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ReadError):
        send(client, "/sign-in", 10)


def test_who_was_refused_often_is_refused_before_the_form_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones are read, as everybody's are."""
    monkeypatch.setattr(reading, "MOST_REFUSED_AN_HOUR", 1)
    client = world.client("student")
    token = token_of(client, PLACE)
    assert send(client, f"{PLACE}submit", 2 * FORM_BYTES, token).status_code == 303
    assert "Not submitted" in client.get(PLACE).text

    with monkeypatch.context() as patch:
        patch.setattr(Request, "_load_form_data", refuse)
        second = send(client, f"{PLACE}submit", 2 * FORM_BYTES, token)

    assert second.status_code == 303
    assert "were not notebooks" in client.get(PLACE).text


def test_a_slow_form_keeps_no_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it arrives others read the database; there are fewer connections than threads."""
    client = world.client("student")
    token = token_of(client, PLACE)
    pool = world.database.engine.pool
    held: list[int] = []

    def look(_: Request) -> None:
        assert isinstance(pool, QueuePool)
        held.append(pool.checkedout())
        raise ReadError

    monkeypatch.setattr(Request, "_load_form_data", look)
    world.app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ReadError):
        send(client, f"{PLACE}submit", 2 * FORM_BYTES, token)

    assert held == [0]


def test_two_large_forms_of_one_person_at_a_time(world: World) -> None:
    """A third is refused; when they are over, the next is read."""
    client = world.client("student")
    token = token_of(client, PLACE)
    running: Portal = world.app.extensions[EXTENSION]
    with world.database.read() as session:
        user_id = session.scalars(select(User.id).where(User.email == PEOPLE["student"][0])).one()
    running.uploads._places[user_id] = 2, running.uploads._lock
    assert send(client, f"{PLACE}submit", 2 * FORM_BYTES, token).status_code == 303
    assert "You are sending another file right now" in client.get(PLACE).text

    del running.uploads._places[user_id]
    assert send(client, f"{PLACE}submit", 2 * FORM_BYTES, token).status_code == 303
    assert "Not submitted" in client.get(PLACE).text
    assert running.uploads._places == {}
