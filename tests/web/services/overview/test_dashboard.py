"""Staff land on what they have to do, each thing a click from its page; tabs say how many wait."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.web.conftest import World, spaced, token_of
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import CourseAssignment, Membership, Submission, SubmissionState, User
from web.services.courses import extension_requests
from web.services.courses.rule_book import rules_for
from web.services.grading import requests, written_answers
from web.services.grading.written_answers import Entered
from web.services.overview.schedule import EventKind, schedule
from web.services.regrading import regrades

STAFF = "/courses/dl/staff/"
NEXT = f"{STAFF}grading/xor/q7/next"


def tabs(page: str) -> dict[str, str]:
    """Return the course's tabs, with what they say beside their names."""
    row = page.split('class="tabs"')[1].split("</ul>", maxsplit=1)[0]
    words = [
        spaced(re.sub("<[^>]+>", " ", each)) for each in re.findall("<li>.*?</li>", row, re.DOTALL)
    ]
    names = ("Overview", "Submissions", "Grading")
    return {name: each for each in words for name in names if each.strip().startswith(name)}


def to_do(world: World, who: str) -> str:
    """Return what a member of staff has to do, by the page on which they land."""
    page = world.client(who).get("/", follow_redirects=True)
    assert page.request.path == STAFF
    return spaced(page.text.split('id="todo"')[1].split('id="schedule"')[0])


@pytest.fixture
def busy(world: World) -> dict[str, str]:
    """Let there be an answer to grade, a request, a failed grading and a regrade."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 1.0})
        requests.ask(session, first, "q1", "Please look again.")
        other = submit(session, world, {"q1": 1.0}, "Other")
        regrades.start(session, person(session, "Instructor"), first.assignment, regrades.Scope.ALL)
        other.state, other.result_id = SubmissionState.FAILED, None
        session.flush()
        return {"first": first.public_id, "failed": other.public_id}


def test_all_that_waits_is_where_staff_land(world: World, busy: dict[str, str]) -> None:
    """Nothing has to be opened to see it, and each thing leads to what is done about it."""
    shown = to_do(world, "instructor")

    assert "1</span>" in shown and "answer to grade" in shown
    assert f'action="{NEXT}"' in shown
    assert f"{STAFF}requests/#request-1" in shown
    assert f'action="/staff/submissions/{busy["failed"]}/retry"' in shown
    assert f"{STAFF}assignments/xor/regrades/1/" in shown


def ask_for_time(world: World) -> None:
    """Let a student ask for an extension, for a reason of their own."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        student = person(session, "Student")
        rules = rules_for(session, assignment, student)
        until = now() + timedelta(days=9)
        extension_requests.ask(session, assignment, student, rules, until, "Private reasons.")


def test_requests_for_more_time_are_the_instructors(world: World) -> None:
    """In what there is to do, in the tabs, on the assignment's page and on the student's."""
    ask_for_time(world)
    with world.database.read() as session:
        student = person(session, "Student")
        member = session.scalars(select(Membership).where(Membership.user == student)).one().id
    pages = (STAFF, f"{STAFF}assignments/xor/", f"{STAFF}students/{member}/")

    for who in ("instructor", "grader"):
        client = world.client(who)
        shown = [client.get(page).text for page in pages]
        assert [f"{STAFF}requests/" in each.split('id="main"')[1] for each in shown] == [
            who == "instructor"
        ] * 3
        assert ("1 to do" in tabs(shown[0]).get("Grading", "")) == (who == "instructor")
        assert not any("Private reasons" in each for each in shown)
    assert "#extension-1" in to_do(world, "instructor")


def test_graders_get_no_way_to_regrades(world: World, busy: dict[str, str]) -> None:
    """An instructor decides on them."""
    shown = to_do(world, "grader")

    assert "answer to grade" in shown
    assert "regrades/" not in shown


def test_the_next_answer_is_one_click_away(world: World, busy: dict[str, str]) -> None:
    """The button claims it."""
    client = world.client("grader")

    answer = client.post(NEXT, data={"csrf_token": token_of(client, STAFF)})

    assert answer.location == f"{STAFF}grading/xor/q7/{busy['first']}/"
    assert "1 in progress" in spaced(client.get(STAFF).text)


def test_tabs_say_how_much_waits(world: World, busy: dict[str, str]) -> None:
    """On every page of the course: answers and requests together, and what failed."""
    page = world.client("grader").get(f"{STAFF}gradebook/").text

    assert "2 to do" in tabs(page)["Grading"]
    assert "1 could not be graded" in tabs(page)["Submissions"]


def test_counts_fall_at_once_when_something_is_done(world: World, busy: dict[str, str]) -> None:
    """What one does oneself is not counted from memory."""
    client = world.client("grader")
    assert "2 to do" in tabs(client.get(STAFF).text)["Grading"]
    place = f"{STAFF}grading/xor/q7/{busy['first']}/"
    token = token_of(client, place)

    client.post(place, data={"csrf_token": token, "version": "0", "points": "1", "reason": "Fine."})

    assert "1 to do" in tabs(client.get(STAFF).text)["Grading"]
    assert "answer to grade" not in client.get(STAFF).text


def test_quiet_when_nothing_waits(world: World) -> None:
    """A tick instead of an empty list; tabs without numbers."""
    page = world.client("instructor").get(STAFF).text

    assert "Nothing to do." in page
    assert "badge" not in page
    assert "No submissions yet" in page


def test_outdated_grades_wait_again(world: World, busy: dict[str, str]) -> None:
    """A grade that was given by another version of the question is to be looked at."""
    with world.database.write.begin() as session:
        first = session.scalars(select(Submission)).first()
        assert first is not None
        grade = written_answers.save(
            session,
            person(session, "Grader"),
            first,
            "q7",
            Entered(0, points_tenths=0, reason="No."),
        )
        grade.question_hash = "0" * 64

    assert "answer to grade" in to_do(world, "grader")


def test_names_stay_hidden_where_grading_is_anonymous(world: World, busy: dict[str, str]) -> None:
    """From graders everywhere; requests name nobody to anybody, as on their own page."""
    with world.database.write.begin() as session:
        for name, hidden in (("Student", "Lovelace"), ("Other", "Hopper")):
            person(session, name).name = hidden
        session.scalars(select(CourseAssignment)).one().anonymous_grading = True

    for_grader = world.client("grader").get(STAFF).text

    assert "Lovelace" not in for_grader and "Hopper" not in for_grader
    assert busy["first"][:6] in for_grader and busy["failed"][:6] in for_grader
    assert "Lovelace" not in to_do(world, "instructor")


def test_latest_submissions_are_a_click_away(world: World, busy: dict[str, str]) -> None:
    """With how many came within the last hour."""
    page = world.client("instructor").get(STAFF).text.split('id="latest"')[1]

    assert "2 in the last hour" in page
    assert f'href="/staff/submissions/{busy["first"]}/"' in page


def test_what_comes_next(world: World) -> None:
    """By time; what passed a day ago is gone; students who submitted are counted once each."""
    with world.database.write.begin() as session:
        submit(session, world, {"q1": 1.0})
        submit(session, world, {"q1": 2.0})
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.release_at = now() - timedelta(days=9)
        assignment.due_at = now() + timedelta(hours=30)
        assignment.cutoff_at = now() + timedelta(days=3)
        assignment.results_at = now() + timedelta(days=2)
        events = schedule(session, assignment.course, [assignment])

    kinds = [each.kind for each in events]
    assert kinds == [EventKind.DUE, EventKind.RESULTS, EventKind.CLOSES]
    assert {(each.submitted, each.students) for each in events} == {(1, 2)}
    page = spaced(world.client("grader").get(STAFF).text)
    assert "is due</p>" in page and "in 1 day and 5 hours" in page
    assert "1 of 2 students submitted" in page


def test_old_addresses_with_filters_lead_to_the_submissions(world: World) -> None:
    """Bookmarks of the board keep their filters, and nothing else of the address."""
    answer = world.client("grader").get(f"{STAFF}?state=attention&slug=x&_external=1")

    assert answer.location == f"{STAFF}submissions/?state=attention"


def test_students_land_on_their_assignments(world: World) -> None:
    """And learn nothing of what waits for staff."""
    client = world.client("student")

    assert client.get("/").location == "/courses/dl/"
    assert client.get(STAFF).status_code == 404
    assert "badge" not in client.get("/courses/dl/").text


def test_the_title_leads_staff_to_the_overview(world: World) -> None:
    """And the tab beside it to what students see."""
    page = world.client("grader").get("/courses/dl/").text

    assert f'<a href="{STAFF}">Deep learning for physicists</a>' in page
    assert ">Student view</a>" in page


def test_admins_land_on_their_courses(world: World) -> None:
    """Each leads to its overview."""
    with world.database.read() as session:
        assert session.scalars(select(User).where(User.is_admin)).one()

    assert f'href="{STAFF}"' in world.client("admin").get("/").text


def test_pages_that_sum_up_are_there_on_postgresql_too(portal: World) -> None:
    """Each of their queries is one that both kinds of database understand."""
    with portal.database.write.begin() as session:
        submission = submit(session, portal, {"q1": 1.0})
        requests.ask(session, submission, "q1", "Please look again.")
        number = submission.public_id
    client = portal.client("instructor")

    found = {
        address: client.get(address, follow_redirects=True)
        for address in (
            STAFF,
            f"{STAFF}assignments/",
            f"{STAFF}assignments/xor/",
            f"{STAFF}grading/",
            f"{STAFF}search?q={number[:6]}",
            f"{STAFF}search?q=example.org",
            f"/staff/submissions/{number}/student",
        )
    }
    own = portal.client("student").get("/courses/dl/")

    assert {address: page.status_code for address, page in found.items()} == dict.fromkeys(
        found, 200
    )
    assert "answer to grade" in found[STAFF].text
    assert "ada@example.org" in found[f"/staff/submissions/{number}/student"].text
    assert "Needs manual grading" in own.text
