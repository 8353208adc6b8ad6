"""A rubric is changed while answers are graded; grades follow, which is shown before."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.reports import graded
from tests.web.services.grading.test_grading import PLACE, post
from tests.web.services.grading.test_groups import answers, grades
from tests.web.services.grading.test_marks import person
from web.models import AuditEntry, CourseAssignment, ManualGrade, Submission
from web.services.grading import release

RUBRIC = f"{PLACE}rubric"
Items = list[tuple[int | None, str, str]]


def present(client: FlaskClient) -> list[tuple[int | None, str, str]]:
    """The items as the form shows them: number, points, text."""
    text = client.get(RUBRIC).text
    rows = re.findall(
        r'name="was-(\d+)" value="(\d+)".*?name="points-\1" value="([^"]*)"'
        r".*?<textarea[^>]*>\n(.*?)</t",
        text,
        re.DOTALL,
    )
    return [(int(was), points, words) for _, was, points, words in rows]


def change(client: FlaskClient, items: Items, **fields: Any):
    """Send the form with these items."""
    text = client.get(RUBRIC).text
    shown = re.search(r'name="rubric" value="([^"]+)"', text)
    assert shown is not None
    data: dict[str, Any] = {
        "csrf_token": token_of(client, RUBRIC),
        "rubric": shown[1],
        "rows": len(items),
    }
    for number, (was, points, words) in enumerate(items):
        data |= {
            f"was-{number}": "" if was is None else was,
            f"points-{number}": points,
            f"text-{number}": words,
        }
    return client.post(RUBRIC, data={**data, **fields})


def confirm(client: FlaskClient, items: Items, preview: str):
    """Send it again, as the preview's button does."""
    token = re.search(r'name="confirmed" value="([^"]+)"', preview)
    assert token is not None, preview
    return change(client, items, confirmed=token[1])


def grade(client: FlaskClient, public_id: str, **fields: Any) -> None:
    """Grade an answer for the first time."""
    page = f"{PLACE}{public_id}/"
    assert post(client, page, page, version=0, **fields).status_code == 303


def stored(world: World, public_id: str) -> ManualGrade:
    """The grade of an answer."""
    with world.database.read() as session:
        query = select(ManualGrade).join(Submission).where(Submission.public_id == public_id)
        return session.scalars(query).one()


def test_new_item_changes_no_grade(world: World) -> None:
    """It is there for the next answer, with a key of its own, and no question is asked."""
    first, second = answers(world, "One.", "Two.")
    client = world.client("grader")
    grade(client, first, item=[0])
    items = present(client)

    saved = change(client, [*items, (None, "-0,5", "Rests on *one* example.")])

    assert saved.headers["Location"] == PLACE
    assert "Rests on <em>one</em> example." in client.get(f"{PLACE}{second}/").text
    grade(client, second, item=[0, 3])
    assert grades(world) == {first: 10, second: 5}
    with world.database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "rubric.changed"))
        assert "-0.5 Rests" in entry.details["changed"]["rubric"][1]


def test_grades_follow_after_confirmation(world: World) -> None:
    """Other points, other words, an item that is gone: shown first, then changed with one entry."""
    raised, lowered, same = answers(world, "One.", "Two.", "Three.")
    client = world.client("grader")
    grade(client, raised, item=[0])
    grade(client, lowered, item=[0, 1])
    grade(client, same, item=[2])
    one, two, three = present(client)
    items: Items = [(three[0], three[1], three[2]), (one[0], "1.2", one[2])]

    preview = change(client, items)
    assert preview.status_code == 200
    assert "points of 2 graded answers" in preview.text
    assert "1 up, 1 down" in preview.text
    assert grades(world) == {raised: 10, lowered: 15, same: 5}
    assert present(client) == [one, two, three]
    confirm(client, items, preview.text)

    assert grades(world) == {raised: 12, lowered: 12, same: 5}
    assert [(each.index, each.points_tenths) for each in stored(world, lowered).items] == [(1, 12)]
    assert [each.index for each in stored(world, same).items] == [0]
    with world.database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "rubric.changed"))
        assert (entry.details["raised"], entry.details["lowered"]) == (1, 1)


def test_bonus_and_negative_items_stay_within_the_question(world: World) -> None:
    """A bonus makes up for what is missing, and no more; no answer has less than nothing."""
    bonus, nothing = answers(world, "One.", "Two.")
    client = world.client("grader")
    change(client, [*present(client), (None, "1", "Bonus"), (None, "-2", "Copied")])

    grade(client, bonus, item=[0, 1, 2, 3])
    grade(client, nothing, item=[1, 4])

    assert grades(world) == {bonus: 20, nothing: 0}


def test_typed_points_stay(world: World) -> None:
    """Who typed points had a reason; the preview says how many."""
    typed, follows = answers(world, "One.", "Two.")
    client = world.client("grader")
    grade(client, typed, item=[0], points="0.7", reason="Half of it.")
    grade(client, follows, item=[0])
    items = present(client)
    items[0] = (0, "0.5", items[0][2])

    preview = change(client, items)
    assert "1 more keeps the points that a grader entered" in preview.text
    confirm(client, items, preview.text)

    assert grades(world) == {typed: 7, follows: 5}
    assert stored(world, typed).reason == "Half of it."


def test_confirmation_is_of_what_was_shown(world: World) -> None:
    """Who has seen one change does not make another one."""
    first, second = answers(world, "One.", "Two.")
    client = world.client("grader")
    grade(client, first, item=[0])
    items = present(client)
    items[0] = (0, "0.5", items[0][2])
    preview = change(client, items)
    grade(client, second, item=[0])

    again = confirm(client, items, preview.text)

    assert "points of 2 graded answers" in again.text
    assert grades(world) == {first: 10, second: 10}
    confirm(client, items, again.text)
    assert grades(world) == {first: 5, second: 5}


def test_a_deduction_is_typed_as_pages_write_it(world: World) -> None:
    """With a minus sign or, as keyboards have it, a hyphen."""
    [first] = answers(world, "One.")
    client = world.client("grader")

    for sign in ("\u2212", "-"):
        deduction = (None, f"{sign}0.5", f"Too long {sign}")
        assert change(client, [*present(client), deduction]).status_code == 303

    shown = client.get(f"{PLACE}{first}/").text
    assert shown.count('<span class="points">\u22120.5</span>') == 2
    assert 'data-points="-5"' in shown


def test_points_that_change_are_confirmed_where_they_stand(world: World) -> None:
    """Below the warning, and below the items, too."""
    [first] = answers(world, "One.")
    client = world.client("grader")
    grade(client, first, item=[0])
    items = present(client)
    items[0] = (0, "0.5", items[0][2])

    page = change(client, items).text

    warning, _, below = page.partition('aria-label="Points that change"')
    assert "Save, and change these points" in warning
    assert "Save, and change these points" in below


def test_items_of_another_rubric_are_not_taken_for_these(world: World) -> None:
    """Whoever had the page open chooses again; what they wrote is kept."""
    [first] = answers(world, "One.")
    client, other = world.client("grader"), world.client("instructor")
    page = f"{PLACE}{first}/"
    seen = re.search(r'name="rubric" value="([^"]+)"', client.get(page).text)
    assert seen is not None
    items = present(other)
    change(other, items[1:])

    late = post(client, page, page, version=0, item=[0], rubric=seen[1], comment="Good.")

    assert late.status_code == 409
    assert "The rubric has been changed" in late.text
    assert "Good." in late.text
    assert " checked" not in late.text.split("data-keys")[0]
    assert grades(world) == {}
    stale = change(client, items, rubric=seen[1])
    assert stale.status_code == 400
    assert "Somebody else has changed the rubric" in stale.text


def test_graders_leave_released_grades_to_instructors(world: World) -> None:
    """A student who has seen points sees others only after an instructor's decision."""
    [first] = answers(world, "One.")
    client, instructor = world.client("grader"), world.client("instructor")
    grade(client, first, item=[0])
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        release.release(session, person(session, "Instructor"), assignment)
    items = present(client)
    items[0] = (0, "0.5", items[0][2])

    refused = change(client, items)
    assert refused.status_code == 400
    assert "Ask an instructor" in refused.text
    preview = change(instructor, items)
    assert "1 is released, so that students see" in preview.text
    confirm(instructor, items, preview.text)
    assert grades(world) == {first: 5}


def test_what_is_no_rubric_is_refused(world: World) -> None:
    """With what was typed still there."""
    client = world.client("grader")
    items = present(client)
    for wrong, words in (
        ([], "at least one item"),
        ([(0, "1", " ")], "needs a text"),
        ([(0, "", "Text")], "needs points"),
        ([(0, "0.25", "Text")], "at most one decimal"),
        ([(7, "1", "Text")], "has changed in the meantime"),
        ([(0, "1", "Text"), (0, "1", "Again")], "has changed in the meantime"),
        ([(0, "2000", "Text")], "at most 1000 points"),
    ):
        refused = change(client, wrong)
        assert refused.status_code == 400
        assert words in refused.text
    assert present(client) == items


def test_student_reads_the_present_rubric(world: World) -> None:
    """Items that the answer did not meet are those of the rubric that holds."""
    with world.database.write.begin() as session:
        public_id = graded(session, world.settings.submissions, "Student", {}).public_id
    client = world.client("grader")
    grade(client, public_id, item=[0])
    items = present(client)
    items[1] = (1, items[1][1], "A new wording.")
    assert change(client, items).headers["Location"] == PLACE
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        release.release(session, person(session, "Instructor"), assignment)

    text = world.client("student").get(f"/submissions/{public_id}/").text
    assert "A new wording." in text
