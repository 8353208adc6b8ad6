"""A student gets a notebook, fills it in, hands it in, and reads what came of it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Error, Page, Route, expect

from tests.browser.conftest import (
    COURSE,
    NO_RELU,
    PASSWORD,
    XOR,
    Site,
    Visitors,
    fill_in,
    sign_in,
    solved,
)
from web.demo.notebooks import Work

Save = Callable[..., Path]
HINT = "Negative pre-activations come through: where is the ReLU?"
DROP = """async ([text, name]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  return transfer;
}"""
RESULT_MS = 60_000


def test_from_download_to_hint(visitors: Visitors, save: Save) -> None:
    """Download, fill in, choose, submit, watch, read the hint, also beside its cell."""
    page = visitors.open()
    sign_in(page, "ben")
    page.get_by_role("link", name="XOR weights").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download xor.ipynb").click()
    notebook = save(fill_in(Path(download.value.path()).read_bytes(), "xor", NO_RELU))

    page.get_by_label("Your notebook").set_input_files(notebook)
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("This page is your receipt")).to_be_visible()
    expect(page.get_by_text(hashlib.sha256(notebook.read_bytes()).hexdigest())).to_be_visible()
    seen = watch(page)
    assert any(text.startswith(("Running your notebook", "Testing question")) for text in seen)
    expect(page.locator("#q2").get_by_text(HINT)).to_be_visible()
    expect(page.locator(".score")).to_have_text(re.compile(r"^1[56](\.\d)? of 20 points"))
    frame = page.frame_locator("iframe")
    expect(frame.locator("#result-q2").get_by_text(HINT)).to_be_visible()
    expect(frame.locator("img").first).to_be_visible()


def watch(page: Page) -> set[str]:
    """Watch the progress, which ends with the result; returns what was shown."""
    seen: set[str] = set()
    text, result = page.locator("[data-progress-text]"), page.get_by_role("heading", name="Result")
    while not result.is_visible():
        # The page may renew itself, with the result in it, in the very moment of the reading.
        with contextlib.suppress(Error):
            seen.update(text.all_inner_texts())
        page.wait_for_timeout(50)
    return seen


def test_dropping_a_file_is_choosing_it(visitors: Visitors) -> None:
    """A notebook that is dropped on the form is named there, and submitted."""
    page = visitors.open("clara")
    page.goto(XOR)
    content = base64.b64encode(solved("xor", Work())).decode()
    transfer = page.evaluate_handle(DROP, [content, "dropped.ipynb"])

    page.locator("[data-drop]").dispatch_event("dragover", {"dataTransfer": transfer})
    page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": transfer})
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("dropped.ipynb")).to_be_visible()
    expect(page.locator(".score")).to_have_text("18 of 20 points", timeout=RESULT_MS)
    expect(page.get_by_text("Question 7 will be graded manually")).to_be_visible()


def test_keyboard_alone_is_enough(visitors: Visitors, save: Save) -> None:
    """Sign in, find the assignment, choose a file, submit and reach the result by keys only."""
    page = visitors.open()
    # From now on the browser hands choosers to the test; told late, it may open its own first.
    page.on("filechooser", lambda _: None)
    page.goto("/sign-in")
    tab_to(page, "E-mail address")
    page.keyboard.type("dario@example.org")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Deep learning for physicists").wait_for()
    tab_to(page, "XOR weights")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Submit it").wait_for()
    tab_to(page, "Your notebook")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(save(solved("xor", NO_RELU)))
    late: list[Route] = []
    page.route("**/notebook*", lambda each: late.append(each))  # noqa: PLW0108  # Playwright marks what it is given
    tab_to(page, "Submit")
    with page.expect_request("**/notebook*"):
        page.keyboard.press("Enter")
        page.locator(".score").wait_for(timeout=RESULT_MS)
    tab_to(page, "Question 2")
    page.keyboard.press("Enter")
    expect(page.locator("#q2")).to_be_in_viewport()
    # The end of loading does not take back where the student went meanwhile.
    for frame in late:
        frame.continue_()
    page.wait_for_load_state()

    expect(page.locator("#q2")).to_be_in_viewport()


def tab_to(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until what has the focus is called so; the focus must be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => { const it = document.activeElement; return {
              name: (it.labels?.[0] ?? it).innerText?.trim() ?? "",
              outline: getComputedStyle(it).outlineStyle } }"""
        )
        if focus["name"].startswith(name):
            assert focus["outline"] != "none"
            return
    raise AssertionError(f"{name} cannot be reached with the Tab key")


def test_without_javascript(visitors: Visitors, save: Save) -> None:
    """All works by forms and links; progress by reloading."""
    page = visitors.open(java_script_enabled=False)
    sign_in(page, "ella")
    page.get_by_role("link", name="XOR weights").click()
    page.get_by_label("Your notebook").set_input_files(save(solved("xor", Work(undone=("q6",)))))
    page.get_by_role("button", name="Submit").click()

    for _ in range(200):
        if page.get_by_role("heading", name="Result").is_visible():
            break
        page.get_by_role("link", name="Reload this page").click()
        page.wait_for_timeout(200)

    expect(page.locator(".score")).to_have_text("16 of 20 points")
    expect(page.frame_locator("iframe").locator("#result-q6")).to_be_visible()


def test_wrong_files_get_a_clear_word(visitors: Visitors, save: Save, site: Site) -> None:
    """An empty file, no notebook, and one of another assignment: said on the page, none is kept."""
    page = visitors.open("ella")
    before = sorted(site.settings.submissions.rglob("*.ipynb"))
    for content, words in (
        (b"", "The file is empty"),
        (b"hello", "not a notebook"),
        (solved("perceptron", Work(blank=True)), "belongs to the assignment “perceptron”"),
    ):
        page.goto(XOR)
        page.get_by_label("Your notebook").set_input_files(save(content))
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("alert")).to_contain_text(words)

    assert sorted(site.settings.submissions.rglob("*.ipynb")) == before


def test_history_tells_which_attempt_counts(visitors: Visitors, graded: str) -> None:
    """Of two attempts the better one is marked, on its own page and on the assignment's."""
    page = visitors.open("ada")
    page.goto(XOR)

    expect(page.get_by_role("row", name="Attempt 1").get_by_text("counts")).to_be_visible()
    expect(page.get_by_role("row", name="Attempt 1")).to_contain_text("15.7")
    page.goto(COURSE)
    expect(page.get_by_role("row", name="XOR weights").first).to_contain_text("15.7 / 20")
