"""
From the click on "Hand in" to the result on the page, in a browser, on an idle portal.

    python -m benchmarks.portal_latency [--uploads N] [--assignment NAME]

Needs Chromium and Playwright, as the browser tests do.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from autograder.assignment import find_assignment, load_assignment
from benchmarks.portal import prepare, serving, settings_in
from web.db import Database
from web.demo import course, people
from web.demo.notebooks import Work, notebook
from web.models import Submission

STUDENT: Final = "Ida"
WARM_SECONDS: Final = 15.0
CHROMIUM: Final = "/usr/bin/chromium"


@dataclass(frozen=True)
class Upload:
    """
    One upload; all in seconds.

    Args:
        total: From the click to the result on the page.
        waiting: In the queue.
        grading: From the claim to the stored result.
    """

    total: float
    waiting: float
    grading: float

    @property
    def rest(self) -> float:
        """Sending, receiving, telling the browser, drawing the page."""
        return self.total - self.waiting - self.grading


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a line for each upload, then the medians."""
    parser = argparse.ArgumentParser(prog="benchmarks.portal_latency", description=__doc__)
    parser.add_argument("--uploads", type=int, default=10)
    parser.add_argument("--assignment", default="xor", choices=course.NAMES)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="autograder-latency-") as folder:
        settings = settings_in(Path(folder))
        database = prepare(settings, options.assignment)
        with serving(Path(folder)) as address:
            time.sleep(WARM_SECONDS)
            uploads = _measure(address, database, options.assignment, options.uploads)
        database.engine.dispose()
    _print(uploads)
    return 0


def _measure(address: str, database: Database, name: str, count: int) -> list[Upload]:
    content = notebook(load_assignment(find_assignment(name)), Work())
    with sync_playwright() as playwright, tempfile.NamedTemporaryFile(suffix=".ipynb") as file:
        file.write(content)
        file.flush()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(base_url=address).new_page()
        _sign_in(page)
        place = f"/courses/{course.SLUG}/assignments/{name}/"
        totals = [_upload(page, place, file.name) for _ in range(count + 1)]
        browser.close()
    with database.read() as session:
        rows = session.scalars(select(Submission).order_by(Submission.id)).all()
    # The first one warms up what is still cold.
    return [_timed(total, row) for total, row in zip(totals, rows, strict=True)][1:]


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(people.address(STUDENT))
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def _upload(page: Page, place: str, file: str) -> float:
    page.goto(place)
    page.get_by_label("Your notebook").set_input_files(file)
    began = time.monotonic()
    page.get_by_role("button", name="Submit").click(no_wait_after=True)
    page.locator(".score").wait_for(timeout=120_000)
    return time.monotonic() - began


def _timed(total: float, row: Submission) -> Upload:
    assert row.started_at and row.graded_at
    return Upload(
        total,
        (row.started_at - row.received_at).total_seconds(),
        (row.graded_at - row.started_at).total_seconds(),
    )


def _print(uploads: Sequence[Upload]) -> None:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for title in ("", "click to result", "in the queue", "grading", "the rest"):
        table.add_column(title, justify="right")
    columns = [[getattr(each, name) for each in uploads] for name in
               ("total", "waiting", "grading", "rest")]  # fmt: skip
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        table.add_row(str(number), *(f"{value:.2f} s" for value in row))
    table.add_section()
    table.add_row("median", *(f"[bold]{statistics.median(each):.2f} s[/]" for each in columns))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
