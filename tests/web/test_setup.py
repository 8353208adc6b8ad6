"""The first steps of an operator: init, settings, a port that is taken."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from autograder.errors import InputError
from tests.web.conftest import PEOPLE, World
from web.config import Settings
from web.demo import start
from web.demo.start import demo
from web.models import User
from web.serve import has_accounts, refuse_open_address, refuse_taken, serve
from web.services.people import accounts
from web.setup import make_admin, migrate


def test_admin_who_has_forgotten_the_password_gets_a_new_link(world: World) -> None:
    """Only if it is asked for; the link sets another password."""
    address = PEOPLE["admin"][0]
    assert make_admin(world.database, address, "Admin") is None

    token = make_admin(world.database, address, "Admin", new_link=True)

    assert token is not None
    accounts.accept(world.database, token, "another long password")
    accounts.sign_in(world.database, address, "another long password", "192.0.2.1")


def test_new_link_makes_nobody_an_admin(world: World) -> None:
    """An address that was mistyped for a student's gives no rights away."""
    address = PEOPLE["student"][0]

    make_admin(world.database, address, "Admin", new_link=True)

    with world.database.read() as session:
        assert not session.query(User).filter_by(email=address).one().is_admin


@pytest.mark.parametrize("address", ["@", "root@localhost", "ro ot@example.org", "r\u043eot@x.org"])
def test_first_admin_has_an_address_like_everybody(world: World, address: str) -> None:
    """What is none is refused, as on every page."""
    with pytest.raises(SystemExit, match="enter a valid e-mail address"):
        make_admin(world.database, address, "Root")


def test_name_of_the_first_admin_is_stored_like_everybodys(either: World) -> None:
    """Without what nobody can see, and no longer than its column."""
    for number, name in enumerate(("Zoe\u0308\u202e " + "E" * 300, " \u202e ")):
        assert make_admin(either.database, f"root{number}@example.com", name) is not None

    with either.database.read() as session:
        names = session.scalars(
            select(User.name).where(User.email.like("root%@example.com")).order_by(User.id)
        ).all()
    assert names == [("Zo\u00eb " + "E" * 300)[:200], "root1"]


def test_setting_that_is_no_number_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its variable, rather than a traceback."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    monkeypatch.setenv("AUTOGRADER_MAX_UPLOAD_MB", "30 MB")
    with pytest.raises(InputError, match="AUTOGRADER_MAX_UPLOAD_MB=30 MB: is not"):
        Settings.from_environment()


def test_port_on_which_somebody_listens_is_refused() -> None:
    """The portal is not started again and again; a free port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="Address already in use"):
            refuse_taken("127.0.0.1", port)
    refuse_taken("127.0.0.1", port)


def test_a_portal_without_accounts_is_known(world: World, tmp_path: Path) -> None:
    """Who starts it is told to make one, since nobody could sign in."""
    assert has_accounts(world.settings)
    empty = replace(world.settings, data=tmp_path, database_url=f"sqlite:///{tmp_path}/empty.db")
    migrate(empty)
    assert not has_accounts(empty)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"])
def test_addresses_of_this_machine_need_no_proxy(host: str) -> None:
    """They are what a proxy beside the portal asks."""
    refuse_open_address(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "portal.example.org", ""])
def test_other_addresses_need_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A few slow connections would stop the portal."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    for name in ("TRUSTED_PROXIES", "PUBLIC_URL", "TRUSTED_HOSTS"):
        monkeypatch.delenv(f"AUTOGRADER_{name}", raising=False)
    monkeypatch.setattr("web.serve.refuse_taken", lambda *_: None)
    monkeypatch.setattr("web.serve.note_signals", list)
    with pytest.raises(InputError, match="without a proxy"):
        serve(host, 8000)

    monkeypatch.setenv("AUTOGRADER_TRUSTED_PROXIES", "1")
    monkeypatch.setattr("web.serve.run", lambda *_: 0)
    with pytest.raises(InputError, match="AUTOGRADER_PUBLIC_URL is not set"):
        serve(host, 8000)
    monkeypatch.setenv("AUTOGRADER_PUBLIC_URL", "https://portal.example.org")
    assert serve(host, 8000) == 0


def test_the_demo_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its password is public; who wants others to come in says so."""
    asked = []
    monkeypatch.setenv("PORT", "8123")

    def look(host: str, port: int) -> None:
        asked.append((host, port))
        raise InputError("enough")

    monkeypatch.setattr("web.demo.start.refuse_taken", look)
    for host in (None, "0.0.0.0"):
        with pytest.raises(InputError, match="enough"):
            demo(host, None)

    assert asked == [("127.0.0.1", 8123), ("0.0.0.0", 8123)]


@pytest.mark.parametrize(("opened", "answered"), [(False, False), (True, True)])
def test_the_demo_answers_to_any_name_only_if_others_may_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, opened: bool, answered: bool
) -> None:
    """Whatever an operator has set for the real portal."""
    names = ("DATA", "ASSIGNMENTS", "DATABASE_URL", "HTTPS", "PUBLIC_URL", "TRUSTED_PROXIES")
    for name in (*names, "TRUSTED_HOSTS"):
        monkeypatch.setenv(f"AUTOGRADER_{name}", "https://portal.example.org")

    settings = start._settings(tmp_path, open_to_others=opened)

    assert settings.answers_to("localhost:8000")
    assert settings.answers_to("portal.example.org") == answered
    assert settings.public_url == ""
