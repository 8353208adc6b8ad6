"""Graders, instructors and students settle points: in browsers, with the real pages."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import Page, expect

from autograder.grade import Grader
from tests.browser.conftest import COURSE, NO_RELU, XOR, Site, Visitors
from tests.browser.test_accessibility import SMALL_CONTROLS, violations
from tests.web.reports import graded, report
from web.demo.notebooks import Work
from web.models import CourseAssignment, Submission, User
from web.services.grading import comments, overrides, release, requests, written_answers
from web.services.grading.written_answers import Entered
from web.services.regrading import regrades
from web.services.regrading.queue import RegradeQueue
from web.workers.grading import Worker

GRADING = f"{COURSE}staff/grading/xor/"
LABELS = Work(wrong=(("q1", "Labels -1 and +1"),))
COMMENT = "One sentence on $w_1, w_2, b$ being **arbitrary** is missing."
SCORES = {"q1": 3.0, "q2": 2.5, "q3": 3.0}


def submit(portal: Site, *names: str) -> list[str]:
    """Graded submissions of students, by first name; returns their public ids."""
    with portal.database.write.begin() as session:
        users = [session.query(User).filter(User.name.startswith(name)).one() for name in names]
        folder = portal.settings.submissions
        return [graded(session, folder, user.name, SCORES).public_id for user in users]


def in_order_of_reading(portal: Site, public_ids: list[str]) -> list[str]:
    """Whose proofs these are, as graders come to them."""
    with portal.database.read() as session:
        found = session.query(Submission).filter(Submission.public_id.in_(public_ids)).all()
        found.sort(key=lambda each: written_answers.reading_order("q7", each))
        return [each.user.name for each in found]


def give(portal: Site, public_id: str, *items: int) -> None:
    """Grade a proof by the rubric, without a browser."""
    with portal.database.write.begin() as session:
        gus = session.query(User).filter_by(name="Gus Grader").one()
        found = session.query(Submission).filter_by(public_id=public_id).one()
        written_answers.save(session, gus, found, "q7", Entered(0, items))


def next_one(page: Page) -> str:
    """Go to the next answer from the assignment's page; returns whose it is."""
    page.goto(GRADING)
    page.get_by_role("button", name="Grade next").click()
    page.wait_for_url("**/q7/*/")
    return page.get_by_role("heading", level=1).inner_text()


def test_two_graders_at_once(portal: Site, people: Visitors) -> None:
    """Each gets another proof; keys choose, insert, save and go on; nobody treads on the other."""
    names = in_order_of_reading(portal, submit(portal, "Ada", "Ben", "Clara", "Dario"))
    with portal.database.write.begin() as session:
        gus = session.query(User).filter_by(name="Gus Grader").one()
        assignment = session.query(CourseAssignment).one()
        comments.add(session, gus, assignment, "q7", "One example is **no** proof.")
    one, two = people.open("grader"), people.open("instructor")

    assert [next_one(one), next_one(two)] == names[:2]
    expect(one.locator("math").first).to_be_visible()
    one.keyboard.press("1")
    one.keyboard.press("3")
    expect(one.locator("[data-sum]")).to_have_text("1.5")
    one.keyboard.press("Shift+Digit1")
    expect(one.get_by_label("Comment for the student")).to_have_value(
        "One example is **no** proof."
    )
    one.keyboard.press("Control+Enter")
    expect(one.get_by_role("heading", level=1)).to_have_text(names[2])
    # The keys are shown by the script that listens to them, which comes after the text.
    expect(one.locator("[data-keys]")).to_be_visible()
    one.keyboard.press("n")
    expect(one.get_by_role("heading", level=1)).to_have_text(names[3])

    # Gus opens what Iris reads, and saves first.
    one.goto(f"{GRADING}q7/")
    one.get_by_role("link", name=names[1]).click()
    expect(one.get_by_text("Iris Instructor is grading this answer")).to_be_visible()
    one.get_by_label("Contradiction").check()
    one.get_by_role("button", name="Save", exact=True).click()
    expect(one.get_by_text("Grade saved")).to_be_visible()
    two.get_by_label("For a general affine").check()
    two.get_by_label("Comment for the student").fill("Well argued.")
    two.get_by_role("button", name="Save", exact=True).click()
    expect(two.get_by_role("alert")).to_contain_text(
        "Gus Grader graded this answer in the meantime"
    )
    expect(two.get_by_role("alert")).to_contain_text("They gave 0.5 of 2 points")
    expect(two.get_by_label("Comment for the student")).to_have_value("Well argued.")
    two.get_by_role("button", name="Save", exact=True).click()
    expect(two.get_by_text("1 point by Iris Instructor")).to_be_visible()


def test_keys_can_be_switched_off_and_leave_text_alone(portal: Site, people: Visitors) -> None:
    """In a text field a key is a letter; switched off, it is nothing; so it stays."""
    submit(portal, "Ada", "Ben")
    page = people.open("grader")
    next_one(page)
    item = page.get_by_label("For a general affine")

    page.keyboard.press("c")
    page.keyboard.type("n1")
    expect(page.get_by_label("Comment for the student")).to_have_value("n1")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(item).to_be_checked()
    page.get_by_label("Shortcuts on").uncheck()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("1")
    expect(item).to_be_checked()
    page.reload()
    expect(page.get_by_label("Shortcuts on")).not_to_be_checked()


def test_grading_without_javascript(portal: Site, people: Visitors) -> None:
    """Everything that keys do, buttons do."""
    names = in_order_of_reading(portal, submit(portal, "Ada", "Ben"))
    page = people.open("grader", java_script_enabled=False)
    next_one(page)

    page.get_by_text("Manage saved comments").click()
    page.get_by_label("New saved comment").fill("See $x$.")
    page.get_by_role("button", name="Save comment").click()
    page.get_by_role("button", name="Insert 1").click()
    expect(page.get_by_label("Comment for the student")).to_have_value("See $x$.")
    page.get_by_label("Points (max 2)").fill("0")
    page.get_by_role("button", name="Save & next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(names[1])


def test_changed_points(portal: Site, people: Visitors) -> None:
    """An instructor changes a question's points; the student reads that staff did, and why."""
    (public_id,) = submit(portal, "Ada")
    staff, student = people.open("instructor"), people.open("ada")

    staff.goto(f"/staff/submissions/{public_id}/")
    card = staff.locator("#q2")
    card.get_by_text("Adjust points").first.click()
    card.get_by_label("Points (max 3)").fill("3")
    card.get_by_label("Reason").fill("Lists are right, too.")
    card.get_by_role("button", name="Save points").click()
    expect(staff.get_by_text("Points saved.")).to_be_visible()
    student.goto(f"/submissions/{public_id}/")

    expect(student.locator("#q2")).to_contain_text(
        "Adjusted by staff to 3 points: Lists are right, too."
    )
    expect(student.locator(".score")).to_contain_text("9 of 20 points")


def test_request_and_answer(portal: Site, people: Visitors) -> None:
    """A student asks on one question; staff find it, answer with points; the student reads it."""
    (public_id,) = submit(portal, "Ada")
    student, staff = people.open("ada"), people.open("grader")

    student.goto(f"/submissions/{public_id}/")
    card = student.locator("#q1")
    card.get_by_text("Request a regrade").click()
    card.get_by_label("What should be regraded").fill("My $W_1$ has another sign.")
    card.get_by_role("button", name="Send request").click()
    expect(student.locator("#q1")).to_contain_text("Regrade request,")
    staff.goto(f"{COURSE}staff/grading/")
    staff.get_by_role("link", name="1 open regrade request").click()
    expect(staff.locator("math").first).to_be_visible()
    staff.get_by_label("Reply to the student").fill("Right: the sign may be either.")
    staff.get_by_label("New points").fill("5")
    staff.get_by_role("button", name="Accept").click()
    expect(staff.get_by_text("No open requests")).to_be_visible()
    student.reload()

    expect(student.locator("#q1")).to_contain_text("Accepted")
    expect(student.locator("#q1")).to_contain_text("Right: the sign may be either.")
    expect(student.locator("#q1 .points").first).to_have_text("5 / 5")


def test_release_with_its_preview(portal: Site, people: Visitors) -> None:
    """A warning of what is ungraded, the preview, the release; then the student sees the same."""
    ada, _ = submit(portal, "Ada", "Ben")
    give(portal, ada, 0, 1)
    staff, student = people.open("instructor"), people.open("ada")
    student.goto(f"/submissions/{ada}/")
    expect(student.locator("#q7")).to_contain_text("Needs manual grading")

    staff.goto(GRADING)
    expect(staff.get_by_text("1 of 2 students")).to_be_visible()
    staff.get_by_role("link", name="Ada Example").click()
    expect(staff.locator("#q7")).to_contain_text("1.5 / 2")
    preview = staff.locator("section[aria-labelledby=result]").inner_text()
    staff.get_by_role("link", name="Back to grading").click()
    staff.get_by_role("button", name="Release 2 submissions").click()
    expect(staff.get_by_text("Released: 2 submissions")).to_be_visible()
    student.reload()

    seen = student.locator("section[aria-labelledby=result]").inner_text()
    assert "1.5 / 2" in seen
    for theirs in ("Submit again", "Request a regrade"):
        assert theirs in seen
        seen = seen.replace(theirs, "")
    assert seen.split() == preview.split()


def test_mended_test(portal: Site, people: Visitors) -> None:
    """Newer content, graded again behind the scenes, compared, published; one up, one kept."""
    staff = people.open("instructor")
    ada, ben = portal.submit("ada", NO_RELU), portal.submit("ben", LABELS)
    # Playwright's loop runs in this thread, the engine's in another.
    with Grader(spares=0) as grader, ThreadPoolExecutor(1) as thread:
        worker = Worker(portal.settings, portal.database, grader)

        def work() -> None:
            assert thread.submit(worker.work_once).result(60)

        work()
        work()
        toml = portal.settings.assignment_folders[0] / "xor" / "assignment.toml"
        text = toml.read_text(encoding="utf-8")
        shares = "[public_share]\nq1 = 0.0\nq2 = 1.0\n"
        toml.write_text(text.replace("[public_share]\n", shares), encoding="utf-8")
        staff.goto(f"{COURSE}staff/assignments/xor/settings")
        staff.get_by_role("button", name="Update to this version").click()
        expect(staff.get_by_text("Validation queued.")).to_be_visible()
        staff.get_by_role("button", name="Use without validation").click()
        staff.get_by_role("link", name="Regrade", exact=True).click()
        staff.get_by_label("All graded attempts").check()
        staff.get_by_role("button", name="Start regrade").click()
        expect(staff.get_by_text("0 of 2 done")).to_be_visible()
        work()
        work()
    expect(staff.get_by_text("1 up")).to_be_visible()
    expect(staff.get_by_role("row", name="Ben Beispiel")).to_contain_text("\N{MINUS SIGN}")
    student = people.open("ada")
    student.goto(f"/submissions/{ada}/")
    before = student.locator(".score strong").inner_text()
    expect(student.get_by_text("The tests were corrected")).to_have_count(0)

    staff.get_by_label("Note to students").fill("Question 2 refused a right shape.")
    expect(staff.get_by_label("Never lower")).to_be_checked()
    staff.get_by_role("button", name="Publish").click()
    expect(staff.get_by_text("earlier result kept")).to_be_visible()

    student.goto(XOR)
    notice = student.locator(".notice", has_text="The tests were corrected")
    expect(notice).to_contain_text(f"Your points changed from {before} to")
    expect(notice).to_contain_text("Question 2 refused a right shape.")
    other = people.open("ben")
    other.goto(f"/submissions/{ben}/")
    expect(other.locator(".notice")).to_contain_text("so you keep your 15")


def everything(portal: Site) -> dict[str, list[str]]:
    """A class with grades, changed points, requests and a regrade; returns the pages of each."""
    ada, ben, _ = submit(portal, "Ada", "Ben", "Clara")
    with portal.database.write.begin() as session:
        find = session.query(User)
        gus = find.filter_by(name="Gus Grader").one()
        iris = find.filter_by(name="Iris Instructor").one()
        submission = session.query(Submission).filter_by(public_id=ada).one()
        assignment = submission.assignment
        comments.add(session, gus, assignment, "q7", COMMENT)
        entered = Entered(0, (0, 1), comment=COMMENT)
        written_answers.save(session, gus, submission, "q7", entered)
        overrides.set_points(session, iris, submission, "q2", 30, "Right, too.")
        release.release(session, iris, assignment)
        session.expire(submission)
        requests.ask(session, submission, "q1", "Please look at $W_1$.")
        regrades.start(session, iris, assignment, regrades.Scope.ALL)
        session.flush()
        for scores in ({"q1": 5.0, "q3": 1.0}, {**SCORES, "q2": 3.0}, {**SCORES, "q1": 2.5}):
            claim = RegradeQueue().claim(session, "w")
            assert claim is not None
            found = report(assignment.snapshot, scores)
            RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))
    staff = f"{COURSE}staff/assignments/xor/regrades/"
    return {
        "grader": [
            f"{COURSE}staff/grading/",
            GRADING,
            f"{GRADING}q7/",
            f"{GRADING}q7/{ada}/",
            f"{GRADING}q7/{ben}/",
            f"{COURSE}staff/requests/",
            f"/staff/submissions/{ada}/",
        ],
        "instructor": [GRADING, f"{GRADING}preview/{ada}/", staff, f"{staff}1/"],
        "ada": [f"/submissions/{ada}/"],
    }


def test_pages_are_for_everybody(portal: Site, people: Visitors) -> None:
    """On each page axe finds nothing, light and dark; a phone shows it, fingers hit it."""
    found = {}
    for who, addresses in everything(portal).items():
        page = people.open(who)
        for address in addresses:
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            found[who, address] = violations(page)
            page.set_viewport_size({"width": 390, "height": 844})
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                found[who, address].append("wider than a phone")
            found[who, address] += page.evaluate(SMALL_CONTROLS)
            page.set_viewport_size({"width": 1280, "height": 900})

    assert {page: lines for page, lines in found.items() if lines} == {}


def test_pictures_of_the_handbook(portal: Site, people: Visitors, folder: Path) -> None:
    """The handbook's pages are there; the pictures are kept if somebody asks for it."""
    addresses = everything(portal)
    for name, who, address, place in (
        ("grading-answer", "grader", addresses["grader"][3], "main"),
        ("grading-student", "ada", addresses["ada"][0], "#q7"),
        ("grading-regrade", "instructor", addresses["instructor"][-1], "#live"),
    ):
        page = people.open(who, viewport={"width": 1200, "height": 860})
        page.goto(address)
        page.locator(place).evaluate("it => it.scrollIntoView()")
        page.screenshot(path=folder / f"{name}.png")

        assert (folder / f"{name}.png").stat().st_size > 5_000
