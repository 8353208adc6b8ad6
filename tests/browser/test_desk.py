"""The desk of those who grade: what they see without scrolling, and how few keys they press."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import COURSE, Site, Visitors
from tests.browser.test_accessibility import SMALL_CONTROLS, violations
from tests.browser.test_grading import GRADING, in_order_of_reading, next_one, submit
from tests.web.reports import PROOF
from web.models import ManualGrade, Snapshot, Submission, User
from web.services.grading import (
    line_comments,
    release,
    requests,
    second_marking,
    written_answers,
)
from web.services.grading.written_answers import Entered

SCREEN: Final = {"width": 1280, "height": 800}


def in_sight(page: Page, part: Locator) -> bool:
    """Return whether all of an element is on the screen, and not behind another one."""
    expect(part).to_be_visible()
    found: bool = part.evaluate(
        """part => {
          const box = part.getBoundingClientRect();
          const x = box.left + box.width / 2;
          const top = document.elementFromPoint(x, box.top + 2);
          const bottom = document.elementFromPoint(x, box.bottom - 2);
          return part.contains(top) && part.contains(bottom);
        }"""
    )
    return found


def grades(portal: Site) -> dict[str, int]:
    """Points by student, in tenths."""
    with portal.database.read() as session:
        rows = session.query(User.name, ManualGrade.points_tenths).select_from(ManualGrade)
        rows = rows.join(Submission, Submission.id == ManualGrade.submission_id).join(
            User, User.id == Submission.user_id
        )
        return {row[0]: row[1] for row in rows}


def test_all_that_one_needs_is_in_sight(portal: Site, people: Visitors) -> None:
    """On a small laptop: the answer, each line of the rubric, its sum, and the way on."""
    submit(portal, "Ada")
    page = people.open("grader", viewport=SCREEN)
    next_one(page)

    answer = page.get_by_role("region", name="The answer\N{RIGHT SINGLE QUOTATION MARK}s cells")
    assert "contradiction" in PROOF
    assert in_sight(page, answer.get_by_text("contradiction"))
    assert in_sight(page, answer)
    for item in page.locator(".rubric-item").all():
        assert in_sight(page, item)
    assert in_sight(page, page.locator("[data-sum-place]"))
    assert in_sight(page, page.get_by_label("Points (max 2)"))
    assert in_sight(page, page.get_by_label("Comment for the student"))
    assert in_sight(page, page.get_by_role("button", name="Save & next"))
    assert page.evaluate("window.scrollY") == 0


def test_a_number_and_enter_grade_an_answer(portal: Site, people: Visitors) -> None:
    """Enter saves what the numbers chose and brings the next answer; nothing is clicked."""
    names = in_order_of_reading(portal, submit(portal, "Ada", "Ben", "Clara"))
    page = people.open("grader", viewport=SCREEN)
    assert next_one(page) == names[0]
    expect(page.locator("[data-keys]")).to_be_visible()

    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(names[1])
    expect(page.locator("[data-keys]")).to_be_visible()
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(names[2])
    expect(page.locator("[data-keys]")).to_be_visible()
    page.get_by_text("Manage saved comments").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_label("New saved comment")).to_be_visible()
    assert grades(portal) == {names[0]: 10, names[1]: 0}


def pages_of_the_desk(portal: Site) -> dict[str, str]:
    """Let there be a request, two grades, and a rubric's preview; returns the pages' addresses."""
    ada, ben, clara = submit(portal, "Ada", "Ben", "Clara")
    with portal.database.write.begin() as session:
        find = session.query(User)
        iris = find.filter_by(name="Iris Instructor").one()
        gus = find.filter_by(name="Gus Grader").one()
        by_id = {each.public_id: each for each in session.query(Submission)}
        assignment = by_id[ada].assignment
        second_marking.set_percent(session, iris, assignment, "q7", 100)
        for each in (ada, ben):
            written_answers.save(session, iris, by_id[each], "q7", Entered(0, (0,)))
        second_marking.save(session, gus, by_id[ada], "q7", Entered(0, (0, 1)))
        written_answers.save(session, iris, by_id[clara], "q7", Entered(0, (0, 1)))
        line_comments.add(session, iris, by_id[ada], "q7", 1, 3, "Why $2b$?")
        release.release(session, iris, assignment)
        session.expire_all()
        for question in ("q1", "q7"):
            requests.ask(session, by_id[ada], question, "Please look at $W_1$ again.")
    return {
        "answers": f"{GRADING}q7/",
        "answer": f"{GRADING}q7/{clara}/",
        "rubric": f"{GRADING}q7/rubric",
        "agreement": f"{GRADING}q7/agreement",
        "second": f"{GRADING}q7/{ben}/second",
        "requests": f"{COURSE}staff/requests/",
        "request": "/staff/requests/1/",
        "written": "/staff/requests/2/",
        "settings": GRADING,
        "lines": f"/staff/submissions/{ada}/lines/q7",
    }


def preview(page: Page) -> None:
    """Change the rubric's first item, so that the page says what follows."""
    page.get_by_label("Points").first.fill("0.8")
    page.get_by_role("button", name="Save rubric").click()
    expect(page.get_by_role("alert")).to_contain_text("3 graded answers")


def test_pages_are_for_everybody(portal: Site, people: Visitors) -> None:
    """On each page axe finds nothing; a phone shows it, fingers hit it."""
    staff, grader = people.open("instructor", viewport=SCREEN), people.open("grader")
    found = {}
    for name, address in pages_of_the_desk(portal).items():
        page = grader if name == "second" else staff
        page.set_viewport_size(SCREEN)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        if name == "rubric":
            preview(page)
        found[name] = violations(page)
        page.set_viewport_size({"width": 390, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found[name].append("wider than a phone")
        found[name] += page.evaluate(SMALL_CONTROLS)

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_folded_question_stays_folded(portal: Site, people: Visitors) -> None:
    """Whoever knows the question needs its place for answers."""
    submit(portal, "Ada", "Ben")
    page = people.open("grader", viewport=SCREEN)
    next_one(page)
    text = page.get_by_role("region", name="The question\N{RIGHT SINGLE QUOTATION MARK}s text")
    expect(text).to_be_visible()

    page.get_by_role("heading", name="Question", exact=True).click()
    page.keyboard.press("n")

    expect(page.locator("[data-keys]")).to_be_visible()
    expect(text).not_to_be_visible()


def test_the_sum_stands_beside_the_rubric_of_a_group(portal: Site, people: Visitors) -> None:
    """As it does beside that of one answer; a deduction takes away from it."""
    submit(portal, "Ada", "Ben")
    page = people.open("grader", viewport=SCREEN)
    page.goto(f"{GRADING}q7/")
    page.get_by_role("link", name="2 identical answers").click()

    expect(page.locator("[data-sum]")).to_have_text("0")
    page.get_by_label("For a general affine").check()
    page.get_by_label("Conclusion").check()
    expect(page.locator("[data-sum]")).to_have_text("1.5")


def test_no_word_is_broken_on_a_phone(portal: Site, people: Visitors) -> None:
    """Names of assignments in the first column, as wide as their longest word."""
    with portal.database.write.begin() as session:
        for snapshot in session.query(Snapshot):
            snapshot.title = "Regularization"
    page = people.open("instructor", viewport={"width": 390, "height": 844})

    for place in ("grading/", "assignments/"):
        page.goto(f"{COURSE}staff/{place}")
        name = page.get_by_role("rowheader").get_by_role("link", name="Regularization").first
        lines = name.evaluate("link => link.getClientRects().length")
        assert lines == 1, place
