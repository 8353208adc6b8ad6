"""Who asks again and again waits for the refusal."""

from __future__ import annotations

import time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import QueuePool

from tests.web.conftest import PEOPLE, World, token_of
from tests.web.test_large_bodies import PLACE, send
from web import pauses
from web.security import FORM_BYTES
from web.services.people import throttle
from web.services.submissions import reading

SECONDS = 0.3


@pytest.fixture
def held(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a pause take a while, and take how many connections to the database it keeps."""
    pool, sleep = world.database.engine.pool, time.sleep
    held: list[int] = []

    def note(seconds: float) -> None:
        assert isinstance(pool, QueuePool)
        held.append(pool.checkedout())
        sleep(seconds)

    monkeypatch.setattr(pauses, "SECONDS", SECONDS)
    monkeypatch.setattr(pauses.time, "sleep", note)
    return held


def guess(client: FlaskClient) -> float:
    """Try a wrong password; returns the time until it is refused."""
    fields = {"email": PEOPLE["student"][0], "password": "not the password"}
    data = fields | {"csrf_token": token_of(client, "/sign-in")}
    began = time.monotonic()
    assert client.post("/sign-in", data=data).status_code == 403
    return time.monotonic() - began


def test_too_many_passwords(world: World, held: list[int]) -> None:
    """Somebody who mistypes is told at once; only further tries wait, without a connection."""
    client = world.app.test_client()
    for _ in range(throttle.MOST_FAILURES):
        guess(client)
    assert held == []

    assert guess(client) >= SECONDS
    assert held == [0]


def test_too_many_files(world: World, held: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The page that tells comes after the pause."""
    monkeypatch.setattr(reading, "MOST_REFUSED_AN_HOUR", 1)
    client = world.client("student")
    token = token_of(client, PLACE)
    send(client, f"{PLACE}submit", 2 * FORM_BYTES, token)
    assert held == []

    began = time.monotonic()
    assert send(client, f"{PLACE}submit", 2 * FORM_BYTES, token).status_code == 303
    assert time.monotonic() - began >= SECONDS
    assert held == [0]
    assert "were not notebooks" in client.get(PLACE).text


def test_threads_are_left_for_others(
    world: World, held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where as many wait as may, the next one is refused at once, and the pause ends for it."""
    monkeypatch.setattr(throttle, "MOST_FAILURES", 0)
    client = world.app.test_client()
    for _ in range(pauses.MOST_AT_ONCE):
        assert pauses._places.acquire(blocking=False)
    guess(client)
    assert held == []

    pauses._places.release(pauses.MOST_AT_ONCE)
    guess(client)
    assert held == [0]
