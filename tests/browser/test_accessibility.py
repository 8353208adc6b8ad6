"""Every page for everybody: axe finds nothing, a phone shows it, and it is light."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import COURSE, XOR, Visitors

STAFF = f"{COURSE}staff/"
SUBMISSION = "/submissions/{graded}/"
PAGES = {
    None: ("/sign-in", "/invitation/no-such-link"),
    "ada": ("/account", "/account/notices", "/notices/", COURSE, XOR, SUBMISSION, "/no-such-page"),
    "admin": (
        "/",
        "/admin/courses/",
        "/admin/people/",
        "/admin/people/1/",
        "/admin/system/",
        "/admin/portal/",
        "/admin/log/",
    ),
    "instructor": (
        STAFF,
        f"{STAFF}submissions/",
        f"{STAFF}submissions/?person=nobody",
        f"{STAFF}assignments/",
        f"{STAFF}assignments/xor/",
        f"{STAFF}assignments/xor/settings",
        f"{STAFF}submissions/?assignment=xor",
        "/staff/submissions/{graded}/student",
        f"{STAFF}search?q=example",
        f"{STAFF}search?q=nobody-is-called-so",
        f"{STAFF}people/",
        f"{STAFF}audit/",
        f"{STAFF}announcements/",
        f"{STAFF}settings/",
        f"{STAFF}copy/",
        f"{STAFF}assignments/xor/versions/",
    ),
    "grader": ("/staff/submissions/{graded}/", SUBMISSION),
}
SCHEMES = ("light", "dark")
PAGE_BYTES = 100_000
SMALL_CONTROLS = """() =>
  [...document.querySelectorAll("button, input, select, textarea, summary")]
    .filter((it) => it.type !== "hidden" && it.checkVisibility())
    .map((it) => [it.outerHTML.slice(0, 80), it.getBoundingClientRect()])
    .filter(([_, box]) => box.width < 24 || box.height < 24)
    .map(([text]) => text)"""


def pages(visitors: Visitors, graded: str) -> Iterator[tuple[str, Page]]:
    """Open every page as who may see it."""
    for who, addresses in PAGES.items():
        page = visitors.open(who)
        for address in addresses:
            page.goto(address.format(graded=graded))
            yield address, page
        page.context.close()


def violations(page: Page) -> list[str]:
    """What axe finds on a page, light and dark, each in a line."""
    lines = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for each in Axe().run(page).response["violations"]:
            lines += [f"{each['id']} in {node['html']}, {scheme}" for node in each["nodes"]]
    # axe does not read MathML, screen readers do.
    return [line for line in lines if not line.startswith("empty-table-header in <th><math ")]


def test_axe_finds_nothing(visitors: Visitors, graded: str) -> None:
    """WCAG and good practice, on every page, light and dark."""
    found = {address: violations(page) for address, page in pages(visitors, graded)}

    assert {address: lines for address, lines in found.items() if lines} == {}


@pytest.mark.parametrize("as_", ["", "?as=staff"])
def test_axe_finds_nothing_in_the_notebook(visitors: Visitors, graded: str, as_: str) -> None:
    """The executed notebook; its policy lets no script run, so axe looks without the policy."""
    page = visitors.open("grader", bypass_csp=True)
    page.goto(f"/submissions/{graded}/notebook{as_}")

    assert violations(page) == []


def test_a_phone_shows_every_page(visitors: Visitors, graded: str) -> None:
    """At 390 pixels nothing is wider than the screen, and each control can be hit by a finger."""
    found = {}
    for address, page in pages(visitors, graded):
        page.set_viewport_size({"width": 390, "height": 844})
        width = page.evaluate("document.documentElement.scrollWidth")
        found[address] = (width > 390, page.evaluate(SMALL_CONTROLS))

    assert {address: each for address, each in found.items() if each != (False, [])} == {}


def test_pages_are_light(visitors: Visitors, graded: str) -> None:
    """No page loads over 100 KB, style and script included, the notebook in its frame excluded."""
    for who, addresses in PAGES.items():
        for address in addresses:
            page = visitors.open(who)
            sizes: list[int] = []
            page.on(
                "requestfinished",
                # The notebook's page, and what it loads, belong to the frame.
                lambda request, sizes=sizes: sizes.append(
                    0 if request.frame.parent_frame else request.sizes()["responseBodySize"]
                ),
            )
            page.goto(address.format(graded=graded))
            page.wait_for_load_state()
            page.context.close()

            assert 0 < sum(sizes) <= PAGE_BYTES, address
