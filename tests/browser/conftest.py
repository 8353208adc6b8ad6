"""A portal as it runs, with its grading workers, and browsers that people sign in with."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy.orm import Session

from autograder.assignment import load_assignment
from web.config import Settings
from web.db import Database, now, open_database
from web.demo.notebooks import Work, notebook
from web.models import Course, CourseAssignment, Membership, Role, Submission, User
from web.services.courses import assignments, snapshots
from web.services.people import accounts
from web.services.submissions import submitting
from web.setup import migrate

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PASSWORD = "correct horse battery"
PEOPLE = {
    "admin": ("Alma Admin", None),
    "instructor": ("Iris Instructor", Role.INSTRUCTOR),
    "grader": ("Gus Grader", Role.GRADER),
    "ada": ("Ada Example", Role.STUDENT),
    "ben": ("Ben Beispiel", Role.STUDENT),
    "clara": ("Clara Sample", Role.STUDENT),
    "dario": ("Dario Esempio", Role.STUDENT),
    "ella": ("Ella Ejemplo", Role.STUDENT),
}
COURSE = "/courses/deep-learning/"
XOR = f"{COURSE}assignments/xor/"
NO_RELU = Work(wrong=(("q2", "No ReLU."),))
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()),
    None,
)
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_SECONDS = 60.0


@dataclass(frozen=True)
class Site:
    """
    A running portal.

    Args:
        address: Where it answers.
        settings: Its settings.
        database: Its database.
    """

    address: str
    settings: Settings
    database: Database

    def submit(self, who: str, work: Work, name: str = "xor") -> str:
        """Hand in as a student, without a browser; returns the submission's public id."""
        return self.hand_in_bytes(who, solved(name, work), name)

    def hand_in_bytes(self, who: str, content: bytes, name: str = "xor") -> str:
        """Hand in a file; returns the submission's public id."""
        with self.database.write.begin() as session:
            user = session.query(User).filter_by(email=f"{who}@example.org").one()
            assignment = session.query(CourseAssignment).filter_by(name=name).one()
            return submitting.submit(
                session, self.settings.submissions, user, assignment, f"{name}.ipynb", content
            ).public_id

    def wait(self, public_id: str, seconds: float = 60.0) -> str:
        """Wait until nothing more comes of a submission; returns its state."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self.database.read() as session:
                found = session.query(Submission).filter_by(public_id=public_id).one()
            if found.state not in ("queued", "running"):
                return found.state
            time.sleep(0.1)
        raise AssertionError(f"{public_id} was not graded within {seconds} s")


@dataclass
class Visitors:
    """Opens pages, signed in as somebody; each page must log no error of its own."""

    browser: Browser
    site: Site
    states: dict[str, Any] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, who: str | None = None, **options: Any) -> Page:
        """Open a page for somebody; options are those of a context of Playwright's."""
        if who is not None and who not in self.states:
            self.states[who] = self._sign_in(who)
        context = self.browser.new_context(
            base_url=self.site.address,
            storage_state=self.states.get(who) if who else None,
            **{"viewport": {"width": 1280, "height": 900}, **options},
        )
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._note(page, message.type, message.text))
        return page

    def close(self) -> None:
        """Close what was opened."""
        while self.contexts:
            self.contexts.pop().close()

    def _note(self, page: Page, kind: str, text: str) -> None:
        # A page that was refused on purpose is no error of the page's.
        if kind == "error" and "the server responded with a status of" not in text:
            self.errors.append(f"{page.url}: {text}")

    def _sign_in(self, who: str) -> Any:
        page = self.open()
        sign_in(page, who)
        return page.context.storage_state()


def sign_in(page: Page, who: str) -> None:
    """Sign in by the form."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(f"{who}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Account").wait_for()


def solved(name: str, work: Work) -> bytes:
    """Return a notebook as a student leaves it."""
    return notebook(load_assignment(ROOT / "assignments" / name), work)


def fill_in(downloaded: bytes, name: str, work: Work) -> bytes:
    """Fill in the cells of a downloaded notebook, as somebody would type them."""
    document = json.loads(downloaded)
    answers = json.loads(solved(name, work))["cells"]
    mine = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    theirs = [cell for cell in answers if cell["cell_type"] == "code"]
    for cell, answer in zip(mine, theirs, strict=True):
        cell["source"] = answer["source"]
    return json.dumps(document).encode()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run `autograder serve` with one course and the assignment xor, released."""
    data = tmp_path_factory.mktemp("portal")
    settings = Settings(
        data=data,
        database_url=f"sqlite:///{data / 'portal.sqlite3'}",
        assignment_folders=(ROOT / "assignments",),
        secret_key="",
    )
    migrate(settings)
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        _fill(session, settings)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("autograder"), "serve", "--port", str(port)],
            env={
                **os.environ,
                "AUTOGRADER_DATA": str(data),
                "AUTOGRADER_ASSIGNMENTS": str(ROOT / "assignments"),
                "AUTOGRADER_WORKERS": "2",
            },
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_it_answers(address, data / "serve.log")
            yield Site(address, settings, database)
        finally:
            process.terminate()
            process.wait(30)
            database.engine.dispose()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium."""
    assert CHROMIUM, "Chromium is missing: apt install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def everybody(browser: Browser, site: Site) -> Visitors:
    """Keep who is signed in, since each password takes a tenth of a second."""
    return Visitors(browser, site)


@pytest.fixture
def visitors(everybody: Visitors) -> Iterator[Visitors]:
    """Open pages for people; afterwards no page may have logged an error."""
    everybody.errors.clear()
    yield everybody
    everybody.close()
    assert everybody.errors == []


@pytest.fixture(scope="package")
def graded(site: Site) -> str:
    """Return a graded submission of Ada's, with a hint in question 2."""
    public_id = site.submit("ada", NO_RELU)
    assert site.wait(public_id) == "graded"
    return public_id


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a portal in which people grade, made once and then copied."""
    from tests.browser.grading_server import fill  # which has what is below

    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture
def portal(filled: Path, tmp_path: Path) -> Iterator[Site]:
    """A portal of this test's own, in which people grade."""
    from tests.browser.grading_server import serve

    with serve(filled, tmp_path) as site:
        yield site


@pytest.fixture
def people(browser: Browser, portal: Site) -> Iterator[Visitors]:
    """Open pages of that portal; afterwards no page may have logged an error."""
    found = Visitors(browser, portal)
    yield found
    found.close()
    assert found.errors == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pictures go: into the handbook only if somebody asks for it."""
    if os.environ.get("AUTOGRADER_SCREENSHOTS") == "1":
        IMAGES.mkdir(exist_ok=True)
        return IMAGES
    return tmp_path


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes, str], Path]:
    """Save a file, as somebody's notebook on their disk."""

    def write(content: bytes, name: str = "xor.ipynb") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def _fill(session: Session, settings: Settings) -> None:
    course = Course(slug="deep-learning", title="Deep learning for physicists")
    session.add(course)
    users = {}
    for who, (name, role) in PEOPLE.items():
        users[who] = user = User(email=f"{who}@example.org", name=name, is_admin=who == "admin")
        session.add(user)
        if role is not None:
            session.add(Membership(user=user, course=course, role=role))
    accounts.set_password(users["admin"], PASSWORD)
    for user in users.values():
        user.password_hash = users["admin"].password_hash
    session.flush()
    content = snapshots.prepare(settings.snapshots, settings.assignment_folders, "xor")
    snapshot = snapshots.import_version(session, content)
    assignment = assignments.add_to_course(session, users["instructor"], course, snapshot)
    assignment.release_at = now() - timedelta(days=1)
    assignment.due_at = now() + timedelta(days=1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/sign-in", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the portal does not answer: {log.read_text()[-2000:]}")
