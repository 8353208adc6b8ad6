"""Statistics: against numbers computed by hand for the class of `classroom.py`."""

from __future__ import annotations

import math
import statistics as library

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web import classroom
from tests.web.conftest import World
from web.models import CourseAssignment, SubmissionState, User
from web.services.gradebook import statistics
from web.services.gradebook.class_results import ClassStatistics, Which, class_statistics

PLACE = "/courses/toy/staff/assignments/toy/statistics"


def numbers_of(world: World, which: Which = Which.COUNTED) -> ClassStatistics:
    """The statistics of the class."""
    with world.database.read() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        return class_statistics(session, assignment, which)


def test_points_of_the_class(toy: World) -> None:
    """Totals 2.4, 2.4, 4.4, 6, 7: before penalties, with who has submitted."""
    with toy.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        six = session.query(User).filter_by(name="Six").one()
        submission = classroom.attempt(session, assignment, six, "", [0, 0])
        submission.state, submission.result_id = SubmissionState.FAILED, None
    numbers = numbers_of(toy)

    assert (numbers.submitted, numbers.graded, numbers.students) == (6, 5, 6)
    assert numbers.awaiting == 1
    assert not numbers.few
    assert numbers.summary == statistics.PointsSummary(5, pytest.approx(44.4), 24, 24, 44, 60, 70)
    assert [each.count for each in numbers.histogram] == [0, 0, 0, 2, 0, 1, 0, 1, 1, 0]


def test_questions_of_the_class(toy: World) -> None:
    """Mean share of the points, and Pearson's r with the other questions' points."""
    q1, q2, q3 = numbers_of(toy).questions

    # Shares 1, 1, .6, .6, .6 against rests 30, 20, 20, 0, 0.
    assert (q1.id, q1.count, q1.success) == ("q1", 5, pytest.approx(0.76))
    assert q1.discrimination == pytest.approx(8.8 / math.sqrt(0.192 * 720))
    assert (q2.count, q2.success) == (5, pytest.approx(0.2))
    # Shares 1, 1, .5, 0 against rests 50, 40, 34, 24: the one that awaits a person is left out.
    assert (q3.count, q3.success) == (4, pytest.approx(0.625))
    assert q3.discrimination == pytest.approx(14.5 / math.sqrt(0.6875 * 356))


def test_tests_of_the_class(toy: World) -> None:
    """Success rate and point-biserial correlation of each test with the other questions."""
    tests = {each.key.id: each for each in numbers_of(toy).tests}

    assert [tests[name].success for name in "abcde"] == [1, 0.4, 1, 0.4, 0]
    # Passed 1, 1, 0, 0, 0 against rests 30, 20, 20, 0, 0.
    assert tests["b"].discrimination == pytest.approx(22 / math.sqrt(1.2 * 720))
    # Passed 1, 0, 1, 0, 0 against rests 60, 60, 34, 24, 24.
    assert tests["d"].discrimination == pytest.approx(13.2 / math.sqrt(1.2 * 1347.2))
    assert [tests[name].discrimination for name in "ace"] == [None, None, None]


def test_useless_and_hopeless_tests_are_flagged(toy: World) -> None:
    """Test c passes everybody who lost points in q1, e passes nobody; b and d do their work."""
    tests = {each.key.id: each for each in numbers_of(toy).tests}

    assert [name for name in tests if tests[name].catches_nothing] == ["a", "c"]
    assert (tests["c"].losers, tests["c"].losers_failed) == (3, 0)
    assert [name for name in tests if tests[name].nobody_passes] == ["e"]


def test_test_that_nobody_could_catch_is_not_flagged() -> None:
    """Where nobody lost points there is no wrong answer that a test could have failed."""
    key = statistics.TestKey("q1", "t", "A test", public=False)
    right = statistics.Attempt({"q1": 40}, {"q1": 40}, {"q1": 40}, {key: True})
    (found,) = statistics.test_statistics([right, right, right])

    assert (found.losers, found.catches_nothing, found.nobody_passes) == (0, False, False)


def test_first_attempts_are_other_attempts(toy: World) -> None:
    """Four failed c at first, so that c is not useless among first attempts."""
    numbers = numbers_of(toy, Which.FIRST)
    tests = {each.key.id: each for each in numbers.tests}

    assert numbers.summary is not None
    assert numbers.summary.lowest == 8
    assert (tests["c"].losers, tests["c"].losers_failed) == (3, 1)
    assert not tests["c"].catches_nothing


def test_misconceptions_are_counted_by_attempts_and_students(toy: World) -> None:
    """Four made the mistake twice, Five once."""
    (only,) = numbers_of(toy).misconceptions

    assert (only.question, only.title) == ("q1", classroom.MISTAKE)
    assert (only.attempts, only.students) == (3, 2)


def test_page_says_it_in_words_and_pictures(toy: World) -> None:
    """Each picture has a name and a description, and its numbers stand in a table too."""
    page = toy.client("grader").get(PLACE).text

    assert page.count('role="img"') == 2
    assert page.count("<title id=") == page.count("<desc id=") == 2
    assert "5 of 6 students" in page
    assert "2.4 to 6 points" in page
    assert "Test c" in page
    assert "Caught no mistake" in page
    assert "Nobody passes it" in page
    assert classroom.MISTAKE in page
    assert "Few attempts" not in page
    assert len(page) < 100_000


def test_small_class_is_warned_of(toy: World) -> None:
    """With one attempt numbers mean little; with nobody the page says what to do."""
    client = toy.client("instructor")
    with toy.database.write.begin() as session:
        assignment = session.query(CourseAssignment).filter_by(name="toy").one()
        for member in assignment.course.memberships:
            member.active = member.role != "student" or member.user.name == "One"

    assert "Few attempts" in client.get(PLACE).text
    place = "/courses/dl/staff/assignments/xor/statistics"
    assert "No graded attempts yet" in client.get(place).text


@given(st.lists(st.integers(-20, 200), min_size=1, max_size=30))
def test_quartiles_agree_with_the_library(totals: list[int]) -> None:
    """Type 7 of Hyndman and Fan is what Python calls inclusive."""
    found = statistics.summary(totals)

    assert found is not None
    if len(totals) > 1:
        expected = library.quantiles(totals, n=4, method="inclusive")
        quartiles = [found.first_quartile, found.median, found.third_quartile]
        assert quartiles == pytest.approx(expected)


@given(st.lists(st.integers(-20, 200), max_size=30), st.integers(0, 150))
def test_histogram_counts_everybody_once(totals: list[int], most: int) -> None:
    """Points below 0 or above the maximum, which overrides can give, are counted at the ends."""
    bins = statistics.histogram(totals, most)

    assert sum(each.count for each in bins) == len(totals)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=12))
def test_correlation_is_defined_or_between_minus_one_and_one(
    pairs: list[tuple[bool, int]],
) -> None:
    """It never raises, whatever a class has done."""
    passed, rests = [float(each) for each, _ in pairs], [float(rest) for _, rest in pairs]

    r = statistics.correlation(passed, rests)
    assert r is None or -1.000001 <= r <= 1.000001
