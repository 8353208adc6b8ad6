"""What an instructor does with marks: statistics, gradebook, and a worksheet for Moodle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, Visitors
from tests.web import classroom
from tests.web.services.gradebook.importers import ENGLISH, Moodle
from tests.web.services.gradebook.test_exports import MARKS, worksheet
from web.models import Role, User

GRADEBOOK = "/courses/toy/staff/gradebook/"
STATISTICS = "/courses/toy/staff/assignments/toy/statistics"
EXPORT = "/courses/toy/staff/assignments/toy/export"
COURSE = "/courses/toy/"
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def toy(site: Site) -> Site:
    """The running portal, with the small class; student One can sign in."""
    staff = {"instructor@example.org": Role.INSTRUCTOR, "grader@example.org": Role.GRADER}
    with site.database.write.begin() as session:
        classroom.fill(session, staff)
        one = session.query(User).filter_by(email="s1@example.org").one()
        one.password_hash = (
            session.query(User).filter_by(email="admin@example.org").one().password_hash
        )
    return site


def test_worksheet_goes_to_moodle_and_back(
    toy: Site, visitors: Visitors, save: Callable[[bytes, str], Path], tmp_path: Path
) -> None:
    """From the gradebook to the filled worksheet, by links and buttons, without JavaScript."""
    page = visitors.open("instructor", java_script_enabled=False, accept_downloads=True)
    page.goto(GRADEBOOK)
    page.get_by_role("link", name="Moodle, Canvas, Gradescope, CSV").click()
    expect(page.get_by_text("3 scores, and 3 students left out")).to_be_visible()
    page.get_by_label("Grading worksheet (CSV)").set_input_files(
        save(worksheet(ENGLISH), "sheet.csv")
    )
    page.get_by_role("button", name="Fill in").first.click()
    expect(page.get_by_text("3 of 3 scores filled in.")).to_be_visible()
    expect(page.get_by_text("Participant 907")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download moodle-toy.csv").click()
    download.value.save_as(tmp_path / "filled.csv")

    numbers = range(901, 908)
    feedback = {number: f"=old {number - 900}" for number in numbers}
    moodle = Moodle(ENGLISH, 8.0, {}, feedback, set(numbers))
    assert moodle.upload((tmp_path / "filled.csv").read_bytes()) == (3, 0)
    assert moodle.grades == {900 + number: mark for number, mark in MARKS.items()}
    page.goto("/courses/toy/staff/audit/")
    expect(page.get_by_text("Scores exported")).to_be_visible()


def test_keyboard_alone_sorts_the_gradebook_and_sets_a_weight(
    toy: Site, visitors: Visitors
) -> None:
    """The heads of columns are links, the rules a form: Tab, Enter, typing."""
    page = visitors.open("instructor")
    page.goto(GRADEBOOK)
    page.get_by_role("link", name="Total", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Total")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(page.locator(".gradebook tbody th").first).to_have_text("One")
    weight = page.get_by_label("Weight of Toy problem")
    weight.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("0,5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Grade settings saved")
    expect(page.get_by_label("Weight of Toy problem")).to_have_value("0.5")


def test_statistics_are_read_out_as_they_are_seen(toy: Site, visitors: Visitors) -> None:
    """Both charts have names, and the choice of attempts is a link that tells where it is."""
    page = visitors.open("grader")
    page.goto(STATISTICS)

    expect(page.get_by_role("img", name="Distribution of points")).to_be_visible()
    expect(page.get_by_role("img", name="Success rate of each question")).to_be_visible()
    expect(page.get_by_text("1 hidden test caught no mistake in this class.")).to_be_visible()
    page.get_by_role("link", name="First attempts").click()
    expect(page.get_by_role("link", name="First attempts")).to_have_attribute(
        "aria-current", "page"
    )
    expect(page.get_by_text("Caught no mistake")).to_have_count(0)


def test_student_finds_their_own_line(toy: Site, visitors: Visitors) -> None:
    """On the course's page, with the total so far."""
    page = visitors.open("s1")
    page.goto(COURSE)

    expect(page.get_by_role("heading", name="My grades")).to_be_visible()
    expect(page.get_by_text("Total so far: 87.5 %")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_of_marks_are_accessible_and_fit(toy: Site, visitors: Visitors, width: int) -> None:
    """At both widths, light and dark, axe finds nothing, and nothing is wider than the screen."""
    found = {}
    staff = visitors.open("instructor", viewport={"width": width, "height": 900})
    student = visitors.open("s1", viewport={"width": width, "height": 900})
    pages = [(staff, GRADEBOOK), (staff, STATISTICS), (staff, EXPORT), (student, COURSE)]
    for page, address in pages:
        page.goto(address)
        found[address] = problems(page, width)

    assert {address: lines for address, lines in found.items() if lines} == {}


def problems(page: Page, width: int) -> list[str]:
    """What is wrong with a page, each in a line."""
    lines = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for each in Axe().run(page).response["violations"]:
            lines += [f"{each['id']} in {node['html']}, {scheme}" for node in each["nodes"]]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return lines + ([f"{wide} pixels wide"] if wide > width else [])
