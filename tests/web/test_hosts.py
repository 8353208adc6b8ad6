"""The portal answers to its own address only, and no link believes what a browser says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import InputError
from tests.web.conftest import World, token_of
from web.config import Settings
from web.factory import create_app

PUBLIC = "https://portal.example.org"
PEOPLE_PAGE = "/courses/dl/staff/people/"


def reached_by(world: World, **settings: object) -> World:
    """The portal with these settings."""
    world.settings = replace(world.settings, **settings)  # type: ignore[arg-type]
    world.app = create_app(world.settings, world.database)
    world.app.testing = True
    return world


def status(world: World, host: str) -> int:
    """What comes of asking for a host."""
    return world.app.test_client().get("/sign-in", headers={"Host": host}).status_code


@pytest.mark.parametrize(
    "host",
    [
        "portal.example.org",
        "Portal.Example.org:443",
        "other.example.org",
        "localhost:8000",
        "127.0.0.2",
        "[::1]:8000",
    ],
)
def test_own_names_are_answered(world: World, host: str) -> None:
    """The public one, those that are set beside it, and this machine's own; whatever the port."""
    reached_by(world, public_url=PUBLIC, trusted_hosts=frozenset({"other.example.org"}))

    assert status(world, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "portal.example.org.evil.org",
        "portal.example.org@evil.org",
        "evil.org#portal.example.org",
        "192.0.2.1",
        "[",
        "localhost.evil.org",
    ],
)
def test_other_names_are_refused(world: World, host: str) -> None:
    """With a page that says what to do, and nothing of who is signed in."""
    reached_by(world, public_url=PUBLIC)

    answer = world.app.test_client().get("/sign-in", headers={"Host": host})

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert "AUTOGRADER_PUBLIC_URL" in answer.text


def test_a_forwarded_name_is_believed_no_more(world: World) -> None:
    """A proxy that passes on what the browser claims."""
    reached_by(world, public_url=PUBLIC, trusted_proxies=1)
    headers = {"Host": "portal.example.org", "X-Forwarded-Host": "evil.example.org"}

    assert world.app.test_client().get("/sign-in", headers=headers).status_code == 400


def test_without_settings_only_this_machine_is_answered(world: World) -> None:
    """As `autograder serve` listens by default; the demo may be opened to all."""
    assert (status(world, "localhost"), status(world, "portal.example.org")) == (200, 400)
    reached_by(world, trusted_hosts=frozenset({"*"}))
    assert status(world, "portal.example.org") == 200


def test_links_begin_with_the_public_address(world: World) -> None:
    """By whatever name their maker has come."""
    reached_by(world, public_url=PUBLIC)
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, PEOPLE_PAGE), "role": "grader", "confirmed": "1"}

    student = {"text": "email\nlise@example.org", "role": "student"}
    pages = [
        client.post(f"{PEOPLE_PAGE}roster", data=data | student).text,
        client.post(f"{PEOPLE_PAGE}roster", data=data | {"text": "email\nida@example.org"}).text,
    ]

    assert f"{PUBLIC}/invitation/" in pages[0]
    assert f"{PUBLIC}/role/" in pages[1]
    assert "http://localhost/" not in pages[0] + pages[1]


def test_what_is_refused_leads_back_by_the_public_address(world: World) -> None:
    """Also where the proxy asks by another name."""
    reached_by(world, public_url=PUBLIC)
    client = world.client("instructor")
    data = {"csrf_token": token_of(client, PEOPLE_PAGE), "role": "none"}
    member = client.get(PEOPLE_PAGE).text.partition("/link")[0].rpartition("/")[2]

    for referrer, code in ((f"{PUBLIC}{PEOPLE_PAGE}", 303), (f"{PUBLIC}.evil.org/", 400)):
        headers = {"Referer": referrer}
        answer = client.post(f"{PEOPLE_PAGE}{member}", data=data, headers=headers)
        assert answer.status_code == code


@pytest.mark.parametrize(
    "text",
    [
        "portal.example.org",
        "ftp://portal.example.org",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://u@a",
    ],
)
def test_a_public_address_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """With its variable, at the start."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    monkeypatch.setenv("AUTOGRADER_PUBLIC_URL", text)

    with pytest.raises(InputError, match="AUTOGRADER_PUBLIC_URL="):
        Settings.from_environment()


def test_a_public_address_by_https_makes_cookies_secure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the operator says otherwise."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    monkeypatch.setenv("AUTOGRADER_PUBLIC_URL", f"{PUBLIC}/")
    monkeypatch.setenv("AUTOGRADER_TRUSTED_HOSTS", "a.example.org, B.example.org")

    settings = Settings.from_environment()

    assert (settings.public_url, settings.https) == (PUBLIC, True)
    assert settings.trusted_hosts == {"a.example.org", "b.example.org"}
    monkeypatch.setenv("AUTOGRADER_HTTPS", "0")
    assert not Settings.from_environment().https
