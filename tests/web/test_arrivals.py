"""When a file came whose sender's session had ended."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.web.conftest import PASSWORD, PEOPLE, World, token_of
from web import arrivals, signed_cookies
from web.db import now
from web.models import BrowserSession, CourseAssignment, Submission
from web.security import FORM_BYTES

PLACE = "/courses/dl/assignments/xor/"
SESSION_ENDED = "Your session expired, so nothing was saved"


def notebook(words: str = "", size: int = 0) -> bytes:
    """A notebook with these words."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": words + "x" * size}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    ).encode()


def send(client: FlaskClient, token: str, content: bytes) -> TestResponse:
    """Send a file from a page that was opened before."""
    # As bytes: a form that is given as fields stands in a file that only who reads it closes.
    file = FileStorage(io.BytesIO(content), "xor.ipynb")
    boundary, body = encode_multipart({"csrf_token": token, "notebook": file})
    kind = f"multipart/form-data; boundary={boundary}"
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(f"{PLACE}submit", data=body, content_type=kind, headers=headers)


def sign_in(client: FlaskClient, who: str, address: str = "/sign-in") -> TestResponse:
    """Sign in by a browser that exists."""
    fields = {"email": PEOPLE[who][0], "password": PASSWORD}
    data = fields | {"csrf_token": token_of(client, "/sign-in")}
    answer = client.post(address, data=data)
    assert answer.status_code == 303
    return answer


def end_sessions(world: World) -> None:
    """Let all sessions be over, as they are after half a day."""
    with world.database.write.begin() as session:
        session.execute(delete(BrowserSession))


def close(world: World, moment: datetime) -> None:
    """Let the assignment close at a moment."""
    with world.database.write.begin() as session:
        session.execute(
            update(CourseAssignment).values(
                due_at=moment, cutoff_at=moment, grace_minutes=0, practice=False
            )
        )


def received(world: World) -> list[datetime]:
    """When submissions came, by the portal's books."""
    with world.database.read() as session:
        return list(session.scalars(select(Submission.received_at).order_by(Submission.id)))


@pytest.mark.parametrize("size", [0, 2 * FORM_BYTES])
def test_what_came_in_time_is_in_time(world: World, size: int) -> None:
    """Whoever has to sign in first, and does so after the deadline, sends the same file again."""
    content = notebook("in time", size)
    client = world.client("student")
    token = token_of(client, PLACE)
    end_sessions(world)

    refused = send(client, token, content)
    shown = client.get(refused.headers["Location"]).text
    moment = now()
    assert (refused.status_code, received(world)) == (302, [])
    assert SESSION_ENDED in shown
    assert "noted when your file arrived" in shown
    assert sign_in(client, "student", refused.headers["Location"]).headers["Location"] == PLACE

    close(world, moment)
    assert send(client, token_of(client, PLACE), content).status_code == 303
    (at,) = received(world)
    assert moment - timedelta(seconds=30) < at <= moment
    assert "closed" in client.get(PLACE).text
    # Nothing else gets in by it.
    send(client, token_of(client, "/account"), notebook("better", size))
    assert len(received(world)) == 1


def test_a_page_of_an_earlier_session_keeps_the_moment_too(world: World) -> None:
    """Its mark is outdated though somebody is signed in."""
    client = world.client("student")
    token = token_of(client, PLACE)
    sign_in_again = world.app.test_client()
    cookie = client.get_cookie("browser")
    assert cookie is not None
    sign_in_again.set_cookie("browser", cookie.value)
    sign_in(sign_in_again, "student")

    refused = send(sign_in_again, token, notebook())
    moment = now()
    assert refused.status_code == 400
    assert "noted when your file arrived" in refused.text

    close(world, moment)
    send(sign_in_again, token_of(sign_in_again, "/account"), notebook())
    assert received(world)[0] <= moment


def test_nothing_is_kept_of_who_was_never_here(world: World) -> None:
    """Nor read, where it is large."""
    stranger = world.app.test_client()
    for size in (0, 2 * FORM_BYTES):
        refused = send(stranger, token_of(stranger, "/sign-in"), notebook(size=size))
        assert "/sign-in" in refused.headers["Location"]
        assert stranger.get_cookie("arrival") is None


@pytest.mark.parametrize("what", ["file", "person", "assignment", "hour", "mark"])
def test_the_moment_counts_for_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Another file, another person, another assignment, later than an hour, a forged mark."""
    client = world.client("student")
    token = token_of(client, PLACE)
    end_sessions(world)
    refused = send(client, token, notebook())
    assert client.get_cookie("arrival") is not None
    moment = now()
    sign_in(client, "other" if what == "person" else "student", refused.headers["Location"])
    if what == "hour":
        monkeypatch.setattr(arrivals, "KEPT", timedelta(0))
    if what == "assignment":
        kept = client.get_cookie("arrival")
        assert kept is not None
        value = _of_another_assignment(world, kept.value)
        client.set_cookie("arrival", value)
    if what == "mark":
        kept = client.get_cookie("arrival")
        assert kept is not None
        signed, _, signature = kept.value.rpartition(".")
        client.set_cookie("arrival", f"{signed}.{signature[::-1]}")

    send(client, token_of(client, PLACE), notebook("other" if what == "file" else ""))
    (at,) = received(world)
    assert at > moment


def test_of_several_files_the_last_one_counts(world: World) -> None:
    """Whoever sends many before the deadline chooses none of them after it, by a copied cookie."""
    client = world.client("student")
    token = token_of(client, PLACE)
    end_sessions(world)
    cookies = []
    for words in ("a guess", "another guess", "the last guess"):
        send(client, token, notebook(words))
        kept = client.get_cookie("arrival")
        assert kept is not None
        cookies.append(kept.value)
    sign_in(client, "student")
    close(world, now())

    for words, value in zip(("a guess", "another guess"), cookies, strict=False):
        client.set_cookie("arrival", value)
        assert "noted when" not in client.get(PLACE).text
        send(client, token_of(client, "/account"), notebook(words))
    assert received(world) == []
    client.set_cookie("arrival", cookies[-1])
    assert send(client, token_of(client, PLACE), notebook("the last guess")).status_code == 303
    assert len(received(world)) == 1


def _of_another_assignment(world: World, value: str) -> str:
    with world.app.app_context():
        signer = signed_cookies._signer("arrival")
        kept = signer.loads(value)
        return str(signer.dumps(kept | {"place": "dl/perceptron"}))
