"""
Two people grade 100 written answers at once, in real browsers: presses and seconds for each answer.

    python -m benchmarks.grading_desk [--answers N]

Three times the same answers: with Ctrl and Enter for each, as it was; with a number and Enter; and
with those that are alike graded together first. Of the answers 20 are blank, 20 the same, 20 nearly
the same and the others of their own. The graders know at once what an answer is worth: the seconds
are those of the browser and the portal, to which people add their reading. A press is a key or a
click; of keys that are pressed together, each.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import delete, select

from autograder.report import QuestionResult, Report
from autograder.verdict import Verdict
from benchmarks.portal import prepare, serving, settings_in
from web.db import Database, now
from web.demo import course as demo
from web.demo import people
from web.models import (
    Course,
    CourseAssignment,
    GradeChange,
    GradingClaim,
    ManualGrade,
    Membership,
    Role,
    Submission,
    SubmissionState,
    User,
)
from web.services.submissions import rendering
from web.services.submissions.queue import new_result

WRITTEN: Final = "q7"
PLACE: Final = f"/courses/{demo.SLUG}/staff/grading/xor/{WRITTEN}/"
GRADERS: Final = (people.INSTRUCTOR[0], people.GRADER[0])
CHROMIUM: Final = Path("/usr/bin/chromium")
STEPS: Final = (
    "For a general affine function the sums of opposite corners are equal.",
    "The table of XOR gives different sums: a contradiction.",
    "It holds for all weights, so no affine function is XOR.",
)
KEYBOARD: Final = "[data-keys]:not([hidden])"


@dataclass
class Log:
    """What graders did, from both threads; appending to a list needs no lock."""

    presses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, presses: int, seconds: float) -> None:
        """Note one decision."""
        self.presses.append(presses)
        self.seconds.append(seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Let two people grade the same answers in three ways, and print what it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.grading_desk", description=__doc__)
    parser.add_argument("--answers", type=int, default=100)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="autograder-desk-") as name:
        folder = Path(name)
        database = prepare(settings_in(folder), "xor")
        _fill(database, options.answers)
        complete = True
        with serving(folder) as address:
            for words, together, save in (
                ("one by one, Ctrl and Enter", False, _as_it_was),
                ("one by one, Enter", False, _by_keys),
                ("alike ones together, then Enter", True, _by_keys),
            ):
                log, taken = _grade(address, together=together, save=save)
                count = _count(database)
                _print(words, count, log, taken)
                complete = complete and count == options.answers
                _forget(database)
        database.engine.dispose()
    return 0 if complete else 1


def _grade(
    address: str, *, together: bool, save: Callable[[Page, list[int]], int]
) -> tuple[Log, float]:
    """Let both grade until nothing is left; returns what they did, and the seconds of it all."""
    log = Log()
    began = time.monotonic()
    with ThreadPoolExecutor(len(GRADERS)) as threads:
        running = [
            threads.submit(_grader, address, number, log, together=together, save=save)
            for number in range(len(GRADERS))
        ]
        for each in running:
            each.result()
    return log, time.monotonic() - began


def _grader(
    address: str,
    number: int,
    log: Log,
    *,
    together: bool,
    save: Callable[[Page, list[int]], int],
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = _signed_in(browser, address, GRADERS[number])
        page.goto(PLACE)
        if together:
            _grade_groups(page, number, log)
        _grade_the_rest(page, log, save)
        browser.close()


def _signed_in(browser: Browser, address: str, email: str) -> Page:
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Account").wait_for()
    return page


def _grade_groups(page: Page, number: int, log: Log) -> None:
    """Grade every second group, as people who share the work do."""
    links = page.locator("section[aria-labelledby=groups] a")
    places = [each.get_attribute("href") or "" for each in links.all()]
    for place in places[number :: len(GRADERS)]:
        began = time.monotonic()
        page.goto(place)
        items = _items(page)
        for each in items:
            page.locator(f"#item-{each - 1}").check()
        if not items:
            page.get_by_label("Points (max 2)").fill("0")
        page.get_by_role("button", name="Grade together").click()
        page.wait_for_url(f"**{PLACE}")
        log.add(2 + (len(items) or 2), time.monotonic() - began)


def _grade_the_rest(page: Page, log: Log, save: Callable[[Page, list[int]], int]) -> None:
    button = page.get_by_role("button", name="Grade next")
    if not button.count():
        return
    button.click()
    page.wait_for_url(lambda url: not url.endswith("/next"))
    while not page.url.endswith(PLACE):
        began, place = time.monotonic(), page.url
        page.locator(KEYBOARD).wait_for()
        presses = save(page, _items(page))
        page.wait_for_url(lambda url, place=place: url != place)
        log.add(presses, time.monotonic() - began)


def _items(page: Page) -> list[int]:
    """Return the numbers of the rubric's items that an answer meets, from 1."""
    text = page.locator(".grading-answer .answer").first.inner_text()
    return [number for number, step in enumerate(STEPS, 1) if step in text]


def _by_keys(page: Page, items: list[int]) -> int:
    for each in items or [0]:
        page.keyboard.press(str(each))
    page.keyboard.press("Enter")
    return len(items or [0]) + 1


def _as_it_was(page: Page, items: list[int]) -> int:
    for each in items:
        page.keyboard.press(str(each))
    if not items:
        page.get_by_label("Points (max 2)").click()
        page.keyboard.press("0")
    page.keyboard.press("Control+Enter")
    return (len(items) or 2) + 2


def _fill(database: Database, count: int) -> None:
    with database.write.begin() as session:
        course = session.scalars(select(Course).where(Course.slug == demo.SLUG)).one()
        assignment = session.scalars(
            select(CourseAssignment).where(
                CourseAssignment.course_id == course.id, CourseAssignment.name == "xor"
            )
        ).one()
        password = session.scalars(select(User).where(User.email == GRADERS[0])).one()
        grader = session.scalars(select(User).where(User.email == GRADERS[1])).one()
        grader.password_hash = password.password_hash
        for number in range(count):
            user = User(email=f"s{number}@example.org", name=f"Student {number}")
            session.add(Membership(user=user, course=course, role=Role.STUDENT))
            submission = Submission(
                assignment=assignment,
                user=user,
                snapshot_id=assignment.snapshot_id,
                number=1,
                file_name="xor.ipynb",
                sha256=f"{number:064d}",
                size_bytes=1,
                state=SubmissionState.GRADED,
                received_at=now(),
            )
            session.add(submission)
            session.flush()
            report = _report(assignment, _answer(number))
            text = json.dumps(report.notebook)
            rendered = rendering.rendered_after_grading(report, text)
            submission.result = new_result(
                submission.id, assignment.snapshot_id, report, text, rendered
            )


def _answer(number: int) -> str:
    """Return an answer: of each five one is blank, one the same, one nearly the same."""
    draw = random.Random(number)  # noqa: S311  # the same answers in each run
    shared = " ".join(f"word{each}" for each in range(80))
    match number % 5:
        case 0:
            return ""
        case 1:
            return "A single line separates at most three of the corners."
        case 2:
            return f"{STEPS[0]} {shared} {number}"
        case _:
            own = " ".join(f"word{draw.randrange(400)}" for _ in range(100))
            return f"{' '.join(STEPS[: draw.randrange(1, 4)])} {own}"


def _report(assignment: CourseAssignment, answer: str) -> Report:
    cells = [
        nbformat.v4.new_code_cell("a = 1", id="code"),
        nbformat.v4.new_markdown_cell(answer, id="answer"),
        nbformat.v4.new_code_cell("b = 2", id="more"),
    ]
    questions = tuple(
        QuestionResult(
            each.id,
            Fraction(each.max_tenths, 10),
            None if each.manual else Fraction(0),
            Verdict.PENDING if each.manual else Verdict.FAILED,
            answer_cells=(1,) if each.manual else (),
        )
        for each in assignment.snapshot.questions
    )
    return Report(
        assignment="xor",
        title=assignment.snapshot.title,
        assignment_hash=assignment.snapshot.content_hash,
        submission_sha256="0" * 64,
        seed=1,
        questions=questions,
        cells=(),
        notebook=nbformat.v4.new_notebook(cells=cells),
        seconds=0.5,
    )


def _count(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(ManualGrade.id)).all())


def _forget(database: Database) -> None:
    with database.write.begin() as session:
        for each in (GradeChange, GradingClaim, ManualGrade):
            session.execute(delete(each))


def _print(words: str, count: int, log: Log, taken: float) -> None:
    print(
        f"{words}: {count} answers by two in {taken:.0f} s; "
        f"for each {sum(log.presses) / count:.1f} presses, {sum(log.seconds) / count:.2f} s; "
        f"a decision {statistics.median(log.seconds):.2f} s, {len(log.seconds)} of them"
    )


if __name__ == "__main__":
    sys.exit(main())
