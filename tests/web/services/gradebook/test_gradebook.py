"""Gradebook: where students stand, totals, order, rules, and what each role sees."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from tests.web import classroom
from tests.web.conftest import World, token_of
from web.db import now
from web.models import (
    AuditEntry,
    Course,
    CourseAssignment,
    Membership,
    Role,
    Snapshot,
    Submission,
    User,
)
from web.services.gradebook import gradebook
from web.services.gradebook.gradebook import Gradebook
from web.services.gradebook.standing import Entry, Standing
from web.services.gradebook.totals import Total, TotalRules, total
from web.services.grading.marks import Mark
from web.services.grading.worth import QuestionMark, QuestionMarks

PLACE = "/courses/toy/staff/gradebook/"


def book_of(world: World) -> Gradebook:
    """The class's gradebook."""
    with world.database.read() as session:
        course = session.scalars(select(Course).where(Course.slug == "toy")).one()
        return gradebook.gradebook(session, course)


def test_where_everybody_stands(toy: World) -> None:
    """Points after penalties, and a state for each of the six."""
    found = {
        row.member.user.name: (row.entries[0].standing, row.entries[0].tenths)
        for row in book_of(toy).rows
    }

    assert found == {
        "One": (Standing.RELEASED, 70),
        "Two": (Standing.RELEASED, 54),
        "Three": (Standing.NOT_RELEASED, 44),
        classroom.DANGEROUS: (Standing.RELEASED, 24),
        "Five": (Standing.AWAITS_PERSON, 24),
        "Six": (Standing.NOT_SUBMITTED, 0),
    }


def test_open_assignment_gives_no_zero(toy: World) -> None:
    """Who may still submit, by an extension of time, has no points yet; the others have none."""
    with toy.database.write.begin() as session:
        six = session.scalars(select(Membership).join(User).where(User.name == "Six")).one()
        six.time_multiplier = 2.0

    rows = {row.member.user.name: row for row in book_of(toy).rows}
    assert rows["Six"].entries[0].standing is Standing.OPEN
    assert rows["Six"].total.share is None
    assert rows["One"].total.share == Fraction(70, 80)


def test_awaited_points_are_not_in_the_total(toy: World) -> None:
    """What a person has not graded yet is not settled, and the total says so."""
    rows = {row.member.user.name: row.total for row in book_of(toy).rows}

    assert rows["Five"] == Total(None, frozenset(), 0, 1)
    assert not rows["Five"].final
    assert rows["Six"] == Total(Fraction(0), frozenset(), 1, 1)


def entry(number: int, share: int | None, weight: float = 1.0, *, may_drop: bool = True) -> Entry:
    """A settled entry with so many percent; ``None``: still open."""
    assignment = CourseAssignment(
        id=number,
        weight=weight,
        may_drop=may_drop,
        late_percent_per_day=0.0,
        snapshot=Snapshot(max_tenths=100),
    )
    if share is None:
        return Entry(1, assignment, Standing.OPEN)
    submission = Submission(assignment=assignment)
    mark = Mark(submission, 1, QuestionMarks([QuestionMark("q1", 100, False, share)]))
    return Entry(1, assignment, Standing.RELEASED, mark)


@pytest.mark.parametrize(
    ("entries", "dropped_lowest", "share", "dropped"),
    [
        ([], 0, None, set()),
        ([entry(1, 50), entry(2, 100)], 0, Fraction(3, 4), set()),
        # Homework does not count, the exam does.
        ([entry(1, 0, 0.0), entry(2, 80)], 0, Fraction(4, 5), set()),
        ([entry(1, 0, 0.0), entry(2, 80)], 1, Fraction(4, 5), set()),
        ([entry(1, 50, 0.1), entry(2, 100, 0.3)], 0, Fraction(7, 8), set()),
        ([entry(1, 20), entry(2, 60), entry(3, 100)], 1, Fraction(4, 5), {1}),
        ([entry(1, 20), entry(2, 60), entry(3, 100)], 2, Fraction(1), {1, 2}),
        # One is always kept, and what is open is neither counted nor dropped.
        ([entry(1, 20), entry(2, 60), entry(3, None)], 5, Fraction(3, 5), {1}),
        # Only what may be dropped is.
        ([entry(1, 20, may_drop=False), entry(2, 60)], 1, Fraction(1, 5), {2}),
        # Among equal ones the heavier goes first, then the later.
        ([entry(1, 20, 1.0), entry(2, 20, 2.0), entry(3, 80)], 1, Fraction(1, 2), {2}),
        ([entry(1, 20), entry(2, 20), entry(3, 80)], 1, Fraction(1, 2), {2}),
    ],
)
def test_total_by_weights_without_the_lowest(
    entries: list[Entry], dropped_lowest: int, share: Fraction | None, dropped: set[int]
) -> None:
    """The weighted mean of the settled ones that are left."""
    found = total(entries, TotalRules(dropped_lowest))

    assert (found.share, found.dropped) == (share, dropped)


@given(
    st.lists(st.integers(0, 100), max_size=8),
    st.integers(0, 9),
)
def test_dropping_never_harms_where_weights_are_equal(
    shares: list[int], dropped_lowest: int
) -> None:
    """Without the lowest a total is as good or better, and stays between 0 and 1."""
    entries = [entry(number, share) for number, share in enumerate(shares)]

    plain = total(entries, TotalRules()).share
    dropped = total(entries, TotalRules(dropped_lowest)).share
    assert (plain is None) == (dropped is None)
    assert plain is None or dropped is None or 0 <= plain <= dropped <= 1


def test_order_by_any_column_and_who_has_nothing_comes_last(toy: World) -> None:
    """Both ways, those without points at the end; an unknown column means the name."""
    book = book_of(toy)

    def names(by: str, *, descending: bool = False) -> list[str]:
        rows = gradebook.sorted_rows(book, by, descending=descending)
        return [row.member.user.name for row in rows]

    by_name = [classroom.DANGEROUS, "Five", "One", "Six", "Three", "Two"]
    assert names("name") == names("'; DROP TABLE user") == by_name
    assert names("total", descending=True)[:2] == ["One", "Two"]
    assert names("total", descending=True)[-1] == names("total")[-1] == "Five"
    assert names("points-toy")[0] == "Six"


def test_page_shows_points_states_and_rules(toy: World) -> None:
    """What a grader sees; the forms that change or take away are the instructor's."""
    page = toy.client("grader").get(PLACE + "?sort=total&order=down").text

    for words in ("5.4", "late \u22120.6", "Not released", "Needs manual grading", "Not submitted"):
        assert words in page, words
    assert 'aria-sort="descending"' in page
    assert "87.5 %" in page
    assert "Save" not in page
    assert "Export" not in page
    page = toy.client("instructor").get(PLACE).text
    assert "Save" in page
    assert 'href="#exports"' in page and 'id="exports"' in page
    place, *_ = re.findall(r'href="([^"]*)#destination"', page)
    assert 'id="destination"' in toy.client("instructor").get(place).text


def test_anonymous_grading_hides_which_submission_is_whose(toy: World) -> None:
    """A grader finds no way from a name to a submission; the instructor does."""
    with toy.database.write.begin() as session:
        session.query(CourseAssignment).filter_by(name="toy").one().anonymous_grading = True

    assert 'href="/staff/submissions/' not in toy.client("grader").get(PLACE).text
    assert 'href="/staff/submissions/' in toy.client("instructor").get(PLACE).text


def test_points_of_anonymous_grading_stand_beside_no_name(toy: World) -> None:
    """Until they are released: a grader reads the same points beside labels where they grade."""
    with toy.database.write.begin() as session:
        session.query(CourseAssignment).filter_by(name="toy").one().anonymous_grading = True
    page = toy.client("grader").get(PLACE + "?sort=points-toy&order=down").text
    shown = toy.client("instructor").get(PLACE).text

    for points in ("5.4", "87.5 %"):  # its own, and in the total
        assert points in shown
        assert points not in page
    assert "Graded anonymously" in page
    assert ">Statistics</a>" in page
    assert "Graded anonymously" not in shown
    with toy.database.write.begin() as session:
        session.query(CourseAssignment).filter_by(name="toy").one().grades_released_at = now()
    assert "5.4" in toy.client("grader").get(PLACE).text


def test_rules_are_changed_and_written_down(toy: World) -> None:
    """Weight, what may be dropped and how many; an entry in the log says from what to what."""
    client = toy.client("instructor")
    data = {
        "csrf_token": token_of(client, PLACE),
        "weight-toy": "0,5",
        "may-drop-toy": "1",
        "dropped_lowest": "1",
        "bonus-toy": "1",
        "bonus_percent": "10",
    }

    assert client.post(PLACE + "rules", data=data).status_code == 303

    with toy.database.read() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        assert (assignment.weight, assignment.may_drop) == (0.5, True)
        assert assignment.course.dropped_lowest == 1
        entry = session.query(AuditEntry).filter_by(action="grade_rules.changed").one()
        assert entry.details["changed"] == {
            "dropped_lowest": [0, 1],
            "toy: weight": [1.0, 0.5],
            "toy: may be dropped": [False, True],
            "toy: counts as a bonus": [False, True],
            "bonus, percent": [0.0, 10.0],
            "bonus needs a pass": [True, False],
        }


@pytest.mark.parametrize(
    "change",
    [{"weight-toy": "-1"}, {"weight-toy": "x"}, {"dropped_lowest": "9"}, {"bonus_percent": "101"}],
)
def test_impossible_rules_are_refused(toy: World, change: dict[str, str]) -> None:
    """Negative weights, words, more than there is: nothing changes."""
    client = toy.client("instructor")
    data = {"csrf_token": token_of(client, PLACE), "weight-toy": "2", **change}

    client.post(PLACE + "rules", data=data)

    with toy.database.read() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        assert (assignment.weight, assignment.course.dropped_lowest) == (1.0, 0)


def test_student_sees_their_own_line_and_no_more_than_is_released(
    toy: World, hashed_password: str
) -> None:
    """What a person gave but has not released is not in it, and nobody else's name is."""
    with toy.database.write.begin() as session:
        three = session.scalars(select(User).where(User.name == "Three")).one()
        student = session.scalars(select(User).where(User.email == "ada@example.org")).one()
        member = session.scalars(select(Membership).where(Membership.user == three)).one()
        for submission in session.query(Submission).filter_by(user_id=three.id):
            submission.user_id = student.id
        member.user = student
    page = toy.client("student").get("/courses/toy/").text

    assert "My grades" in page
    assert "3.4 / 8" in page
    # Not any "4.4": a time's microseconds may hold it.
    assert "4.4 /" not in page
    assert "4.4</" not in page
    assert "Needs manual grading" in page
    assert "Two" not in page


def test_student_sees_no_points_before_results_are_visible(toy: World) -> None:
    """While results are held back, the line says so and holds no number."""
    with toy.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        assignment.results_at = now() + timedelta(days=1)
        one = session.scalars(select(User).where(User.name == "One")).one()
        row = gradebook.own_grades(session, assignment.course, one)

    assert row is not None
    assert (row.entries[0].standing, row.entries[0].tenths) == (Standing.NOT_RELEASED, None)
    assert row.total.share is None


def test_large_class_is_shown_in_pages(toy: World) -> None:
    """No page is over 100 kB, and each student is on one of them."""
    with toy.database.write.begin() as session:
        course = session.scalars(select(Course).where(Course.slug == "toy")).one()
        for number in range(120):
            user = User(email=f"many{number}@example.org", name=f"Many {number:03d}")
            session.add(Membership(user=user, course=course, role="student"))
    client = toy.client("instructor")
    pages = [client.get(f"{PLACE}?page={number}").text for number in (1, 2, 3)]

    assert all(len(page) < 100_000 for page in pages)
    assert sum(page.count(">Many ") for page in pages) == 120


def test_a_larger_class_asks_the_database_no_more_often(toy: World) -> None:
    """The page's statements do not grow with the class, and the questions are read once each."""
    client = toy.client("instructor")
    statements: list[str] = []
    client.get(PLACE)  # what waits behind the tabs is counted now, and kept for a while

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(toy.database.engine, "before_cursor_execute", note)
    client.get(PLACE)
    small = len(statements)
    with toy.database.write.begin() as session:
        assignment = session.scalars(
            select(CourseAssignment).where(CourseAssignment.name == "toy")
        ).one()
        for number in range(20):
            user = User(email=f"more{number}@example.org", name=f"More {number}")
            session.add(Membership(user=user, course=assignment.course, role=Role.STUDENT))
            session.flush()
            classroom.attempt(session, assignment, user, "abc", [40, 0], written=10)
    statements.clear()
    page = client.get(PLACE).text
    event.remove(toy.database.engine, "before_cursor_execute", note)

    assert "More 19" in page
    assert len(statements) == small
    assert not [each for each in statements if "FROM submission" in each and "snapshot.q" in each]
    assert not [each for each in statements if "FROM result" in each and "snapshot.q" in each]


def test_gradebook_without_weights_says_why_there_is_no_total(world: World) -> None:
    """A new course's assignments weigh nothing; the page leads to where they get weights."""
    page = "/courses/dl/staff/gradebook/"
    assert "No assignment has a weight yet" in world.client("instructor").get(page).text

    with world.database.write.begin() as session:
        session.query(CourseAssignment).one().weight = 1.0

    assert "No assignment has a weight yet" not in world.client("instructor").get(page).text
