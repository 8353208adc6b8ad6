"""A portal of an earlier version, opened by the code of today: its data folder, and its backup."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, text

from autograder.cli import main
from tests.compat.old import OLD, expected
from tests.web.conftest import token_of
from web.config import Settings
from web.db import Database, open_database
from web.factory import create_app
from web.setup import migrate

# What earlier versions wrote holds hidden tests, too, which are none of ours.
collect_ignore_glob = ["made_at_*"]


@dataclass(frozen=True, eq=False)
class OldPortal:
    """A portal's parts, and browsers of its people."""

    app: Flask
    database: Database
    settings: Settings
    rows: dict[str, int]
    """By table, before anybody has looked at a page."""

    @cache  # noqa: B019  # as many as there are people
    def browser(self, email: str | None) -> FlaskClient:
        """Return a browser, signed in with the password of that time."""
        client = self.app.test_client()
        if email is not None:
            answer = client.post(
                "/sign-in",
                data={
                    "csrf_token": token_of(client, "/sign-in"),
                    "email": email,
                    "password": expected()["password"],
                },
            )
            assert answer.status_code == 303
        return client


def unpack(data: Path) -> None:
    """Put a data folder where it was, and bring its database up to date."""
    with tarfile.open(OLD / "portal" / "data.tar.xz") as archive:
        archive.extractall(data, filter="data")


def restore(data: Path) -> None:
    """Restore the backup, by the command that an operator uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_DATA", str(data))
        patch.delenv("AUTOGRADER_DATABASE_URL", raising=False)
        assert main(["restore", str(OLD / "portal" / "backup.tar.gz")]) == 0


@pytest.fixture(scope="session", params=[unpack, restore], ids=["data folder", "backup"])
def portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OldPortal]:
    """The portal of the earlier version; no test changes it."""
    data = tmp_path_factory.mktemp("old") / "data"
    request.param(data)
    settings = Settings(
        data=data,
        database_url=f"sqlite:///{data / 'portal.sqlite3'}",
        assignment_folders=(OLD / "assignments",),
        secret_key=(data / "secret").read_text(encoding="utf-8"),
    )
    migrate(settings)
    database = open_database(settings.database_url)
    with database.read() as session:
        tables = inspect(session.connection()).get_table_names()
        rows = {
            name: session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
            for name in tables
        }
    app = create_app(settings, database)
    app.testing = True
    yield OldPortal(app, database, settings, rows)
    database.engine.dispose()
