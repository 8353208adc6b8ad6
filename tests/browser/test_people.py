"""People are corrected without scripts, and the list of them fits a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COURSE, Visitors
from tests.browser.test_accessibility import SMALL_CONTROLS, violations

PEOPLE = f"{COURSE}staff/people/"
LONG = "Dario Wolkenkuckucksheim-Donaudampfschifffahrtsgesellschaft"
ADDRESS = "dario.wolkenkuckucksheim-donaudampfschifffahrtsgesellschaft@physics.example.org"
# What a reader would have to scroll sideways for: the page, and tables that scroll in themselves.
TOO_WIDE = """() =>
  [document.documentElement, ...document.querySelectorAll(".table-scroll")]
    .filter((it) => it.scrollWidth > it.clientWidth)
    .map((it) => it.outerHTML.slice(0, 80))"""


def save(page: Page, name: str, address: str) -> None:
    """Send the form of a person."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Save").click()


def too_large_and_too_small(page: Page) -> list[list[str]]:
    """Measure a page once its style sheet is there."""
    page.wait_for_load_state()
    return [page.evaluate(TOO_WIDE), page.evaluate(SMALL_CONTROLS)]


@pytest.mark.parametrize("width", [390, 1280])
def test_person_is_corrected(visitors: Visitors, width: int) -> None:
    """From the list to the form, an error beside its field, and back; nothing is too wide."""
    page = visitors.open("instructor", java_script_enabled=False)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(PEOPLE)
    page.get_by_role("link", name="Edit Dario Esempio").click()

    save(page, LONG, "ella@example.org")
    field = page.get_by_label("E-mail address")
    expect(field).to_have_value("ella@example.org")
    expect(field).to_have_accessible_description(
        re.compile("^Somebody else already has this address")
    )
    save(page, LONG, ADDRESS)
    expect(page.get_by_role("rowheader", name=LONG)).to_be_visible()
    expect(page.get_by_role("cell", name=ADDRESS)).to_be_visible()
    found = too_large_and_too_small(page)
    page.get_by_role("link", name=f"Edit {LONG}").click()
    expect(page.get_by_label("E-mail address")).to_have_value(ADDRESS)
    found += too_large_and_too_small(page)
    save(page, "Dario Esempio", "dario@example.org")
    expect(page.get_by_role("rowheader", name="Dario Esempio")).to_be_visible()

    assert found == [[], [], [], []]


def test_refused_correction_is_accessible(visitors: Visitors) -> None:
    """Axe finds nothing on the form with an error, light and dark."""
    page = visitors.open("instructor")
    page.goto(PEOPLE)
    page.get_by_role("link", name="Edit Dario Esempio").click()
    save(page, "Dario Esempio", "ella@example.org")
    expect(page.get_by_role("alert")).to_contain_text("Nothing has been saved yet")

    assert violations(page) == []


def test_wide_table_scrolls_in_itself(visitors: Visitors, graded: str) -> None:
    """What only screen readers read in a column beyond a phone's edge does not widen the page."""
    page = visitors.open("instructor")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(PEOPLE)
    page.get_by_role("link", name="Edit Ada Example").click()
    save(page, LONG, "ada@example.org")
    page.goto(f"{COURSE}staff/grading/xor/")
    expect(page.get_by_role("link", name=LONG)).to_have_attribute("href", re.compile(graded))
    expect(page.get_by_text("Needs manual grading", exact=True).first).to_be_attached()
    page.wait_for_load_state()
    wide = [part[:5] for part in page.evaluate(TOO_WIDE)]
    page.goto(PEOPLE)
    page.get_by_role("link", name=f"Edit {LONG}").click()
    save(page, "Ada Example", "ada@example.org")

    assert "<div " in wide
    assert "<html" not in wide
