"""A portal with a migrated database, a course, people, and a real assignment."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.web.postgresql import make_database, running_server
from web import pauses
from web.config import Settings
from web.db import Database, now, open_database
from web.factory import create_app
from web.models import Course, Membership, Role, User
from web.services.courses import assignments, snapshots
from web.services.people import accounts, hashing
from web.setup import migrate

if TYPE_CHECKING:
    from autograder.grade import Grader

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
PEOPLE = {
    "admin": ("root@example.org", None),
    "instructor": ("noether@example.org", Role.INSTRUCTOR),
    "grader": ("curie@example.org", Role.GRADER),
    "student": ("ada@example.org", Role.STUDENT),
    "other": ("grace@example.org", Role.STUDENT),
}
STAFF = (Role.INSTRUCTOR, Role.GRADER)


@dataclass
class World:
    """Everything that a test needs to act."""

    app: Flask
    database: Database
    settings: Settings

    def client(self, who: str | None = None) -> FlaskClient:
        """A browser, signed in as somebody."""
        client = self.app.test_client()
        if who is not None:
            answer = client.post(
                "/sign-in",
                data={
                    "csrf_token": token_of(client, "/sign-in"),
                    "email": PEOPLE[who][0],
                    "password": PASSWORD,
                },
            )
            assert answer.status_code == 303
        return client


def spaced(page: str) -> str:
    """Return a page's source with one space for each run of white space, as a browser shows it."""
    return " ".join(page.split())


def token_of(client: FlaskClient, page: str) -> str:
    """The CSRF mark of a page's first form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Make Argon2 cheap: nearly every test signs somebody in, and none is about its strength."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(hashing, "_hasher", cheap)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_pauses() -> Iterator[None]:
    """Refuse at once: what is refused often is tried in many tests, and one is about the pause."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pauses, "SECONDS", 0.0)
        yield


@pytest.fixture(scope="session")
def engine() -> Iterator[Grader]:
    """One grader for all tests in which a worker really grades."""
    from autograder.grade import Grader

    with Grader(spares=0) as grader:
        yield grader


@pytest.fixture(scope="session")
def hashed_password(quick_hashes: None) -> str:
    """One hash for everybody."""
    user = User(email="x@example.org", name="x")
    accounts.set_password(user, PASSWORD)
    assert user.password_hash is not None
    return user.password_hash


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, hashed_password: str) -> Path:
    """The data of a portal with one course and the assignment xor, released; to be copied."""
    settings = _settings(tmp_path_factory.mktemp("filled"))
    migrate(settings)
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        _fill(session, settings, hashed_password)
    database.engine.dispose()
    return settings.data


@pytest.fixture
def world(tmp_path: Path, filled: Path) -> Iterator[World]:
    """A portal of this test's own, with one course and the assignment xor, released."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    settings = _settings(tmp_path)
    database = open_database(settings.database_url)
    app = create_app(settings, database)
    app.testing = True
    yield World(app, database, settings)
    database.engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server of these tests' own; returns the start of its addresses."""
    with running_server() as address:
        yield address


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database of PostgreSQL."""
    return make_database(server, f"test_{abs(hash(request.node.name))}")


@pytest.fixture
def portal(url: str, tmp_path: Path, hashed_password: str) -> Iterator[World]:
    """A portal as `world` is one, on PostgreSQL."""
    settings = replace(_settings(tmp_path), database_url=url)
    migrate(settings)
    database = open_database(url)
    with database.write.begin() as session:
        _fill(session, settings, hashed_password)
    app = create_app(settings, database)
    app.testing = True
    yield World(app, database, settings)
    database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> World:
    """A portal on each kind of database."""
    found: World = request.getfixturevalue("world" if request.param == "sqlite" else "portal")
    return found


def run_all(tasks: list[Callable[[], None]]) -> None:
    """Run them in threads of their own."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def _settings(folder: Path) -> Settings:
    return Settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'portal.sqlite3'}",
        assignment_folders=(ROOT / "assignments",),
        secret_key="0" * 64,
    )


def _fill(session: Session, settings: Settings, hashed_password: str) -> None:
    course = Course(slug="dl", title="Deep learning for physicists")
    session.add(course)
    users = {}
    for who, (email, role) in PEOPLE.items():
        user = User(email=email, name=who.title(), password_hash=hashed_password)
        user.is_admin = who == "admin"
        session.add(user)
        users[who] = user
        if role is not None:
            session.add(Membership(user=user, course=course, role=role))
    session.flush()
    version = snapshots.prepare(settings.snapshots, settings.assignment_folders, "xor")
    snapshot = snapshots.import_version(session, version)
    session.flush()
    assignment = assignments.add_to_course(session, users["instructor"], course, snapshot)
    assignment.release_at = now() - timedelta(days=1)
    assignment.due_at = now() + timedelta(days=1)


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Path:
    """A data folder with the small class of `classroom.py`, made once and then copied."""
    from tests.web import classroom

    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    database = open_database(_settings(folder).database_url)
    with database.write.begin() as session:
        classroom.fill(session, {email: role for email, role in PEOPLE.values() if role in STAFF})
    database.engine.dispose()
    return folder


@pytest.fixture
def toy(toy_folder: Path, tmp_path: Path) -> Iterator[World]:
    """A portal with the small class of `classroom.py`."""
    folder = tmp_path / "toy"
    shutil.copytree(toy_folder, folder)
    settings = _settings(folder)
    database = open_database(settings.database_url)
    app = create_app(settings, database)
    app.testing = True
    yield World(app, database, settings)
    database.engine.dispose()
