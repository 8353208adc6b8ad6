"""Grading by people: claims, rubric, versions, comments, and the page."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import World, spaced, token_of
from tests.web.reports import PROOF, graded
from tests.web.services.grading.test_marks import person, submit
from web.db import now
from web.models import (
    AuditEntry,
    CourseAssignment,
    GradingClaim,
    ManualGrade,
    Membership,
    Role,
    Submission,
    User,
)
from web.services.courses import snapshots
from web.services.errors import RuleError
from web.services.grading import claims, comments, written_answers
from web.services.grading.written_answers import Entered, NewerGradeError

PLACE = "/courses/dl/staff/grading/xor/q7/"


def two_answers(world: World) -> list[str]:
    """One answer of each student; returns their public ids in the order of reading."""
    with world.database.write.begin() as session:
        made = [submit(session, world, {"q1": 1}, who) for who in ("Student", "Other")]
        made.sort(key=lambda each: written_answers.reading_order("q7", each))
        return [each.public_id for each in made]


def take_next(world: World, who: str, leaving: str | None = None) -> str | None:
    """Claim the next answer; returns its public id."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        left = None
        if leaving is not None:
            left = session.scalars(select(Submission).where(Submission.public_id == leaving)).one()
        found = written_answers.take_next(session, person(session, who), assignment, "q7", left)
        return found.public_id if found else None


def post(client: FlaskClient, page: str, address: str, **fields: object):
    """Send a form of a page."""
    return client.post(address, data={"csrf_token": token_of(client, page), **fields})


def test_next_never_gives_two_graders_the_same(world: World) -> None:
    """Each gets another one; a third gets nothing while both are held."""
    first, second = two_answers(world)

    assert take_next(world, "Grader") == first
    assert take_next(world, "Instructor") == second
    assert take_next(world, "Admin") is None


def test_order_of_reading_is_not_that_of_submission() -> None:
    """Nor that of another question; it stays the same whenever somebody asks."""
    made = [Submission(public_id=f"{number:032x}") for number in range(40)]
    orders = [
        sorted(range(40), key=lambda each: written_answers.reading_order(question, made[each]))
        for question in ("q7", "q7", "q8")
    ]
    first, again, other = orders
    assert first == again
    assert first != other
    for order in (first, other):
        # The mean place of any twenty of forty is 19.5 +- 1.8.
        assert 14 < sum(order.index(number) for number in range(20)) / 20 < 25


def test_next_goes_on_and_comes_round(world: World) -> None:
    """Who leaves an answer gives it up, and gets it again only after the others."""
    first, second = two_answers(world)

    assert take_next(world, "Grader") == first
    assert take_next(world, "Grader", leaving=first) == second
    assert take_next(world, "Instructor") == first
    assert take_next(world, "Grader", leaving=second) == second


def test_claim_ends_by_itself_and_is_renewed_by_looking(world: World) -> None:
    """After its minutes another grader gets the answer; looking at it renews the claim."""
    first, _ = two_answers(world)
    take_next(world, "Grader")
    with world.database.write.begin() as session:
        session.scalars(select(GradingClaim)).one().expires_at = now() + timedelta(seconds=5)
    world.client("grader").get(f"{PLACE}{first}/")
    with world.database.write.begin() as session:
        claim = session.scalars(select(GradingClaim)).one()
        renewed = claim.expires_at - now()
        claim.expires_at = now() - timedelta(seconds=1)

    assert renewed > timedelta(minutes=claims.CLAIM_MINUTES - 1)
    assert take_next(world, "Instructor") == first


def test_second_grader_is_told_who_reads(world: World) -> None:
    """The page names the first one, and lets the second take the answer over."""
    first, _ = two_answers(world)
    world.client("grader").get(f"{PLACE}{first}/")
    second = world.client("instructor")

    assert "Grader is grading this answer" in second.get(f"{PLACE}{first}/").text
    post(second, f"{PLACE}{first}/", f"{PLACE}{first}/claim", take="1")
    assert "is grading this answer" not in second.get(f"{PLACE}{first}/").text
    assert "Instructor is grading" in world.client("grader").get(f"{PLACE}{first}/").text


def test_older_version_is_refused_with_what_the_other_gave(world: World) -> None:
    """Nobody's grade is lost without being seen; saving again on purpose replaces it."""
    first, _ = two_answers(world)
    one, two = world.client("grader"), world.client("instructor")
    page = f"{PLACE}{first}/"
    token = token_of(two, page)
    post(one, page, page, version=0, item=[0, 1], comment="Nearly.")

    data = {"csrf_token": token, "version": 0, "item": [0], "comment": "Half of it."}
    refused = two.post(page, data=data)
    newer = re.search(r'name="version" value="(\d+)"', refused.text)
    assert newer is not None
    again = two.post(page, data={**data, "version": newer[1]})

    assert refused.status_code == 409
    assert "Grader graded this answer in the meantime" in refused.text
    assert "They gave 1.5 of 2 points" in spaced(refused.text)
    assert "Nearly." in refused.text
    assert "Half of it." in refused.text
    assert again.status_code == 303
    with world.database.read() as session:
        grade = session.scalars(select(ManualGrade)).one()
    assert (grade.points_tenths, grade.version, grade.comment) == (10, 2, "Half of it.")


def test_first_grade_of_two_at_once(world: World) -> None:
    """Where both saw no grade, the second to save is told, too."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        written_answers.save(session, person(session, "Grader"), submission, "q7", Entered(0, (0,)))

        with pytest.raises(NewerGradeError, match="Grader graded this answer"):
            written_answers.save(
                session, person(session, "Instructor"), submission, "q7", Entered(0, (1,))
            )


@pytest.mark.parametrize(
    ("entered", "points"),
    [
        (Entered(0, (0, 2)), 15),
        (Entered(0, (0, 0, 99, -1)), 10),
        (Entered(0, (), 0), 0),
        (Entered(0, (0,), 13, reason="A gap in the last step."), 13),
        (Entered(0, (0,), 10), 10),
    ],
)
def test_points_follow_from_the_rubric_or_a_reason(
    world: World, entered: Entered, points: int
) -> None:
    """Items are summed, typed points win; numbers of items that are not there do nothing."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        grade = written_answers.save(session, person(session, "Grader"), submission, "q7", entered)

        assert grade.points_tenths == points
        assert [each.index for each in grade.items] == [n for n in (0, 2) if n in entered.items]
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.details["after"]) == ("answer.graded", points)


@pytest.mark.parametrize(
    ("question", "entered", "words"),
    [
        ("q7", Entered(0), "0 for none"),
        ("q7", Entered(0, (0,), 13), "enter a reason"),
        ("q7", Entered(0, (), 21, reason="Wonderful."), "from 0 to 2"),
        ("q7", Entered(0, (), -1, reason="Terrible."), "from 0 to 2"),
        ("q1", Entered(0, (), 10), "not graded manually"),
    ],
)
def test_what_does_not_follow_is_refused(
    world: World, question: str, entered: Entered, words: str
) -> None:
    """Nothing chosen, a sum without a reason, points out of range, a tested question."""
    with world.database.write.begin() as session:
        submission = submit(session, world, {})
        with pytest.raises(RuleError, match=words):
            written_answers.save(session, person(session, "Grader"), submission, question, entered)
        assert session.scalars(select(ManualGrade)).all() == []


def test_page_shows_the_answer_cleaned_and_keeps_what_was_typed(world: World) -> None:
    """Formulas are MathML, scripts are gone; a refused save loses nothing."""
    first, _ = two_answers(world)
    client, page = world.client("grader"), f"{PLACE}{first}/"
    text = client.get(page).text

    assert "<math" in text
    assert "<h3>Question 7" in text
    assert "<script>" not in text
    assert "Student" in text
    refused = post(client, page, page, version=0, item=[1], points="1,7", comment="Why?")
    assert refused.status_code == 400
    assert "enter a reason" in refused.text
    assert 'value="1" data-points="5" checked' in spaced(refused.text)
    assert 'value="1,7"' in refused.text
    assert ">\nWhy?</textarea>" in refused.text


def test_answer_without_a_cell_is_the_whole_notebook(world: World) -> None:
    """Where no answer cell was found the grader sees all of it, never nothing."""
    with world.database.write.begin() as session:
        submission = graded(session, world.settings.submissions, "Student", {})
        assert submission.result is not None
        view = submission.result.staff_view
        questions = [{**each, "answer_cells": [0, 1, 2]} for each in view["questions"]]
        submission.result.staff_view = {**view, "questions": questions}
        public_id = submission.public_id

    text = world.client("grader").get(f"{PLACE}{public_id}/").text
    assert "the whole notebook is shown" in text
    assert "Cell 3" in text


def test_anonymous_grading_hides_names(world: World) -> None:
    """Neither name, address nor file name stands on the pages that grade."""
    first, _ = two_answers(world)
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().anonymous_grading = True
    client = world.client("grader")

    for page in (PLACE, f"{PLACE}{first}/", "/courses/dl/staff/grading/xor/"):
        text = client.get(page).text
        assert f"Answer {first[:6]}" in text
        assert not re.search(r"\bStudent\b(?! *</th>| view<)|ada@example|a\.ipynb", text), page


def test_kept_comments_are_inserted_and_deleted(world: World) -> None:
    """Without JavaScript a button puts a saved comment behind what is written; nothing is saved."""
    first, _ = two_answers(world)
    client, page = world.client("grader"), f"{PLACE}{first}/"
    post(client, page, f"{PLACE}comments", text="See $x$.", public_id=first)

    inserted = post(client, page, page, insert="1", version="0", item="2", comment="Good.")
    assert "Good.\n\nSee $x$.</textarea>" in inserted.text
    assert 'value="2" data-points="5" checked' in spaced(inserted.text)
    with world.database.read() as session:
        assert session.scalars(select(ManualGrade)).all() == []
    post(client, page, f"{PLACE}comments/1/delete", public_id=first)
    assert "Insert 1" not in client.get(page).text


@pytest.mark.parametrize("text", ["  ", "x" * (comments.MAX_LENGTH + 1)])
def test_useless_comments_are_refused(world: World, text: str) -> None:
    """Empty ones, and those that no student would read."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        with pytest.raises(RuleError):
            comments.add(session, person(session, "Grader"), assignment, "q7", text)


def test_saving_leads_to_the_next_answer(world: World) -> None:
    """Save and next in one step; after the last one, back to the list."""
    first, second = two_answers(world)
    client = world.client("grader")
    form = {"version": 0, "item": [0], "then": "next"}

    answer = post(client, f"{PLACE}{first}/", f"{PLACE}{first}/", **form)
    assert answer.headers["Location"] == f"{PLACE}{second}/"
    answer = post(client, f"{PLACE}{second}/", f"{PLACE}{second}/", **form)
    assert answer.headers["Location"] == PLACE
    assert PROOF[:6] not in client.get(PLACE).text
    assert "Go on to the release" not in client.get(PLACE).text
    release = 'href="/courses/dl/staff/grading/xor/#release"'
    assert release in world.client("instructor").get(PLACE).text


def test_graders_at_the_same_moment_get_different_answers(world: World) -> None:
    """Threads that ask together share the answers out, each once."""
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        for number in range(6):
            user = User(email=f"s{number}@example.org", name=f"S{number}")
            session.add(Membership(user=user, course=assignment.course, role=Role.STUDENT))
            session.flush()
            submit(session, world, {}, user.name)
    given: list[str | None] = []
    graders = ("Grader", "Instructor", "Admin")

    def work(who: str) -> None:
        given.append(take_next(world, who))

    threads = [threading.Thread(target=work, args=(who,)) for who in graders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert None not in given
    assert len(set(given)) == len(graders)


def test_answer_stands_below_its_question(world: World) -> None:
    """The grader reads what was asked, its formulas rendered, and nothing of the solution there."""
    first, _ = two_answers(world)
    page = world.client("grader").get(f"{PLACE}{first}/").text
    asked = page.split('class="comment prompt-text"')[1].split("</details>")[0]

    assert page.index("prompt-text") < page.index('id="the-answer"')
    assert "<h3>Question 7" in asked and "<math" in asked
    assert "BEGIN" not in asked
    with world.database.read() as session:
        snapshot = session.scalars(select(Submission)).first().snapshot
    solution = snapshots.model_answer(world.settings.snapshots, snapshot, "q7")
    text = snapshots.prompt(world.settings.snapshots, snapshot, "q7")
    assert solution and solution not in text
    built = json.loads(snapshots.notebook(world.settings.snapshots, snapshot, "student"))
    assert any(text in cell["source"] for cell in built["cells"])


def test_board_hides_names_from_graders_while_grading_is_anonymous(world: World) -> None:
    """Neither list, search, pages nor receipt tell a grader; instructors see names."""
    with world.database.write.begin() as session:
        first = submit(session, world, {"q1": 1}, "Student").public_id
        session.scalars(select(CourseAssignment)).one().anonymous_grading = True
        person(session, "Student").name = "Lovelace"
    board = "/courses/dl/staff/submissions/"
    pages = (board, f"/staff/submissions/{first}/", f"/submissions/{first}/")
    secrets = ("ada@example.org", "Lovelace", "a.ipynb")

    grader, instructor = world.client("grader"), world.client("instructor")
    for address in pages:
        shown = grader.get(address).text
        assert first[:6] in shown
        assert [each for each in secrets if each in shown] == []
    assert "No matching submissions" in grader.get(f"{board}?person=Lovelace").text
    assert "Lovelace</a>" in instructor.get(board).text
    assert "ada@example.org" in instructor.get(pages[1]).text
    assert first in instructor.get(f"{board}?person=Lovelace").text
    assert "a.ipynb" in world.client("student").get(pages[2]).text
