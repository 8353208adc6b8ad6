"""An instructor takes up an assignment, releases it, extends it, and looks at submissions."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.browser.conftest import COURSE, Site, Visitors
from web.demo.notebooks import Work

STAFF = f"{COURSE}staff/"


def typed(days: int) -> str:
    """A moment as the browser's control takes it, on the course's clock."""
    moment = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=days)
    return moment.strftime("%Y-%m-%dT12:00")


def test_from_the_server_to_the_students(visitors: Visitors) -> None:
    """Add, change the settings, release; a student sees it then, and their extension later."""
    page, student = visitors.open("instructor"), visitors.open("ben")
    page.goto(f"{STAFF}assignments/")
    page.get_by_role("button", name="Add to this course: The perceptron").click()
    expect(page.get_by_role("heading", name="The perceptron")).to_be_visible()
    expect(page.get_by_text("Validating…")).to_be_visible(timeout=60_000)
    student.goto(COURSE)
    expect(student.get_by_role("link", name="The perceptron")).to_have_count(0)

    page.get_by_label("Deadline", exact=True).fill(typed(7))
    page.get_by_label("Grace period (minutes)").fill("15")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Settings saved")
    page.get_by_role("button", name="Release without validation").click()
    student.reload()
    expect(student.get_by_role("row", name="The perceptron").first).to_contain_text("Not submitted")

    page.get_by_role("link", name="Extensions").click()
    page.get_by_label("Students", exact=True).fill("Ben Beispiel")
    page.get_by_label("New deadline").fill(typed(9))
    page.get_by_label("Reason").fill("Illness")
    page.get_by_role("button", name="Grant extension").click()
    expect(page.get_by_role("row", name="Ben Beispiel")).to_contain_text("Illness")
    student.get_by_role("link", name="The perceptron").click()
    expect(student.get_by_text("extended for you")).to_be_visible()
    page.goto(f"{STAFF}audit/")
    expect(page.get_by_role("table")).to_contain_text("ben@example.org")


def test_roster_is_looked_at_first(visitors: Visitors) -> None:
    """A pasted roster is previewed, then imported; the link sets a password."""
    page, newcomer = visitors.open("instructor"), visitors.open()
    page.goto(f"{STAFF}people/")
    page.get_by_label("Or paste the rows").fill("e-mail;name\nfinn@example.org;Finn Exemple")
    page.get_by_role("button", name="Preview import").click()
    expect(page.get_by_role("row", name="Finn Exemple")).to_contain_text("gets an account")

    page.get_by_role("button", name="Import 1 student").click()
    newcomer.goto(page.get_by_role("row", name="finn@example.org").get_by_role("code").inner_text())
    newcomer.get_by_label("New password", exact=True).fill("four words are long")
    newcomer.get_by_label("Repeat the new password").fill("four words are long")
    newcomer.get_by_role("button", name="Set password").click()

    expect(newcomer.get_by_role("heading", name="Deep learning for physicists")).to_be_visible()


def test_submission_as_staff_and_as_its_student(
    visitors: Visitors, site: Site, graded: str
) -> None:
    """Staff read what the hidden tests saw; the page of the student holds none of it."""
    page = visitors.open("grader")
    page.goto(f"{STAFF}submissions/")
    page.get_by_label("Name, e-mail or number").fill("Ada")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Ada Example").first.click()

    expect(page.locator("#q2")).to_contain_text("Recognised: No ReLU")
    expect(page.locator("#q2")).to_contain_text("test_xor.py")
    expect(page.frame_locator("iframe").locator("#result-q2")).to_contain_text("test_xor.py")
    page.get_by_role("link", name="View as student").click()

    expect(page.get_by_text("You are viewing this page as Ada Example")).to_be_visible()
    assert "test_xor.py" not in page.content()
    frame = page.frame_locator("iframe")
    expect(frame.locator("#result-q2")).to_contain_text("Hint")
    assert "test_xor.py" not in frame.locator("body").inner_html()


def test_board_renews_itself(visitors: Visitors, site: Site, graded: str) -> None:
    """A submission that comes while staff look at the board appears there without a reload."""
    page = visitors.open("instructor")
    page.goto(f"{STAFF}submissions/?person=clara")
    rows = page.get_by_role("row", name="Clara Sample")
    before = rows.count()

    public_id = site.submit("clara", Work(blank=True))

    expect(rows).to_have_count(before + 1, timeout=20_000)
    assert site.wait(public_id) == "graded"
