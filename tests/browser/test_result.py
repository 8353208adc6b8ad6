"""The page of a result: what failed beside the own code, as seen, as read out, as it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from autograder.cells import CellRun, CellStatus
from autograder.messages import Message, MessageCode
from autograder.render.process import Renderer
from autograder.report import QuestionResult, Report, SourceLine, TestResult
from autograder.verdict import Verdict
from tests.browser.conftest import Site, Visitors
from tests.browser.grading_server import fill, serve
from tests.browser.test_accessibility import SMALL_CONTROLS, violations
from web.db import now
from web.models import CourseAssignment, Submission
from web.services.submissions.queue import SubmissionQueue
from web.services.submissions.rendering import StoredHtml

V4 = nbformat.v4
SOURCES = (
    "W1 = 1 / 0",
    "def forward(x, W1, b1, W2, b2):\n    return x @ W1.T",
    "alt = (1, 2, 3, 4)",
)
TREE = """
- heading "XOR weights, attempt 2" [level=1]
- region "Result":
  - heading "Result" [level=2]
  - paragraph:
    - strong: "1.6"
    - text: of 15 points
  - paragraph: Submitted 1 day and 2 hours after the deadline.
"""
QUESTION = """
- 'heading "Question 2: forward(x)" [level=3]'
- paragraph: Raised an error 0.3 / 3
- paragraph: Your code raised ValueError in cell 2, line 2.
- paragraph:
  - link "Cell 2, line 2"
  - code: return x @ W1.T
- list:
  - listitem: Raised an error Test 1 of q2. visible test
- group: and 3 more tests for the same reason
- group: 1 test passed
- group:
  - text: Your code
  - paragraph:
    - link "Cell 2"
  - text: /1 def forward.*2 return x/
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A portal without workers."""
    filled, data = tmp_path_factory.mktemp("filled"), tmp_path_factory.mktemp("data")
    fill(filled)
    with serve(filled, data) as site:
        with site.database.write.begin() as session:
            assignment = session.query(CourseAssignment).one()
            assignment.due_at = now() - timedelta(hours=26)
            assignment.cutoff_at = now() + timedelta(days=5)
            assignment.late_percent_per_day = 10.0
        yield site


@pytest.fixture
def people(browser: Browser, portal: Site) -> Iterator[Visitors]:
    """Open pages for people; afterwards no page may have logged an error."""
    found = Visitors(browser, portal)
    yield found
    found.close()
    assert found.errors == []


def outcomes(question: str, message: Message | None, *, failed: int, line: bool = False) -> list:
    """Make the results of a question's tests: some failed, one passed."""
    verdict = Verdict.MISSING if message and "name" in message.parameters else Verdict.ERROR
    tests = [
        TestResult(
            f"{question}{number}",
            question,
            f"Test {number} of {question}.",
            verdict,
            number == 1,
            Fraction(1),
            message=message,
            line=SourceLine(2, 2, "return x @ W1.T") if line else None,
        )
        for number in range(1, failed + 1)
    ]
    passed = TestResult(f"{question}p", question, "Passes.", Verdict.PASSED, True, Fraction(1))
    return [*tests, passed]


def report_of(submission: Submission, *, worse: bool) -> Report:
    """Make a report: two questions fail for one reason, one raises, one passes."""
    named = {"name": "W1", "cell": 1, "exception": "ZeroDivisionError"}
    missing = Message(MessageCode.MISSING_CELL_RAISED, named)
    place = {"exception": "ValueError", "cell": 2, "line": 2}
    raised = Message(MessageCode.RAISED_AT, place)
    rows = (
        ("q1", 5, 0.5, Verdict.MISSING, outcomes("q1", missing, failed=3), (0,), "two units"),
        (
            *("q2", 3, 0.3, Verdict.ERROR),
            *(outcomes("q2", raised, failed=4, line=True), (1,), "forward(x)"),
        ),
        ("q3", 3, 0.2, Verdict.MISSING, outcomes("q3", missing, failed=1), (1,), "rescale"),
        (
            *("q4", 2, 1 if worse else 2, Verdict.PASSED),
            *(outcomes("q4", None, failed=0), (2,), "another one"),
        ),
    )
    questions = [
        QuestionResult(
            name,
            Fraction(points),
            Fraction(str(score)),
            verdict,
            tuple(tests),
            own_cells=own,
            title=title,
        )
        for name, points, score, verdict, tests, own, title in rows
    ]
    notebook = V4.new_notebook()
    notebook.cells = [V4.new_code_cell(source) for source in SOURCES]
    notebook.cells.append(V4.new_markdown_cell("Thus $w_1 = 0$."))
    questions.append(
        QuestionResult("q7", Fraction(2), None, Verdict.PENDING, answer_cells=(3,), own_cells=(3,))
    )
    runs = (CellRun(0, CellStatus.ERROR), CellRun(1, CellStatus.OK), CellRun(2, CellStatus.OK))
    content = submission.snapshot.content_hash
    return Report("xor", "XOR", content, "0" * 64, 1, tuple(questions), runs, notebook)


def grade(portal: Site, public_id: str, *, worse: bool = False) -> None:
    """Store what a worker would."""
    with Renderer() as renderer, portal.database.write.begin() as session:
        submission = session.query(Submission).filter_by(public_id=public_id).one()
        report = report_of(submission, worse=worse)
        notebook = json.dumps(report.notebook)
        html = StoredHtml.of(renderer.render(notebook, ["q1", "q2", "q3", "q4", "q7"]), range(4))
        claim = SubmissionQueue().claim(session, "w")
        assert claim is not None
        assert SubmissionQueue().finish(session, claim, report, notebook, html)


def submit(portal: Site, who: str) -> str:
    """Submit anything."""
    notebook = V4.new_notebook()
    notebook.cells = [V4.new_code_cell(f"a = {now().timestamp()}")]
    return portal.hand_in_bytes(who, json.dumps(notebook).encode())


@pytest.fixture(scope="module")
def second(portal: Site) -> str:
    """Return the public id of Ada's second attempt, which is worse in question 4."""
    grade(portal, submit(portal, "ada"))
    public_id = submit(portal, "ada")
    grade(portal, public_id, worse=True)
    return public_id


def test_own_code_is_no_click_away(people: Visitors, second: str) -> None:
    """Where something failed it stands beside it, its line marked; else it is folded."""
    page = people.open("ada")
    page.goto(f"/submissions/{second}/")

    expect(page.locator("#q2 .own .hll")).to_have_text("2     return x @ W1.T")
    expect(page.locator("#q1 .own").get_by_text("W1 = 1 / 0")).to_be_visible()
    expect(page.locator("#q4 .own").get_by_text("alt = ")).to_be_hidden()
    message, code = (
        page.locator("#q2 .message").bounding_box(),
        page.locator("#q2 .own").bounding_box(),
    )
    assert message is not None
    assert code is not None
    assert code["x"] > message["x"] + message["width"]
    assert abs(code["y"] - message["y"]) < 60

    page.locator("#q2 .source a").click()
    expect(page).to_have_url(f"{people.site.address}/submissions/{second}/notebook?full=1#cell-2")
    expect(page.locator("#cell-2")).to_be_in_viewport()


def test_one_reason_is_told_once(people: Visitors, second: str) -> None:
    """Later questions lead to the first one, which names them."""
    page = people.open("ada")
    page.goto(f"/submissions/{second}/")

    expect(page.get_by_text("W1 is not defined")).to_have_count(1)
    expect(page.locator("#q1")).to_contain_text("Tests of Question 3 fail for the same reason.")
    page.locator("#q3").get_by_role("link", name="Question 1").click()
    expect(page.locator("#q1")).to_be_in_viewport()


def test_the_page_reads_as_a_text(people: Visitors, second: str) -> None:
    """What a screen reader makes of it: each fact once, in an order that makes sense."""
    page = people.open("ada")
    page.goto(f"/submissions/{second}/")

    expect(page.get_by_role("main")).to_match_aria_snapshot(TREE)
    expect(page.locator("#q2")).to_match_aria_snapshot(QUESTION)
    rows = page.get_by_role("table", name="Summary").get_by_role("row")
    names = [" ".join(each.split()) for each in rows.all_inner_texts()]
    assert names[-3:] == [
        "Before the late penalty 2 / 15",
        "Late penalty, 10 % per started day \N{MINUS SIGN}0.4",
        "Total 1.6 / 15",
    ]
    since = page.get_by_role("region", name="Since attempt 1")
    expect(since).to_contain_text("2.4 → 1.6 points")
    expect(since).to_contain_text("Question 4: 2 → 1 points")


@pytest.mark.parametrize("who", ["ada", "grader"])
def test_everybody_can_use_it(people: Visitors, second: str, who: str) -> None:
    """Axe finds nothing, light or dark; a phone shows all of it, and fingers hit all."""
    page = people.open(who)
    page.goto(f"/submissions/{second}/" if who == "ada" else f"/staff/submissions/{second}/")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL_CONTROLS) == []


NOTES = """
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return "granted"; }
    constructor(text) { sessionStorage.setItem("note", text); }
  };
  Object.defineProperty(document, "hidden", { get: () => true });
"""


def watched(page: Page, public_id: str) -> None:
    """Open the page of a submission that waits, till its progress is followed."""
    page.goto(f"/submissions/{public_id}/")
    expect(page).to_have_title("0 % · Grading: XOR weights, attempt 1 · autograder")


def test_what_is_graded_changes_title_and_focus(people: Visitors, portal: Site) -> None:
    """The tab says so, and whoever goes on by keyboard goes on from the result."""
    public_id = submit(portal, "ben")
    page = people.open("ben")
    watched(page, public_id)
    grade(portal, public_id)

    expect(page).to_have_title("Graded: XOR weights, attempt 1 · autograder")
    expect(page.get_by_role("heading", name="Result")).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="Result")).not_to_be_focused()


@pytest.mark.parametrize("asked", [True, False])
def test_a_notification_comes_if_it_is_asked_for(
    people: Visitors, portal: Site, *, asked: bool
) -> None:
    """By the button, and else never; the browser's own dialog is played here."""
    who = "clara" if asked else "dario"
    public_id = submit(portal, who)
    page = people.open(who)
    page.add_init_script(NOTES)
    watched(page, public_id)
    if asked:
        page.get_by_role("button", name="Notify me when it is graded").click()
        expect(page.get_by_role("button", name="You will be notified")).to_be_disabled()
    grade(portal, public_id)
    expect(page.get_by_role("heading", name="Result")).to_be_focused()

    note = page.evaluate("sessionStorage.getItem('note')")
    assert note == ("Graded." if asked else None)
