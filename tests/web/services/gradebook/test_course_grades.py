"""Grades by a key, a bonus from homework, special grades, and their export."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import World, token_of
from tests.web.services.gradebook.test_gradebook import entry
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    GradeStep,
    Membership,
    SpecialGrade,
    User,
)
from web.services.errors import RuleError
from web.services.gradebook.course_grades import PRESETS, checked_key, distribution, grade_of
from web.services.gradebook.standing import Entry
from web.services.gradebook.totals import Total, TotalRules, total

PLACE = "/courses/toy/staff/grades/"
GERMAN = PRESETS["german"]


def with_share(share: Fraction | None, *, final: bool = True) -> Total:
    """A total of one assignment."""
    return Total(share, frozenset(), int(final), 1)


@pytest.mark.parametrize(
    ("percent", "grade", "passed"),
    [
        ("100", "1.0", True),
        ("95", "1.0", True),
        ("94.99", "1.3", True),
        ("50", "4.0", True),
        ("49.99", "5.0", False),
        ("0", "5.0", False),
    ],
)
def test_grade_by_the_key(percent: str, grade: str, *, passed: bool) -> None:
    """A threshold itself belongs to the better grade, to the last hundredth."""
    found = grade_of(GERMAN, with_share(Fraction(percent) / 100))

    assert found.step is not None
    assert (found.step.grade, found.passed) == (grade, passed)


def test_no_grade_before_there_is_one() -> None:
    """Without points none; while something is missing it says so, and nobody has passed yet."""
    assert grade_of(GERMAN, with_share(None)).step is None
    assert grade_of((), with_share(Fraction(1))).step is None
    so_far = grade_of(GERMAN, with_share(Fraction(1), final=False))
    assert so_far.step == GERMAN[0]
    assert (so_far.final, so_far.passed) == (False, None)


@pytest.mark.parametrize(
    ("special", "passed"),
    [
        (SpecialGrade.NO_SHOW, False),
        (SpecialGrade.MISCONDUCT, False),
        (SpecialGrade.WITHDRAWN, None),
    ],
)
def test_special_grade_stands_in_place(special: SpecialGrade, *, passed: bool | None) -> None:
    """Whatever the points are."""
    found = grade_of(GERMAN, with_share(Fraction(1)), special)

    assert (found.step, found.special, found.passed) == (None, special, passed)


@given(st.fractions(0, 1), st.fractions(0, 1), st.sampled_from(sorted(PRESETS)))
def test_more_points_are_never_a_worse_grade(one: Fraction, two: Fraction, name: str) -> None:
    """The keys to begin with are in order, and each part of the points has a grade."""
    key = PRESETS[name]
    low, high = (grade_of(key, with_share(share)).step for share in sorted((one, two)))

    assert low is not None
    assert high is not None
    assert key.index(high) <= key.index(low)


def bonus(number: int, share: int) -> Entry:
    """A settled entry that counts as a bonus."""
    found = entry(number, share)
    found.assignment.is_bonus = True
    return found


@pytest.mark.parametrize(
    ("entries", "share", "earned"),
    [
        ([entry(1, 60), bonus(2, 100)], Fraction(70, 100), Fraction(10, 100)),
        ([entry(1, 60), bonus(2, 50), bonus(3, 100)], Fraction(675, 1000), Fraction(75, 1000)),
        # No more than all points.
        ([entry(1, 95), bonus(2, 100)], Fraction(1), Fraction(5, 100)),
        # It makes nobody pass.
        ([entry(1, 49), bonus(2, 100)], Fraction(49, 100), Fraction(0)),
        ([entry(1, 50), bonus(2, 100)], Fraction(60, 100), Fraction(10, 100)),
        # Alone it is no total.
        ([bonus(2, 100)], None, Fraction(0)),
    ],
)
def test_bonus(entries: list[Entry], share: Fraction | None, earned: Fraction) -> None:
    """Ten per cent at most, for who has passed without them."""
    found = total(entries, TotalRules(0, Fraction(1, 10), Fraction(1, 2)))

    assert (found.share, found.bonus) == (share, earned)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("A", "x", True)], "not a percentage"),
        ([("A", "101", True)], "not a percentage"),
        ([("A", "-1", True)], "not a percentage"),
        ([("A", "\N{ARABIC-INDIC DIGIT ONE}", True)], "not a percentage"),
        ([("", "50", True)], "no grade"),
        ([("A" * 21, "50", True)], "at most 20"),
        ([("A", "50", True)], "start at 0"),
        ([("A", "50", True), ("A", "0", True)], "twice"),
        ([("A", "50", True), ("B", "50.0", True), ("C", "0", False)], "twice"),
        ([("A", "50", False), ("B", "0", True)], "better one fails"),
        ([(str(n), str(n), True) for n in range(41)], "at most 40"),
    ],
)
def test_impossible_keys_are_refused(rows: list[tuple[str, str, bool]], words: str) -> None:
    """The message says which row is wrong."""
    with pytest.raises(RuleError, match=words):
        checked_key(rows)


def test_key_as_people_type_it() -> None:
    """Out of order, with commas, percent signs, spaces and empty rows."""
    found = checked_key([("5.0", "0", False), ("", "", True), (" 1.0 ", "90,50 %", True)])

    assert found == (GradeStep("1.0", "90.5", passed=True), GradeStep("5.0", "0", passed=False))
    assert checked_key([("", "", False)]) == ()


def test_distribution_counts_each_grade() -> None:
    """In the key's order, with grades that nobody has; who has no total is left out."""
    totals = [with_share(share) for share in (Fraction(1), Fraction(1), Fraction(0), None)]

    found = distribution(GERMAN, totals)

    assert list(found) == [step.grade for step in GERMAN]
    assert {grade: count for grade, count in found.items() if count} == {"1.0": 2, "5.0": 1}


def send(world: World, what: str, **data: object) -> TestResponse:
    """Send a form of the page as the instructor."""
    client = world.client("instructor")
    return client.post(f"{PLACE}{what}", data={"csrf_token": token_of(client, PLACE), **data})


def key_form(*rows: tuple[str, str]) -> dict[str, object]:
    """Fields of a key whose last grade fails."""
    passes = [str(number) for number in range(len(rows) - 1)]
    return {"grade": [r[0] for r in rows], "from_percent": [r[1] for r in rows], "passes": passes}


def key_of(world: World) -> tuple[GradeStep, ...]:
    """The course's key."""
    with world.database.read() as session:
        return session.scalars(select(Course).where(Course.slug == "toy")).one().grade_key


def test_key_is_previewed_then_saved(toy: World) -> None:
    """The preview shows both distributions and saves nothing."""
    saved = key_form(("good", "60"), ("bad", "0"))
    assert send(toy, "key", **saved).status_code == 303
    changed = key_form(("good", "80"), ("bad", "0"))

    page = send(toy, "key", **changed, step="preview").text

    assert "Nothing has been saved yet" in page
    assert "Current grade key" in page
    assert "Grade key below" in page
    assert [step.from_percent for step in key_of(toy)] == ["60", "0"]
    assert send(toy, "key", **changed).status_code == 303
    assert [step.from_percent for step in key_of(toy)] == ["80", "0"]


def test_a_wrong_key_is_shown_as_it_was_typed(toy: World) -> None:
    """With what is wrong; nothing is lost and nothing saved."""
    page = send(toy, "key", **key_form(("sehr gut", "9O"), ("bad", "0"))).text

    assert "“9O” is not a percentage" in page
    assert 'value="9O"' in page
    assert 'value="sehr gut"' in page
    assert key_of(toy) == ()


def test_grades_in_gradebook_and_files(toy: World) -> None:
    """By points or special; the file has final grades alone."""
    send(toy, "key", **key_form(("1.0", "60"), ("5.0", "0")))
    with toy.database.read() as session:
        six = session.scalars(select(Membership).join(User).where(User.name == "Six")).one().id
    answer = send(toy, "special", student=six, special="withdrawn", reason="A letter of 1 May.")
    assert answer.status_code == 303

    page = toy.client("grader").get("/courses/toy/staff/gradebook/").text
    rows = list(csv.DictReader(io.StringIO(send(toy, "export").data.decode("utf-8-sig"))))

    assert "Withdrawn" in page
    grades = {row["name"]: (row["grade"], row["passed"]) for row in rows}
    assert grades["One"] == ("1.0", "yes")
    assert grades["Six"] == ("withdrawn", "")
    assert grades["Five"] == ("", ""), "an answer waits for a person"
    with toy.database.read() as session:
        entry_of_log = session.query(AuditEntry).filter_by(action="special_grade.changed").one()
    assert entry_of_log.details["changed"] == {"special grade": ["", "withdrawn"]}


def test_special_grade_is_taken_back(toy: World) -> None:
    """And needs a reason when it is given."""
    with toy.database.read() as session:
        six = session.scalars(select(Membership).join(User).where(User.name == "Six")).one().id
    send(toy, "special", student=six, special="no_show", reason=" ")
    assert special_of(toy, six) is None
    send(toy, "special", student=six, special="no_show", reason="Not there.")
    assert special_of(toy, six) is SpecialGrade.NO_SHOW
    send(toy, "special", student=six)
    assert special_of(toy, six) is None


def special_of(world: World, number: int) -> SpecialGrade | None:
    """Return the special grade of a membership."""
    with world.database.read() as session:
        member = session.get(Membership, number)
        assert member is not None
        return member.special_grade


def test_student_sees_grade_and_key_but_no_reason(toy: World) -> None:
    """Of what they may see; the reason is for staff."""
    send(toy, "key", **key_form(("1.0", "60"), ("5.0", "0")))
    with toy.database.write.begin() as session:
        session.query(CourseAssignment).filter_by(name="toy").one().due_at = None
        student = session.scalars(select(User).where(User.email == "ada@example.org")).one()
        six = session.scalars(select(Membership).join(User).where(User.name == "Six")).one()
        six.user = student
        six.special_grade, six.special_grade_reason = SpecialGrade.NO_SHOW, "Overslept."

    page = toy.client("student").get("/courses/toy/").text

    assert "Grade: No show" in page
    assert "1.0: from 60 %" in page
    assert "Overslept" not in page


def test_others_change_nothing(toy: World) -> None:
    """A grader sees the page without its forms, a student not at all."""
    page = toy.client("grader").get(PLACE)
    assert page.status_code == 200
    assert "<form" not in page.text.partition("<main")[2]
    assert toy.client("student").get(PLACE).status_code == 404
