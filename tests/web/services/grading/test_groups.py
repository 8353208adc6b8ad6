"""Answers that are alike are graded with one decision, and a decision can be undone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from autograder.report import QuestionResult
from autograder.verdict import Verdict
from tests.web.conftest import World, token_of
from tests.web.reports import PROOF, graded
from tests.web.services.grading.test_grading import PLACE, post
from web.models import (
    AuditEntry,
    CourseAssignment,
    ManualGrade,
    Membership,
    Role,
    Submission,
    User,
)
from web.services.courses import snapshots
from web.services.grading import alike, written_answers
from web.services.grading.groups import AnswerGroup, AnswerGroups
from web.services.submissions.answers import answer_texts

NEARLY = PROOF.replace("contradiction", "kontradiction")


def answers(world: World, *texts: str) -> list[str]:
    """Graded submissions of new students with these answers; returns their public ids."""
    made = []
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        count = len(session.scalars(select(User)).all())
        for number, text in enumerate(texts, count):
            user = User(email=f"s{number}@example.org", name=f"S{number}")
            session.add(Membership(user=user, course=assignment.course, role=Role.STUDENT))
            session.flush()
            submission = graded(session, world.settings.submissions, user.name, {}, answer=text)
            made.append(submission.public_id)
    return made


def placeholder(world: World) -> str:
    """The text of a cell that everybody was given, in place of the written answer."""
    with world.database.read() as session:
        snapshot = session.scalars(select(CourseAssignment)).one().snapshot
        given = snapshots.given_texts(world.settings.snapshots, snapshot)
    return next(text for text in given if "ype your answer" in text)


def groups_in(session: Session, world: World) -> list[AnswerGroup]:
    """The groups of the written question."""
    assignment = session.scalars(select(CourseAssignment)).one()
    queue = written_answers.queue(session, assignment, "q7")
    return AnswerGroups(world.settings.snapshots).of(session, queue)


def found(world: World) -> list[tuple[str, set[str]]]:
    """What the groups are called, and who is in them."""
    with world.database.read() as session:
        return [
            (str(group.kind), {each.submission.public_id for each in group.answers})
            for group in groups_in(session, world)
        ]


def grades(world: World) -> dict[str, int]:
    """The points of each graded answer, by public id."""
    with world.database.read() as session:
        rows = session.execute(
            select(Submission.public_id, ManualGrade.points_tenths).join(
                ManualGrade, ManualGrade.submission_id == Submission.id
            )
        )
        return {row.public_id: row.points_tenths for row in rows}


def together(client: FlaskClient, public_id: str, *, without: str = "", **fields: object):
    """Send the form of a group as its page offers it, but for one member."""
    page = f"{PLACE}{public_id}/group"
    text = client.get(page).text
    ticked = re.findall(r'name="answer" value="([^"]+)"', text)
    question = re.search(r'name="question" value="([^"]+)"', text)
    assert question is not None
    chosen = [each for each in ticked if not without or not each.startswith(without)]
    data = {"csrf_token": token_of(client, page), "question": question[1], "answer": chosen}
    return client.post(page, data={**data, **fields}, follow_redirects=True)


def undo(client: FlaskClient, decision: str = ""):
    """Press the button that takes the last decision back."""
    text = client.get(PLACE).text
    shown = re.search(r'name="decision" value="([^"]+)"', text)
    decision = decision or (shown[1] if shown else "")
    return client.post(
        f"{PLACE}undo", data={"csrf_token": token_of(client, PLACE), "decision": decision}
    )


def test_groups_are_blank_identical_and_nearly_identical(world: World) -> None:
    """What stands alone is in none; nor is what has been graded."""
    given = placeholder(world)
    blank = set(answers(world, "", " \n", given, given + "\n"))
    same = set(answers(world, "Because $a=b$.", "Because  $a=b$.", "Because $a=b$."))
    near = set(answers(world, PROOF, NEARLY))
    [alone] = answers(world, "Something else.")

    assert found(world) == [("blank", blank), ("identical", same), ("similar", near)]
    text = world.client("grader").get(PLACE).text
    for words in ("4 blank answers", "3 identical answers", "2 nearly identical answers"):
        assert words in text
    client = world.client("grader")
    post(client, f"{PLACE}{alone}/", f"{PLACE}{alone}/", version=0, item=[0])
    one = min(near)
    post(client, f"{PLACE}{one}/", f"{PLACE}{one}/", version=0, item=[0])
    assert [kind for kind, _ in found(world)] == ["blank", "identical"]


def test_one_decision_gives_each_a_grade_of_its_own(world: World) -> None:
    """With an entry in the log for each; whoever is not ticked keeps none."""
    first, second, third = answers(world, "", "", "")
    client = world.client("grader")

    page = together(client, first, without=third, points="0", reason="Blank.", comment="Empty.")

    assert "2 answers graded together" in page.text
    assert grades(world) == {first: 0, second: 0}
    with world.database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "answer.graded")
        ).all()
        assert len({each.target for each in entries}) == 2
        assert {each.comment for each in session.scalars(select(ManualGrade))} == {"Empty."}


def test_answers_of_other_graders_are_left(world: World) -> None:
    """Neither what somebody reads now, nor what somebody graded since, is overwritten."""
    first, read, taken = answers(world, "", "", "")
    client, other = world.client("grader"), world.client("instructor")
    page = f"{PLACE}{first}/group"
    text = client.get(page).text
    post(other, f"{PLACE}{taken}/", f"{PLACE}{taken}/", version=0, item=[0])
    other.get(f"{PLACE}{read}/")
    data = {
        "csrf_token": token_of(client, page),
        "question": re.findall(r'name="question" value="([^"]+)"', text),
        "answer": re.findall(r'name="answer" value="([^"]+)"', text),
        "points": "0",
    }

    told = client.post(page, data=data, follow_redirects=True).text

    assert "1 answer graded" in told
    assert "2 not graded, because somebody else" in told
    assert grades(world) == {first: 0, taken: 10}


def test_another_version_of_the_question_is_left(world: World) -> None:
    """Whoever decided saw another text."""
    first, _ = answers(world, "", "")
    client = world.client("grader")

    told = together(client, first, question="0" * 64, points="0").text

    assert "2 not graded" in told
    assert grades(world) == {}


def test_what_does_not_follow_grades_none(world: World) -> None:
    """Points that need a reason: the form is kept, ticks included."""
    first, second = answers(world, PROOF, NEARLY)
    client = world.client("grader")

    refused = together(client, first, without=second, item=[0], points="1.7", comment="Hm.")

    assert refused.status_code == 400
    assert "enter a reason" in refused.text
    assert len(re.findall(r'name="answer" value="[^"]+" form="[^"]+" checked', refused.text)) == 1
    assert grades(world) == {}


def test_page_of_a_group_shows_differences(world: World) -> None:
    """Word by word, and harmless."""
    first, second = answers(world, PROOF, NEARLY.replace("alert(1)", "alert(2)"))
    text = world.client("grader").get(f"{PLACE}{first}/group").text

    assert re.search(r"<(ins|del)>a? ?\**kontradiction\**", text)
    assert "<script>alert" not in text
    assert f"{PLACE}{second}/" in text


def test_group_that_is_graded_leads_to_the_list(world: World) -> None:
    """An old link is no error."""
    [alone] = answers(world, "Something.")
    answer = world.client("grader").get(f"{PLACE}{alone}/group")

    assert answer.headers["Location"] == PLACE


def test_pictures_and_very_long_answers_are_not_compared(world: World) -> None:
    """A text says too little of the one, and too much of the other."""
    answers(world, "x " * 20_000, "x " * 20_000)
    cell = {"cell_type": "markdown", "source": "See this."}
    question = QuestionResult("q7", Fraction(2), None, Verdict.PENDING, answer_cells=(0,))
    pasted = {**cell, "attachments": {"a.png": {"image/png": "aGk="}}}

    assert found(world) == []
    assert answer_texts([cell, cell], [question]) == {"q7": ["See this."]}
    assert answer_texts([pasted, cell], [question]) == {}


def test_undo_of_a_group_and_of_a_single_grade(world: World) -> None:
    """Each step goes back to what was there before it, the last step first."""
    first, second, third = answers(world, "", "", PROOF)
    client = world.client("grader")
    page = f"{PLACE}{third}/"
    post(client, page, page, version=0, item=[0], comment="First.")
    post(client, page, page, version=1, item=[0, 1], comment="Second.")
    together(client, first, points="0")
    assert grades(world) == {first: 0, second: 0, third: 15}

    assert undo(client).headers["Location"] == PLACE
    assert grades(world) == {third: 15}
    assert undo(client).headers["Location"] == page
    assert grades(world) == {third: 10}
    assert "First." in client.get(page).text
    undo(client)
    assert grades(world) == {}
    assert "Undo my" not in client.get(PLACE).text
    with world.database.read() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "answer.undone")
        ).all()
        assert sum(each.times for each in entries) == 4


def test_undo_leaves_what_others_changed(world: World) -> None:
    """Somebody else's grade is not taken back, and nobody takes back another's."""
    first, second = answers(world, "", "")
    client, other = world.client("grader"), world.client("instructor")
    together(client, first, points="0")
    post(other, f"{PLACE}{first}/", f"{PLACE}{first}/", version=1, item=[0])

    assert undo(client).status_code == 303
    assert grades(world) == {first: 10}
    assert "Undo my" not in client.get(PLACE).text
    assert undo(client, "0" * 32).status_code == 400
    assert second not in grades(world)


def test_undo_twice_takes_back_one(world: World) -> None:
    """A click that comes twice names the same decision."""
    first, second = answers(world, "One.", "Two.")
    client = world.client("grader")
    for public_id in (first, second):
        post(client, f"{PLACE}{public_id}/", f"{PLACE}{public_id}/", version=0, item=[0])
    shown = re.search(r'name="decision" value="([^"]+)"', client.get(PLACE).text)
    assert shown is not None

    assert undo(client, shown[1]).status_code == 303
    assert undo(client, shown[1]).status_code == 400
    assert len(grades(world)) == 1


def test_texts_are_compared_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the next page nor a grade compares them again; another answer does."""
    compared: list[int] = []
    clusters = alike.clusters

    def counted(texts: Mapping[Any, str]) -> list[list[Any]]:
        compared.append(len(texts))
        return clusters(texts)

    monkeypatch.setattr(alike, "clusters", counted)
    first, second, *_ = answers(world, PROOF, NEARLY, NEARLY, "Other.")
    client = world.client("grader")
    for page in (PLACE, f"{PLACE}{first}/", f"{PLACE}{first}/group", PLACE):
        assert client.get(page).status_code == 200
    post(client, f"{PLACE}{first}/", f"{PLACE}{first}/", version=0, item=[0])

    assert "2 identical answers" in client.get(PLACE).text
    assert compared == [3]
    answers(world, PROOF.replace("these", "those"))
    assert "3 nearly identical answers" in client.get(f"{PLACE}").text
    assert compared == [3, 4]
    assert second in client.get(f"{PLACE}{second}/group").text


def test_damaged_text_is_in_no_group(world: World) -> None:
    """It says nothing of the answer: it is not blank, either."""
    damaged, *_ = answers(world, "One.", "", "")
    with world.database.write.begin() as session:
        number = session.scalars(select(Submission).filter_by(public_id=damaged)).one().result_id
        session.execute(
            text("UPDATE answer_text SET cells = '{' WHERE result_id = :number"), {"number": number}
        )

    [(kind, members)] = found(world)
    assert (kind, len(members)) == ("blank", 2)
    assert damaged not in members


def test_page_from_before_an_undo_does_not_overwrite(world: World) -> None:
    """A grade that comes after an undone one has a version that no page has seen."""
    [first] = answers(world, PROOF)
    client, other, page = world.client("grader"), world.client("instructor"), f"{PLACE}{first}/"
    post(client, page, page, version=0, item=[0])
    undo(client)
    post(other, page, page, version=0, item=[0, 1])

    assert post(client, page, page, version=1, item=[2]).status_code == 409
    assert grades(world) == {first: 15}
