"""Every form of the portal, filled in by somebody who wants it to fail, on both databases."""

from __future__ import annotations

import gc
import json
import random
import re
import shutil
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, quote_from_bytes

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict

from tests.web.conftest import ROOT, World, _fill, token_of
from tests.web.hostile import FILE_NAMES, HOSTILE, MOMENTS, NUMBERS, PLAIN, STRANGE_PARTS, TEXTS
from tests.web.postgresql import make_database
from tests.web.reports import graded, report
from tests.web.test_policy_routes import MAY
from web.blueprints.staff.form_versions import FIELD
from web.config import Settings
from web.db import now, open_database
from web.factory import create_app
from web.http import EXTENSION, Portal
from web.models import (
    Course,
    CourseAssignment,
    Membership,
    Notice,
    RegradeJob,
    RegradeJobState,
    User,
)
from web.services.courses import announcements, assignments, extension_requests
from web.services.courses.rule_book import rules_for
from web.services.grading import comments, overrides, requests, written_answers
from web.services.notices import telling
from web.services.people import accounts
from web.services.regrading import regrades
from web.services.submissions.queue import new_result
from web.setup import migrate

ROLES = ("student", "grader", "instructor", "admin")
BODIES, BODIES_FULL = 14, 200
PAGES = 6


class Asked(ImmutableMultiDict[str, Any]):
    """What a view reads, and by which names it asks for it."""

    names: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> Any:
        """Note the name; so do the others."""
        self.names.add(key)
        return super().__getitem__(key)

    def getlist(self, key: str, *arguments: Any, **named: Any) -> Any:
        """Return all values of a name."""
        self.names.add(key)
        return super().getlist(key, *arguments, **named)


class _Forms(HTMLParser):
    """The fields of every form on a page, by where it is sent."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._place, self._fields, self._select = place, dict[str, str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep forms and what is filled in."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._fields = self.found.setdefault(given.get("action") or self._place, {})
        elif tag == "select":
            self._select = name
        elif tag == "option" and not self._fields.get(self._select):
            self._fields[self._select] = given.get("value", "")
        elif tag in ("input", "textarea") and name not in ("", "csrf_token"):
            self._fields.setdefault(name, given.get("value", ""))


@dataclass(frozen=True)
class Base:
    """
    A portal with something behind every form, of which each form gets a copy.

    Args:
        app: The program.
        settings: With the database that is copied.
        server: Of PostgreSQL; empty for SQLite.
        parts: What stands in addresses.
        cookies: Of who is signed in, by role.
        tokens: The marks of their forms.
    """

    app: Flask
    settings: Settings
    server: str
    parts: dict[str, str]
    cookies: dict[str, str]
    tokens: dict[str, str]

    @contextmanager
    def copy(self, number: int) -> Iterator[World]:
        """Make a portal with rows of its own; the program, whose pages are compiled, is shared."""
        database = open_database(self._copied(number))
        self.app.extensions[EXTENSION] = Portal(self.settings, database)
        try:
            yield World(self.app, database, self.settings)
        finally:
            database.engine.dispose()

    def _copied(self, number: int) -> str:
        found = make_url(self.settings.database_url)
        assert found.database is not None
        if self.server:
            return make_database(self.server, f"copy_{number}", like=found.database)
        target = f"{found.database}-{number}"
        shutil.copyfile(found.database, target)
        return f"sqlite:///{target}"


@pytest.fixture(params=["sqlite", "postgresql"])
def base(
    request: pytest.FixtureRequest, world: World, tmp_path: Path, hashed_password: str
) -> Base:
    """A portal on each kind of database, at rest."""
    server = "" if request.param == "sqlite" else request.getfixturevalue("server")
    settings = replace(world.settings, assignment_folders=(offered(tmp_path),))
    if server:
        world.database.engine.dispose()
        url = make_database(server, "fuzzed")
        settings = replace(settings, database_url=url)
        migrate(settings)
    database = open_database(settings.database_url)
    with database.write.begin() as session:
        if server:
            _fill(session, settings, hashed_password)
        parts = something_behind_every_form(session, settings)
    app = create_app(settings, database)
    app.testing = True
    app.request_class = type("Noting", (Request,), {"parameter_storage_class": Asked})
    # Whoever signs in before the copies are made is signed in to all of them.
    clients = {who: World(app, database, settings).client(who) for who in ROLES}
    tokens = {who: token_of(client, "/account") for who, client in clients.items()}
    cookies = {who: cookie_of(client) for who, client in clients.items()}
    database.engine.dispose()
    return Base(app, settings, server, parts, cookies, tokens)


def offered(folder: Path) -> Path:
    """Return a folder with few assignments: each is read when pages show what can be imported."""
    place = folder / "offered"
    place.mkdir()
    for name in ("splits", "xor"):
        (place / name).symlink_to(ROOT / "assignments" / name)
    return place


def cookie_of(client: FlaskClient) -> str:
    """Return the cookie of a browser's session."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def something_behind_every_form(session: Session, settings: Settings) -> dict[str, str]:
    """Make what forms are about; returns what stands in addresses."""
    session.add(Course(slug="other", title="Other"))
    own = graded(session, settings.submissions, "Student", {"q1": 1.0})
    graded(session, settings.submissions, "Other", {"q1": 2.0})
    assignment = session.scalars(select(CourseAssignment)).one()
    staff = session.scalars(select(User).where(User.name == "Instructor")).one()
    entered = written_answers.Entered(0, points_tenths=5, reason="So.")
    written_answers.save(session, staff, own, "q7", entered)
    overrides.set_points(session, staff, own, "q1", 20, "So.")
    terms = assignments.ExtensionTerms(None, None, 2, "Ill.")
    assignments.extend(session, staff, assignment, own.user, terms)
    announcements.publish(session, staff, assignment.course, "Exam", "In room 7.")
    comments.add(session, staff, assignment, "q7", "Why?")
    requests.ask(session, own, "q2", "Please.")
    rules, wished = rules_for(session, assignment, own.user), now() + timedelta(days=9)
    extension_requests.ask(session, assignment, own.user, rules, wished, "Ill.")
    regrades.start(session, staff, assignment, regrades.Scope.ALL)
    session.flush()
    for job in session.scalars(select(RegradeJob)):
        found = report(assignment.snapshot, {"q1": 3.0})
        ran = json.dumps(found.notebook)
        job.result = new_result(job.submission_id, assignment.snapshot_id, found, ran, None)
        job.end_lease(RegradeJobState.DONE)
    invited = User(email="zuse@example.org", name="Zuse")
    session.add(invited)
    session.flush()
    telling.tell_some(session, None)
    told = select(Notice.id).where(Notice.user_id == own.user_id, Notice.told_at.is_not(None))
    member = session.scalars(select(Membership).where(Membership.user == own.user)).one()
    return {
        "slug": "dl",
        "name": "xor",
        "public_id": own.public_id,
        "question_id": "q7",
        "number": "1",
        "membership_id": str(member.id),
        "notice_id": str(session.scalars(told).one()),
        "user_id": str(own.user_id),
        "token": accounts.invite(session, invited, None),
        "file_name": "nothing.csv",
        "filename": "portal.css",
    }


def address(rule: str, parts: dict[str, str]) -> str:
    """Return a rule's address with its parts filled in."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: quote(parts[found[1]], safe=""), rule)


def rules(app: Flask, method: str) -> dict[str, str]:
    """Return the rules of a method, by endpoint, but streams, which do not end."""
    return {
        rule.endpoint: str(rule)
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint != "submissions.stream_status"
    }


# What stands in a form that cannot be read to its end is closed when it is forgotten.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
def test_no_form_fails_whatever_it_is_filled_in_with(
    base: Base, pytestconfig: pytest.Config
) -> None:
    """Whoever sends it is told why, or it is done; and pages open afterwards."""
    full = pytestconfig.option.full
    failures: list[str] = []
    with base.copy(0) as world:
        forms = rules(world.app, "POST")
        typed = filled_in(Browsers(world, base))
    for number, (endpoint, rule) in enumerate(sorted(forms.items()), start=1):
        chance = random.Random(f"{pytestconfig.option.sweep_seed} {endpoint} {bool(base.server)}")
        with base.copy(number) as world:
            browsers = Browsers(world, base)
            fuzz = Fuzz(browsers, chance, rule, typed.get(address(rule, base.parts), {}))
            may = MAY[endpoint, "POST"]
            fuzz.people = [who for who in ROLES if who in may] or list(ROLES)
            for _ in range(BODIES_FULL if full else BODIES):
                fuzz.send()
            pages = sorted(rules(world.app, "GET").values())
            for page in pages if full else chance.sample(pages, PAGES):
                browsers.ask("admin", "GET", address(page, base.parts))
            failures += browsers.failures
    gc.collect()
    assert len(forms) > 30
    assert failures == []


def filled_in(browsers: Browsers) -> dict[str, dict[str, str]]:
    """Return what browsers would send, by address: the forms of all pages, as they are."""
    found: dict[str, dict[str, str]] = {}
    for who in ROLES:
        for rule in rules(browsers.world.app, "GET").values():
            place = address(rule, browsers.base.parts)
            parser = _Forms(place)
            parser.feed(browsers.ask(who, "GET", place))
            found = parser.found | found
    return found


class Browsers:
    """
    People who are signed in to a copy of the portal; notes which of their requests fail.

    Args:
        world: The copy.
        base: Of which it is one.
    """

    def __init__(self, world: World, base: Base) -> None:
        self.world, self.base = world, base
        self.failures: list[str] = []

    def ask(self, who: str, method: str, place: str, body: bytes = b"", **more: Any) -> str:
        """Send a request; returns the page, if it is one."""
        client = self.world.app.test_client()
        client.set_cookie("session", self.base.cookies[who])
        try:
            answer = client.open(place, method=method, data=body, **more)
            text = answer.text if answer.mimetype == "text/html" else ""
            answer.close()
            if answer.status_code < 500:
                return text
            what = answer.status
        except Exception:  # what would be an error page, and a fault of ours
            what = "".join(traceback.format_exc().splitlines(keepends=True)[-6:])
        self.failures.append(f"{who}: {method} {place[:200]} {body[:600]!r}\n{what}")
        return ""


class Fuzz:
    """
    One form, sent again and again.

    Args:
        browsers: By whom.
        chance: Decides all that is not decided.
        rule: Of the form's address.
        typed: What a browser would send.
    """

    def __init__(
        self, browsers: Browsers, chance: random.Random, rule: str, typed: dict[str, str]
    ) -> None:
        self._browsers, self._chance, self._rule = browsers, chance, rule
        # The first body that is taken would make the page's version an old one for all others.
        self._typed = {name: value for name, value in typed.items() if name != FIELD}
        self.people = list(ROLES)
        self._sent = 0
        Asked.names = set()

    def send(self) -> None:
        """Send it as one of the roles, now and then to an address that is none."""
        who = self._chance.choice(self.people if self._chance.random() < 0.7 else ROLES)
        parts = dict(self._browsers.base.parts)
        if self._chance.random() < 0.15:
            name = self._chance.choice(sorted(parts))
            parts[name] = self._chance.choice(STRANGE_PARTS)
        body, kind = self._encoded() if self._chance.random() < 0.75 else self._parted()
        headers = {"X-CSRFToken": self._browsers.base.tokens[who]}
        if self._chance.random() < 0.5:
            headers["Referer"] = "http://localhost/account"
        place = address(self._rule, parts)
        self._browsers.ask(who, "POST", place, body, content_type=kind, headers=headers)

    def _fields(self) -> list[tuple[str, bytes]]:
        """Return what a browser would send, with some of it missing, doubled, or hostile."""
        names = sorted(Asked.names - {"csrf_token", "next"} | set(self._typed))
        plain = {name: PLAIN[name] for name in names if name in PLAIN and not self._typed.get(name)}
        fields = self._typed | (plain if self._chance.random() < 0.8 else {})
        sent = [(name, value.encode()) for name, value in fields.items()]
        # Each field has its turn; now and then others join it.
        chosen = names[self._sent % len(names) :][:1] if names else []
        self._sent += 1
        while names and self._chance.random() < 0.4:
            chosen.append(self._chance.choice(names))
        for name in chosen:
            if self._chance.random() < 0.8:
                sent = [each for each in sent if each[0] != name]
            if self._chance.random() < 0.9:
                value = self._chance.choice(self._suited(name, fields.get(name, "")))
                sent.append((name, value if isinstance(value, bytes) else value.encode()))
        return sent

    def _suited(self, name: str, value: str) -> Sequence[str | bytes]:
        """Return what is hostile in such a field, most often."""
        if self._chance.random() < 0.3:
            return HOSTILE
        if name.endswith(("_at", "_until")):
            return MOMENTS
        return NUMBERS if re.fullmatch(r"[\d.]+", value) else TEXTS

    def _encoded(self) -> tuple[bytes, str]:
        pairs = (f"{quote(name)}={quote_from_bytes(value)}" for name, value in self._fields())
        return "&".join(pairs).encode(), "application/x-www-form-urlencoded"

    def _parted(self) -> tuple[bytes, str]:
        """Send parts, some of them as files; or what is no form at all."""
        kind = "multipart/form-data; boundary=b"
        if self._chance.random() < 0.1:
            return b'--b\r\n{"a": [1, null', self._chance.choice((kind, "application/json", "x"))
        parts = []
        for name, value in self._fields():
            file = self._chance.random() < 0.4
            extra = b'; filename="%s"' % self._chance.choice(FILE_NAMES) if file else b""
            head = b'--b\r\nContent-Disposition: form-data; name="%s"' % name.encode()
            parts.append(head + extra + b"\r\n\r\n" + value + b"\r\n")
        return b"".join(parts) + b"--b--\r\n", kind
