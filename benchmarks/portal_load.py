"""
Many students hand in at once while others, who have handed in too, read pages; by HTTP.

    python -m benchmarks.portal_load [--students N] [--seconds N] [--readers N]

Ends with 1 if an answer is an error, a page is slow, or a submission is not graded.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from autograder.assignment import find_assignment, load_assignment
from benchmarks.portal import prepare, serving, settings_in
from benchmarks.portal_students import (
    ASSIGNMENT,
    COURSE,
    PAGE,
    Browser,
    Log,
    enrol,
    own_notebook,
    summary,
)
from web.db import Database, now
from web.demo.notebooks import Work, notebook
from web.models import Submission, SubmissionState

WARM_SECONDS: Final = 15.0
GRADING_SECONDS: Final = 180.0
PAUSE_SECONDS: Final = (0.5, 1.5)
SLOWEST_PAGE_SECONDS: Final = 1.0
DONE: Final = (SubmissionState.GRADED, SubmissionState.UNUSABLE, SubmissionState.FAILED)


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
        cookies = enrol(settings, database, options.students + options.readers)
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
                    each, own_notebook(solved, number), seconds * number / len(students), until
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
        table.add_row(title, str(len(times)), *(f"{each:.3f} s" for each in summary(times)))
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
    slow = summary(log.pages)[2] > SLOWEST_PAGE_SECONDS
    return not log.errors and not slow and len(graded) == len(rows) >= students


if __name__ == "__main__":
    sys.exit(main())
