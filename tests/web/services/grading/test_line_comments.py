"""Staff comment on single lines of a student's own cells; the student reads it with the points."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from tests.web.conftest import World
from tests.web.services.grading.test_grading import post
from tests.web.services.grading.test_marks import person, submit
from web.models import LineComment, Submission
from web.services.errors import RuleError
from web.services.grading import line_comments, release, written_answers
from web.services.grading.written_answers import Entered


def submitted(world: World) -> str:
    """A graded submission whose written answer stands in cell 2; returns its public id."""
    with world.database.write.begin() as session:
        return submit(session, world, {"q1": 1}).public_id


def lines(public_id: str, question_id: str = "q7") -> str:
    """Where staff comment on lines."""
    return f"/staff/submissions/{public_id}/lines/{question_id}"


def only(world: World) -> LineComment:
    """The one comment."""
    with world.database.read() as session:
        return session.scalars(select(LineComment)).one()


def test_comment_stands_with_its_line(world: World) -> None:
    """The page shows each line with its number, what a student wrote being text and no more."""
    public_id = submitted(world)
    staff = world.client("grader")
    page = staff.get(lines(public_id)).text
    assert 'value="1:5"' in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page

    post(staff, lines(public_id), lines(public_id), line="1:3", text="Why $2b$? <b onclick=x>")

    comment = only(world)
    assert (comment.cell, comment.line) == (1, 3)
    assert comment.line_text.startswith("$$f(0,0)")
    page = staff.get(lines(public_id)).text
    assert "Cell 2, line 3" in page
    assert "onclick" not in page
    for place in (f"/staff/submissions/{public_id}/",):
        assert "Cell 2, line 3" in staff.get(place).text


def test_student_reads_it_with_the_points(world: World) -> None:
    """On a written answer after the release, not before; deleted, it is gone."""
    public_id = submitted(world)
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        grader = person(session, "Grader")
        line_comments.add(session, grader, submission, "q7", 1, 1, "A telling comment.")
        written_answers.save(session, grader, submission, "q7", Entered(0, (0,)))
    student, staff = world.client("student"), world.client("grader")
    page = f"/submissions/{public_id}/"
    assert "A telling comment." not in student.get(page).text
    with world.database.write.begin() as session:
        assignment = session.scalars(select(Submission)).one().assignment
        release.release(session, person(session, "Instructor"), assignment)

    seen = student.get(page).text
    assert "A telling comment." in seen
    assert "Cell 2, line 1" in seen
    place = f"/staff/submissions/{public_id}/lines/{only(world).id}/delete"
    assert post(staff, lines(public_id), place).headers["Location"] == lines(public_id)
    assert "A telling comment." not in student.get(page).text
    assert post(staff, lines(public_id), place).status_code == 400


@pytest.mark.parametrize(
    ("line", "words", "why"),
    [
        ("1:0", "Text", "Choose a line"),
        ("1:99", "Text", "Choose a line"),
        ("0:1", "Text", "Choose a line"),
        ("", "Text", "Choose a line"),
        ("1:1", " ", "Write the comment"),
        ("1:1", "x" * 4001, "at most 4000"),
    ],
)
def test_what_is_no_comment_is_refused(world: World, line: str, words: str, why: str) -> None:
    """Also on a cell that is not the student's answer; what was typed stays."""
    public_id = submitted(world)
    staff = world.client("grader")

    refused = post(staff, lines(public_id), lines(public_id), line=line, text=words)

    assert refused.status_code == 400
    assert why in refused.text
    assert words.strip() in refused.text


def test_comments_are_for_staff_to_write(world: World) -> None:
    """Nobody else finds the page, and no question that there is not has one."""
    public_id = submitted(world)
    for who in ("student", "other"):
        assert world.client(who).get(lines(public_id)).status_code == 404
    assert world.client("grader").get(lines(public_id, "q99")).status_code == 404


def test_submission_has_a_bounded_number(world: World) -> None:
    """A mistake of a program fills no page."""
    submitted(world)
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        grader = person(session, "Grader")
        for _ in range(line_comments.MOST):
            line_comments.add(session, grader, submission, "q7", 1, 1, "Again.")
        with pytest.raises(RuleError, match="at most 100"):
            line_comments.add(session, grader, submission, "q7", 1, 1, "Again.")


def test_damaged_result_has_no_lines(world: World) -> None:
    """The page says so instead of failing."""
    public_id = submitted(world)
    with world.database.write.begin() as session:
        session.execute(text("UPDATE result SET notebook = '{'"))

    page = world.client("grader").get(lines(public_id))
    assert page.status_code == 200
    assert "cannot be told" in page.text
