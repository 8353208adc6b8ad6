"""
Many students hand in at once while others, who have handed in too, read pages; by HTTP.

    python -m benchmarks.portal_load [--students N] [--seconds N] [--readers N]

Ends with 1 if an answer is an error, a page is slow, or a submission is not graded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final

from flask.sessions import SecureCookieSessionInterface
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from autograder.assignment import find_assignment, load_assignment
from benchmarks.portal import prepare, serving, settings_in
from web.config import Settings
from web.db import Database, now
from web.demo import course, people
from web.demo.notebooks import Work, notebook
from web.factory import create_app
from web.models import Course, Role, Submission, SubmissionState, User
from web.security import SESSION_TOKEN
from web.services.people import accounts, roster, roster_file

ASSIGNMENT: Final = "xor"
WARM_SECONDS: Final = 15.0
GRADING_SECONDS: Final = 180.0
ANSWER_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = (0.5, 1.5)
SLOWEST_PAGE_SECONDS: Final = 1.0
COURSE: Final = f"/courses/{course.SLUG}/"
PAGE: Final = f"{COURSE}assignments/{ASSIGNMENT}/"
DONE: Final = (SubmissionState.GRADED, SubmissionState.UNUSABLE, SubmissionState.FAILED)
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

    def submit(self, content: bytes) -> str:
        """Hand in by the form on the assignment's page; returns the receipt's path, if any."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page(PAGE))
        if token is None:
            self._log.errors.append("the assignment's page has no form")
            return ""
        body = _form(token[1], content)
        return self._ask("POST", f"{PAGE}submit", 303, self._log.uploads, body).location

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

    def _ask(
        self, method: str, path: str, expected: int, times: list[float], body: bytes = b""
    ) -> Answer:
        began = time.monotonic()
        answer = self._exchange(method, path, body)
        times.append(time.monotonic() - began)
        if answer.status != expected:
            self._log.errors.append(f"{method} {path}: {answer.status} {answer.text[:200]}")
        return answer

    def _exchange(self, method: str, path: str, body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection(self._host, timeout=ANSWER_SECONDS + 30)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Referer": f"http://{self._host}{PAGE}"}
        if body:
            headers["Content-Type"] = FORM
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and tell by the exit status whether all went well."""
    parser = argparse.ArgumentParser(prog="benchmarks.portal_load", description=__doc__)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0, help="within which they hand in")
    parser.add_argument("--readers", type=int, default=20)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="autograder-load-") as folder:
        settings = settings_in(Path(folder))
        database = prepare(settings, ASSIGNMENT)
        cookies = _enrol(settings, database, options.students + options.readers)
        load = os.getloadavg()[0]
        with serving(Path(folder)) as address:
            time.sleep(WARM_SECONDS)
            log = Log()
            browsers = [Browser(address, cookie, log) for cookie in cookies]
            students, readers = browsers[: options.students], browsers[options.students :]
            _run(students, readers, options.seconds, database, log)
        good = _print(log, database, options.students, load)
        database.engine.dispose()
    return 0 if good else 1


def _enrol(settings: Settings, database: Database, count: int) -> list[str]:
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


def _run(
    students: Sequence[Browser],
    readers: Sequence[Browser],
    seconds: float,
    database: Database,
    log: Log,
) -> None:
    """Let all act at once, until all is graded or it takes too long."""
    solved = notebook(load_assignment(find_assignment(ASSIGNMENT)), Work())
    over = threading.Event()
    until = time.monotonic() + seconds + GRADING_SECONDS
    with ThreadPoolExecutor(len(students) + len(readers)) as pool:
        acts: list[Callable[[], None]] = [
            *(lambda each=each: _read(each, solved, over) for each in readers),
            *(
                lambda each=each, number=number: _study(
                    each, _own(solved, number), seconds * number / len(students), until
                )
                for number, each in enumerate(students)
            ),
        ]
        futures = [pool.submit(act) for act in acts]
        time.sleep(seconds)
        while time.monotonic() < until and not _all_done(database, len(students)):
            time.sleep(0.5)
        over.set()
    for future in futures:
        if (error := future.exception()) is not None:
            log.errors.append(repr(error))


def _study(browser: Browser, content: bytes, wait: float, until: float) -> None:
    """Hand in, and read the result."""
    time.sleep(wait)
    receipt = urllib.parse.urlsplit(browser.submit(content)).path
    if receipt.startswith("/submissions/"):
        browser.page(receipt)
        browser.watch(receipt, until)
        browser.page(receipt)


def _read(browser: Browser, content: bytes, over: threading.Event) -> None:
    """Read pages all the time; one of them shows a submission of one's own."""
    receipt = urllib.parse.urlsplit(browser.submit(content)).path
    pages = (COURSE, PAGE, receipt or COURSE)
    while not over.wait(random.uniform(*PAUSE_SECONDS)):  # noqa: S311  # no secret
        browser.page(random.choice(pages))  # noqa: S311  # no secret


def _own(solved: bytes, number: int) -> bytes:
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


def _all_done(database: Database, least: int) -> bool:
    with database.read() as session:
        counted = select(Submission.state, func.count()).group_by(Submission.state)
        states = dict(session.execute(counted).all())
    done = sum(states.get(state, 0) for state in DONE)
    return done >= least and done == sum(states.values())


def _print(log: Log, database: Database, students: int, load: float) -> bool:
    with database.read() as session:
        rows = session.scalars(select(Submission)).all()
    graded = [row for row in rows if row.state == SubmissionState.GRADED and row.graded_at]
    best = max((row.score_tenths or 0 for row in graded), default=0)
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("", "number", "median", "p95", "p99", "longest"):
        table.add_column(title, justify="right" if title else "left")
    for title, times in (("pages", log.pages), ("hand-ins", log.uploads)):
        table.add_row(title, str(len(times)), *(f"{each:.3f} s" for each in _summary(times)))
    console = Console()
    console.print(table)
    last = max((row.received_at for row in rows), default=now())
    ends = [row.graded_at for row in graded if row.graded_at]
    tail = max((max(ends, default=last) - last), timedelta()).total_seconds()
    full = sum(row.score_tenths == best for row in graded)
    console.print(f"{len(graded)} of {len(rows)} graded ({full} with {best / 10:g} points), "
                  f"the last {tail:.1f} s after the last hand-in")  # fmt: skip
    console.print(f"{len(log.errors)} errors; load average before: {load:.2f}")
    for error in log.errors[:10]:
        console.print(f"  {error}", markup=False)
    slow = _summary(log.pages)[2] > SLOWEST_PAGE_SECONDS
    return not log.errors and not slow and len(graded) == len(rows) >= students


def _summary(times: Sequence[float]) -> tuple[float, float, float, float]:
    """Return median, 95th and 99th percentile, and the longest."""
    times = [*times, *times] or [0.0, 0.0]  # quantiles need two values
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return statistics.median(times), cuts[94], cuts[98], max(times)


if __name__ == "__main__":
    sys.exit(main())
