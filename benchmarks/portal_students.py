"""Students of a measured portal: their accounts, their browsers, their notebooks."""

from __future__ import annotations

import http.client
import json
import re
import statistics
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Final

from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from web.config import Settings
from web.db import Database
from web.demo import course, people
from web.factory import create_app
from web.models import Course, Role, User
from web.security import SESSION_TOKEN
from web.services.people import accounts, roster, roster_file

ASSIGNMENT: Final = "xor"
ANSWER_SECONDS: Final = 60.0
COURSE: Final = f"/courses/{course.SLUG}/"
PAGE: Final = f"{COURSE}assignments/{ASSIGNMENT}/"
SIGN_IN: Final = "/sign-in"
FIELDS: Final = "application/x-www-form-urlencoded"
FORM: Final = "multipart/form-data; boundary=end-of-part"


@dataclass(frozen=True)
class Answer:
    """An answer of the portal's: status, where it sends the browser, body."""

    status: int
    location: str
    text: str


@dataclass
class Log:
    """What happened, from all threads; appending to a list needs no lock."""

    pages: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)
    sign_ins: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Browser:
    """
    A browser of somebody who is signed in, as far as a load needs one.

    Args:
        address: Of the portal.
        session: The session's cookie.
        log: Takes times and errors.
    """

    def __init__(self, address: str, session: str, log: Log) -> None:
        self._host = urllib.parse.urlsplit(address).netloc
        self._cookies = {"session": session}
        self._log = log

    def page(self, path: str) -> str:
        """Read a page; takes its time."""
        return self._ask("GET", path, 200, self._log.pages).text

    def sign_in(self, email: str, password: str) -> bool:
        """Sign in by the form; returns whether the portal let them in."""
        token = self._token(SIGN_IN)
        fields = {"csrf_token": token, "email": email, "password": password}
        body = urllib.parse.urlencode(fields).encode()
        return bool(self._ask("POST", SIGN_IN, 303, self._log.sign_ins, body, FIELDS).location)

    def submit(self, content: bytes) -> str:
        """Submit by the form on the assignment's page; returns the receipt's path, if any."""
        body = _form(self._token(PAGE), content)
        return self._ask("POST", f"{PAGE}submit", 303, self._log.uploads, body, FORM).location

    def watch(self, receipt: str, until: float) -> None:
        """Follow the events as the page's script does; where there is no stream, ask again."""
        if self._exchange("GET", f"{receipt}events").status == 200:
            return
        wait = 1.0
        while time.monotonic() + wait < until:
            time.sleep(wait)
            if '"done":true' in self._ask("GET", f"{receipt}status.json", 200, []).text:
                return
            wait = min(wait * 1.3, 10.0)

    def _token(self, path: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page(path))
        if token is None:
            self._log.errors.append(f"{path}: no form")
            return ""
        return token[1]

    def _ask(
        self,
        method: str,
        path: str,
        expected: int,
        times: list[float],
        body: bytes = b"",
        kind: str = "",
    ) -> Answer:
        began = time.monotonic()
        answer = self._exchange(method, path, body, kind)
        times.append(time.monotonic() - began)
        if answer.status != expected:
            self._log.errors.append(f"{method} {path}: {answer.status} {answer.text[:200]}")
        return answer

    def _exchange(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
        connection = http.client.HTTPConnection(self._host, timeout=ANSWER_SECONDS + 30)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Referer": f"http://{self._host}{PAGE}"}
        if body:
            headers["Content-Type"] = kind
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, "", repr(error))
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: each.value for name, each in SimpleCookie(line).items()}
        return Answer(response.status, response.headers.get("Location", ""), text)


def enrol(settings: Settings, database: Database, count: int) -> list[str]:
    """Add so many students; returns their session cookies, since Argon2 is not measured here."""
    lines = ["email,name", *(f"load{n}@example.org,Load {n}" for n in range(count))]
    with database.write.begin() as session:
        instructor = session.scalars(select(User).where(User.email == people.INSTRUCTOR[0])).one()
        its_course = session.scalars(select(Course).where(Course.slug == course.SLUG)).one()
        rows = roster_file.parse_roster("\n".join(lines))
        taken = roster.take_in(session, instructor, its_course, rows, Role.STUDENT)
        users = [membership.user for membership in taken.added]
        sessions = [(each.get_id(), accounts.begin_session(session, each)) for each in users]
    app = create_app(settings, database)
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    cookies = ({"_user_id": key, "_fresh": True, SESSION_TOKEN: token} for key, token in sessions)
    return [str(signer.dumps(cookie)) for cookie in cookies]


def own_notebook(solved: bytes, number: int) -> bytes:
    """Make a notebook different from all others by a comment."""
    document = json.loads(solved)
    first = next(cell for cell in document["cells"] if cell["cell_type"] == "code")
    first["source"] = "".join(first["source"]) + f"\n# By student {number}."
    return json.dumps(document).encode()


def _form(token: str, content: bytes) -> bytes:
    part = "--end-of-part\r\nContent-Disposition: form-data; name="
    mark = f'{part}"csrf_token"\r\n\r\n{token}\r\n'
    head = f'{part}"notebook"; filename="{ASSIGNMENT}.ipynb"\r\n\r\n'
    return (mark + head).encode() + content + b"\r\n--end-of-part--\r\n"


def summary(times: Sequence[float]) -> tuple[float, float, float, float]:
    """Return median, 95th and 99th percentile, and the longest."""
    times = [*times, *times] or [0.0, 0.0]  # quantiles need two values
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return statistics.median(times), cuts[94], cuts[98], max(times)
