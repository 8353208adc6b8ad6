"""Formulas are set in a font that the portal brings along, on its pages and in notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

import web
from tests.browser.conftest import Site, Visitors, solved
from web.demo.notebooks import Work
from web.security import MATH_FONT

FONT = Path(web.__file__).parent / "static" / MATH_FONT
FAMILIES = """async () => {
  await document.fonts.ready;
  return [...document.fonts].map((each) => [each.family.replaceAll('"', ""), each.status]);
}"""


@pytest.fixture(scope="module")
def written(site: Site) -> str:
    """Return a graded submission of Clara's with a formula in its proof."""
    document = json.loads(solved("xor", Work()))
    for cell in document["cells"]:
        if "Type your answer here" in "".join(cell["source"]):
            cell["source"] = "Thus $\\int_0^1 \\sqrt{x}\\,dx = \\frac{2}{3}$."
    public_id = site.hand_in_bytes("clara", json.dumps(document).encode())
    assert site.wait(public_id) == "graded"
    return public_id


def font_of(page: Page, selector: str) -> str:
    """Return the font in which a browser really sets an element's text."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    found = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})
    used = session.send("CSS.getPlatformFontsForNode", {"nodeId": found["nodeId"]})
    return ", ".join(sorted({each["familyName"] for each in used["fonts"]}))


def test_a_page_sets_formulas_in_it(visitors: Visitors, written: str) -> None:
    """In the student's own answer, once it is opened; pages without formulas do not load it."""
    page = visitors.open("clara")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/submissions/{written}/notebook?full=1")
    assert page.evaluate(FAMILIES) == [["Autograder Math", "loaded"]]
    assert font_of(page, "math mi") == "Autograder Math"

    asked.clear()
    page.goto(f"/submissions/{written}/")
    page.wait_for_load_state()
    own_page = page.evaluate(FAMILIES)
    page.locator("#q7 .own summary").click()
    assert own_page == [["Autograder Math", "unloaded"]]
    assert page.evaluate(FAMILIES) == [["Autograder Math", "loaded"]]
    assert font_of(page, "#q7 math mi") == "Autograder Math"

    asked.clear()
    page.goto("/account")
    assert not [address for address in asked if MATH_FONT in address]


def test_it_has_its_licence_beside_it() -> None:
    """And is small enough to be asked for on a phone."""
    licence = FONT.with_name("math.LICENSE.txt").read_text(encoding="utf-8")

    assert FONT.read_bytes()[:4] == b"wOF2"
    assert FONT.stat().st_size < 130_000
    assert re.search("GUST Font License", licence)
    assert "TeX Gyre Termes Math" in licence
