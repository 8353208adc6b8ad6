"""The first steps of an operator: init, settings, a port that is taken."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from autograder.errors import InputError
from tests.web.conftest import PEOPLE, World
from web.config import Settings
from web.models import User
from web.serve import refuse_taken
from web.services.people import accounts
from web.setup import make_admin


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
