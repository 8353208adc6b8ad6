"""A hostile notebook is opened by staff: nothing of it runs, nothing is fetched."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import COURSE, Site, Visitors, solved
from web.demo.notebooks import Work
from web.security import NOTEBOOK_POLICY

SETTLE_MS = 1000
HOSTILE = """
<script>fetch("{trap}/script"); alert(1)</script>
<img src="{trap}/picture.png" onerror="fetch('{trap}/handler')">
<img src="x" onerror="alert(2)">
<img srcset="{trap}/set.png 1x">
<svg onload="fetch('{trap}/svg')"><a href="javascript:alert(3)"><text y="20">a</text></a>
  <image href="{trap}/svg-image.png"></image><use href="{trap}/use.svg#a"></use></svg>
<a id="bait" href="javascript:fetch('{trap}/link')">javascript link</a>
<form action="{trap}/form"><input name="a" autofocus onfocus="this.form.submit()"></form>
<meta http-equiv="refresh" content="0;url={trap}/refresh">
<base href="{trap}/base/">
<link rel="stylesheet" href="{trap}/style.css"><link rel="preload" as="image" href="{trap}/pre">
<style>@import url("{trap}/import.css"); body {{ background: url({trap}/background.png) }}</style>
<p style="background: url({trap}/inline.png)">styled</p>
<iframe src="{trap}/frame"></iframe><iframe srcdoc="<script>fetch('{trap}/doc')</script>"></iframe>
<object data="{trap}/object"></object><embed src="{trap}/embed">
<video src="{trap}/video" autoplay></video><audio src="{trap}/audio" autoplay></audio>
<math href="javascript:alert(4)"><mtext>m</mtext></math>
<details open ontoggle="fetch('{trap}/toggle')"><summary>s</summary></details>
"""
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' onload=\"fetch('{trap}/raw')\">"
    "<image href='{trap}/raw.png'/></svg>"
)
CELL = """
from IPython.display import HTML, SVG, Javascript, Markdown, display
hostile = {hostile!r}
display(HTML(hostile))
display(Markdown(hostile))
display(Javascript("fetch('{trap}/javascript')"))
display({{"image/svg+xml": {svg!r}}}, raw=True)
display({{"application/vnd.jupyter.widget-view+json": {{"model_id": "m", "version_major": 2,
         "version_minor": 0}}, "text/html": hostile}}, raw=True)
display({{"text/latex": "$\\\\href{{javascript:alert(5)}}{{x}}$ " + hostile}}, raw=True)
display({{"application/javascript": "alert(6)", "text/plain": hostile}}, raw=True)
"""


@dataclass
class Trap:
    """A socket that takes note of each request; a bare connection, opened ahead, asks nothing."""

    listener: socket.socket
    caught: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def listen(self) -> None:
        """Take note of every request until the socket is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            # A browser opens connections ahead and drops them: that must not end the trap.
            with connection, suppress(OSError):
                connection.settimeout(2)
                if request := connection.recv(200).partition(b"\r\n")[0]:
                    self.caught.append(request)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def listening() -> Iterator[Trap]:
    """Listen on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Trap(listener)
    thread = threading.Thread(target=made.listen)
    thread.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Set a trap of one's own."""
    with listening() as made:
        yield made


def hostile_notebook(trap: Trap) -> bytes:
    """A solved notebook with a cell whose outputs are hostile, text cells, and metadata."""
    hostile = HOSTILE.format(trap=trap.address)
    document = json.loads(solved("xor", Work()))
    svg = SVG.format(trap=trap.address)
    source = CELL.format(hostile=hostile, svg=svg, trap=trap.address)
    common = {"metadata": {}, "id": "hostile"}
    code = {**common, "cell_type": "code", "execution_count": None, "outputs": [], "source": source}
    text = {**common, "id": "hostile-text", "cell_type": "markdown", "source": hostile}
    attached = {**text, "id": "attached", "source": "![a](attachment:a.svg)"}
    attached["attachments"] = {"a.svg": {"image/svg+xml": hostile}}
    document["cells"] += [code, text, attached]
    document["metadata"]["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "version_major": 2,
            "state": {"m": {"model_module": f"{trap.address}/widget.js", "state": {}}},
        }
    }
    return json.dumps(document).encode()


def notice_dialogs(page: Page) -> list[str]:
    """Dialogs and windows that a page opens."""
    noticed: list[str] = []

    def dismiss(dialog: object) -> None:
        noticed.append("dialog")
        dialog.dismiss()  # type: ignore[attr-defined]  # Playwright's

    page.on("dialog", dismiss)
    page.on("popup", lambda _: noticed.append("window"))
    return noticed


@pytest.fixture(scope="package")
def hostile_submission(site: Site) -> Iterator[tuple[str, Trap]]:
    """Hand the hostile notebook in, graded."""
    with listening() as made:
        public_id = site.hand_in_bytes("dario", hostile_notebook(made))
        assert site.wait(public_id) == "graded"
        yield public_id, made


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("instructor", "/staff/submissions/{}/"),
        ("instructor", "/submissions/{}/"),
        ("instructor", "/submissions/{}/notebook?as=staff"),
        ("dario", "/submissions/{}/notebook"),
    ],
)
def test_nothing_runs_and_nothing_is_fetched(
    visitors: Visitors, hostile_submission: tuple[str, Trap], who: str, address: str
) -> None:
    """In its frame, and opened by itself: no request, no dialog, no other page."""
    public_id, trap = hostile_submission
    page = visitors.open(who)
    noticed = notice_dialogs(page)
    page.goto(address.format(public_id))
    page.wait_for_timeout(SETTLE_MS)

    frame = page.frames[-1]
    assert frame.get_by_text("javascript link").count() >= 1
    frame.get_by_text("javascript link").first.click(force=True)
    page.wait_for_timeout(SETTLE_MS)

    assert trap.caught == []
    assert noticed == []
    assert page.url.endswith(address.format(public_id))
    assert all(each.url.startswith(("http://127.0.0.1", "about:")) for each in page.frames)
    for selector in ("script", "form", "[onload]", "[onerror]", "a[href^='javascript']", "svg"):
        assert frame.locator(f".nb-cell {selector}").count() == 0


def open_uncleaned(
    visitors: Visitors, trap: Trap, headers: dict[str, str], patience: int
) -> list[str]:
    """Open the hostile page as it is, for some seconds or a catch; returns dialogs and windows."""
    page = visitors.open("instructor")
    noticed = notice_dialogs(page)
    body = f"<!doctype html><title>Uncleaned</title>{HOSTILE.format(trap=trap.address)}"
    page.route(
        "**/uncleaned",
        lambda route: route.fulfill(body=body, headers={"Content-Type": "text/html", **headers}),
    )
    page.goto(f"{COURSE}uncleaned", wait_until="commit")
    for _ in range(patience):
        page.wait_for_timeout(1000)
        if trap.caught:
            break
    visitors.close()
    visitors.errors.clear()  # the browser names each thing that it has refused
    return noticed


def test_the_policy_alone_would_do(visitors: Visitors, trap: Trap) -> None:
    """Even if the cleaning let everything through, the page's policy lets no request out."""
    noticed = open_uncleaned(visitors, trap, {"Content-Security-Policy": NOTEBOOK_POLICY}, 2)

    assert trap.caught == []
    assert noticed == []


def test_the_trap_catches_what_is_not_held_back(visitors: Visitors, trap: Trap) -> None:
    """Without cleaning and policy the same page does connect: the tests above can fail."""
    open_uncleaned(visitors, trap, {}, 60)  # a busy machine takes its time; a catch ends it

    assert trap.caught
