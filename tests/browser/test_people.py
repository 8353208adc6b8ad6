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
    page.get_by_role("button", name="Save the correction").click()


@pytest.mark.parametrize("width", [390, 1280])
def test_person_is_corrected(visitors: Visitors, width: int) -> None:
    """From the list to the form, an error beside its field, and back; nothing is too wide."""
    page = visitors.open("instructor", java_script_enabled=False)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(PEOPLE)
    page.get_by_role("link", name="Correct Dario Esempio").click()

    save(page, LONG, "ella@example.org")
    field = page.get_by_label("E-mail address")
    expect(field).to_have_value("ella@example.org")
    expect(field).to_have_accessible_description(re.compile("^Somebody else has this address"))
    save(page, LONG, ADDRESS)
    expect(page.get_by_role("rowheader", name=LONG)).to_be_visible()
    expect(page.get_by_role("cell", name=ADDRESS)).to_be_visible()
    found = (page.evaluate(TOO_WIDE), page.evaluate(SMALL_CONTROLS))
    page.get_by_role("link", name=f"Correct {LONG}").click()
    found += (page.evaluate(TOO_WIDE), page.evaluate(SMALL_CONTROLS))
    save(page, "Dario Esempio", "dario@example.org")
    expect(page.get_by_role("rowheader", name="Dario Esempio")).to_be_visible()

    assert found == ([], [], [], [])


def test_refused_correction_is_accessible(visitors: Visitors) -> None:
    """Axe finds nothing on the form with an error, light and dark."""
    page = visitors.open("instructor")
    page.goto(PEOPLE)
    page.get_by_role("link", name="Correct Dario Esempio").click()
    save(page, "Dario Esempio", "ella@example.org")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed yet")

    assert violations(page) == []
