"""
A class signs in and submits while one account hammers the sign-in and one uploads refused files.

    python -m benchmarks.portal_abuse [--students 100] [--seconds 60] [--readers 20]

The same is done twice, without the two and beside them, each time by a portal of its own. Ends
with 1 if any answer is a 5xx, if somebody of the class is refused, or if others' pages take more
than twice as long at the 95th percentile beside the two. Grading goes on meanwhile and is not
waited for.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event as Over
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

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
from web.db import Database
from web.demo.notebooks import Work, notebook
from web.models import User
from web.services.people import accounts

WARM_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = (0.5, 1.5)
LAST_ANSWER_SECONDS: Final = 120.0
PASSWORD: Final = "slow neutrons scatter often"  # noqa: S105  # of accounts of this run alone
HANDS: Final = 4
"""Connections that each of the two keeps busy."""
MOST_TIMES_SLOWER: Final = 2.0
HUGE: Final = b'{"cells": [' + b"[" * 18_000_000


@dataclass
class Run:
    """
    What happened in one of the two runs.

    Args:
        students: Who sign in and submit.
        readers: Whose pages are looked at.
        abusers: The two.
    """

    students: Log = field(default_factory=Log)
    readers: Log = field(default_factory=Log)
    abusers: Log = field(default_factory=Log)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and tell by the exit status whether the class was spared."""
    parser = argparse.ArgumentParser(prog="benchmarks.portal_abuse", description=__doc__)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0, help="within which they sign in")
    parser.add_argument("--readers", type=int, default=20)
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    quiet = _measured(options, abused=False)
    beside = _measured(options, abused=True)
    return 0 if _print(quiet, beside, load) else 1


def _measured(options: argparse.Namespace, *, abused: bool) -> Run:
    with tempfile.TemporaryDirectory(prefix="autograder-abuse-") as folder:
        settings = settings_in(Path(folder))
        database = prepare(settings, ASSIGNMENT)
        cookies = enrol(settings, database, options.students + options.readers + 2)
        _set_passwords(database)
        database.engine.dispose()
        run = Run()
        with serving(Path(folder)) as address:
            time.sleep(WARM_SECONDS)
            readers = [Browser(address, each, run.readers) for each in cookies[-options.readers :]]
            abusers = cookies[options.students : options.students + 2] if abused else []
            with _abuse(address, options.students, abusers, run):
                _act(address, options, run, readers)
    return run


def _set_passwords(database: Database) -> None:
    """Store the same hash for everybody: it is verified in the run, not made."""
    with database.write.begin() as session:
        first, *others = session.scalars(select(User).where(User.email.like("load%")))
        accounts.set_password(first, PASSWORD)
        for each in others:
            each.password_hash = first.password_hash


def _act(address: str, options: argparse.Namespace, run: Run, readers: Sequence[Browser]) -> None:
    solved = notebook(load_assignment(find_assignment(ASSIGNMENT)), Work())
    over = threading.Event()

    def student(number: int) -> None:
        time.sleep(options.seconds * number / options.students)
        browser = Browser(address, "", run.students)
        browser.sign_in(f"load{number}@example.org", PASSWORD)
        receipt = urllib.parse.urlsplit(browser.submit(own_notebook(solved, number))).path
        if receipt:
            browser.page(receipt)

    def read(browser: Browser) -> None:
        while not over.wait(random.uniform(*PAUSE_SECONDS)):  # noqa: S311  # no secret
            browser.page(random.choice((COURSE, PAGE)))  # noqa: S311  # no secret

    with ThreadPoolExecutor(options.students + len(readers)) as pool:
        reading = [pool.submit(read, each) for each in readers]
        studying = [pool.submit(student, number) for number in range(options.students)]
        for future in studying:
            future.result()
        over.set()
        for future in reading:
            future.result()


@contextmanager
def _abuse(address: str, number: int, cookies: Sequence[str], run: Run) -> Iterator[None]:
    """Let the two work in a process of their own, as they would on a machine of their own."""
    if not cookies:
        yield
        return
    context = multiprocessing.get_context("spawn")
    over, logs = context.Event(), context.Queue()
    process = context.Process(target=_abuse_until, args=(address, number, cookies[1], over, logs))
    process.start()
    try:
        yield
    finally:
        over.set()
        run.abusers = logs.get(timeout=LAST_ANSWER_SECONDS)
        process.join()


def _abuse_until(address: str, number: int, cookie: str, over: Over, logs: Queue[Log]) -> None:
    os.nice(10)  # elsewhere they would take none of this machine's time
    log = Log()
    with ThreadPoolExecutor(2 * HANDS) as pool:
        for _ in range(HANDS):
            pool.submit(_hammer, address, number, log, over)
            pool.submit(_upload, Browser(address, cookie, log), over)
    logs.put(log)


def _hammer(address: str, number: int, log: Log, over: Over) -> None:
    """Sign in to one account again and again, now with its password and now with a wrong one."""
    while not over.is_set():
        for password in (PASSWORD, "wrong"):
            Browser(address, "", log).sign_in(f"load{number}@example.org", password)


def _upload(browser: Browser, over: Over) -> None:
    """Upload files that are refused: large ones that cost the most to refuse."""
    while not over.is_set():
        browser.submit(HUGE)


def _print(quiet: Run, beside: Run, load: float) -> bool:
    console = Console()
    console.print(_table(quiet, beside))
    slower = summary(beside.readers.pages)[1] / summary(quiet.readers.pages)[1]
    logs = [log for run in (quiet, beside) for log in (run.students, run.readers)]
    refused = [error for log in logs for error in log.errors]
    broken = [error for error in beside.abusers.errors if _is_broken(error)]
    console.print(f"others' pages at the 95th percentile: {slower:.2f} times as long")
    console.print(f"{len(refused)} errors of the class; of the two {len(beside.abusers.errors)} "
                  f"refused, {len(broken)} of them by a 5xx or no answer; "
                  f"load average before: {load:.2f}")  # fmt: skip
    for error in [*refused, *broken][:10]:
        console.print(f"  {error}", markup=False)
    return not refused and not broken and slower <= MOST_TIMES_SLOWER


def _table(quiet: Run, beside: Run) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("", "number", "median", "p95", "p99", "longest"):
        table.add_column(title, justify="right" if title else "left")
    for name, run in (("quiet", quiet), ("beside the two", beside)):
        rows = (
            ("pages", run.readers.pages),
            ("sign-ins", run.students.sign_ins),
            ("submissions", run.students.uploads),
            ("the two's sign-ins", run.abusers.sign_ins),
            ("the two's uploads", run.abusers.uploads),
        )
        for title, times in rows:
            if times:
                figures = (f"{each:.3f} s" for each in summary(times))
                table.add_row(f"{name}: {title}", str(len(times)), *figures)
    return table


def _is_broken(error: str) -> bool:
    status = error.partition(": ")[2].partition(" ")[0]
    return status == "0" or status.startswith("5")


if __name__ == "__main__":
    sys.exit(main())
