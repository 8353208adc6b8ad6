"""The pictures of the handbooks: taken from pages as they are, kept if AUTOGRADER_SCREENSHOTS=1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import COURSE, IMAGES, XOR, Site, Visitors
from web.db import now
from web.demo.notebooks import Work
from web.models import CourseAssignment

DOCS: Final = IMAGES.parent
WIDE: Final = {"viewport": {"width": 1000, "height": 680}}
PHONE: Final = {"viewport": {"width": 390, "height": 760}, "color_scheme": "dark"}
STAFF: Final = f"{COURSE}staff/"
XNOR: Final = ("q1", "XNOR: the labels are exchanged")


@pytest.fixture
def lively(site: Site, graded: str) -> Iterator[str]:
    """Let some more students have submitted, one of them late; returns Ada's submission."""
    with site.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="xor").one()
        due_at, assignment.late_percent_per_day = assignment.due_at, 10.0
    ids = [
        site.submit("ben", Work(undone=("q5", "q6"))),
        site.submit("clara", Work()),
        site.submit("ella", Work(wrong=(XNOR,))),
    ]
    with site.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="xor").one()
        assignment.due_at, assignment.cutoff_at = now() - timedelta(hours=3), now() + timedelta(2)
    ids.append(site.submit("dario", Work(blank=True)))
    for each in ids:
        site.wait(each)
    yield graded
    with site.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="xor").one()
        assignment.due_at, assignment.cutoff_at = due_at, None


def preview(page: Page) -> None:
    """Look at a roster before it is taken in."""
    page.get_by_label("Or paste the rows").fill(
        "email,name,student number,section\n"
        "ada@example.org,Ada Example,4000001,Monday\n"
        "greta@example.org,Greta Mustermann,4000002,Thursday\n"
        "hugo@example.org,Hugo Placeholder,4000003,Thursday"
    )
    page.get_by_role("button", name="Preview import").click()


def to(selector: str) -> Callable[[Page], None]:
    """Scroll to an element."""
    return lambda page: page.locator(selector).evaluate("it => it.scrollIntoView()")


PICTURES: Final[dict[str, tuple[str, str, dict[str, Any], Callable[[Page], None] | None]]] = {
    "student-course": ("ada", COURSE, WIDE, None),
    "student-assignment": ("ada", XOR, WIDE, None),
    "student-result": ("ada", "/submissions/{}/", WIDE, None),
    "student-hint": ("ada", "/submissions/{}/", WIDE, to("#q2")),
    "student-notebook": ("ada", "/submissions/{}/notebook", WIDE, to("#result-q2")),
    "student-phone": ("ada", "/submissions/{}/", PHONE, None),
    "staff-dashboard": ("instructor", STAFF, WIDE, None),
    "staff-board": ("instructor", f"{STAFF}submissions/", WIDE, None),
    "staff-assignment": ("instructor", f"{STAFF}assignments/xor/settings", WIDE, None),
    "staff-submission": ("instructor", "/staff/submissions/{}/", WIDE, to("#q2")),
    "staff-roster": ("instructor", f"{STAFF}people/", WIDE, preview),
}


def test_pictures_can_be_taken(visitors: Visitors, lively: str, folder: Path) -> None:
    """Each page of the handbooks is there and not empty."""
    for name, (who, address, options, prepare) in PICTURES.items():
        page = visitors.open(who, **options)
        page.goto(address.format(lively), wait_until="load")
        if prepare is not None:
            prepare(page)
        page.screenshot(path=folder / f"{name}.png")
        visitors.close()

        assert (folder / f"{name}.png").stat().st_size > 5_000


def test_handbooks_show_all_pictures() -> None:
    """Pictures, the list above and the handbooks hold the same names."""
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    kept = {path.stem for path in IMAGES.glob("*.png")}

    assert set(PICTURES) <= kept
    assert [name for name in PICTURES if f"images/{name}.png" not in text] == []
    assert all(path.stat().st_size < 200_000 for path in IMAGES.glob("*.png"))
