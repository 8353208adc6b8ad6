"""What changed since the attempt before: only what the student may read of both."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

from sqlalchemy import select

from autograder.report import QuestionResult, Report, TestResult
from autograder.verdict import Verdict
from tests.web.conftest import World, spaced
from tests.web.reports import finish, notebook
from tests.web.services.grading.test_marks import submit
from tests.web.services.submissions.test_queue import queue
from web.db import now
from web.models import CourseAssignment, Submission

PUBLIC, HIDDEN, MORE = "The worked number.", "Any shape.", "Negative inputs."


def attempt(world: World, q1: dict[str, bool], score: float, q2: float = 3) -> str:
    """Grade another attempt: which tests of question 1 pass, and the points of both."""
    (public_id,) = queue(world, "Student")
    tests = tuple(
        TestResult(
            title,
            "q1",
            title,
            Verdict.PASSED if passed else Verdict.FAILED,
            title == PUBLIC,
            Fraction(1),
        )
        for title, passed in q1.items()
    )
    verdict = Verdict.PASSED if all(q1.values()) else Verdict.FAILED
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission).filter_by(public_id=public_id)).one()
        content = submission.snapshot.content_hash
        questions = (
            QuestionResult("q1", Fraction(5), Fraction(str(score)), verdict, tests),
            QuestionResult("q2", Fraction(3), Fraction(str(q2)), Verdict.PASSED),
        )
        report = Report("xor", "XOR", content, "0" * 64, 1, questions, (), notebook())
        finish(session, submission, report)
    return public_id


def since(world: World, public_id: str, who: str = "student") -> str:
    """Return what a page says of the attempt before, as words; empty if nothing."""
    page = world.client(who).get(f"/submissions/{public_id}/").text
    part = page.partition('aria-labelledby="since"')[2].partition("</section>")[0]
    return spaced(re.sub("<[^>]*>", " ", part)).removeprefix("> ")


def test_points_and_tests_that_changed(world: World) -> None:
    """What passes now, what no longer does; what is as it was is not named."""
    attempt(world, {PUBLIC: True, HIDDEN: False, MORE: True}, 2)
    told = since(world, attempt(world, {PUBLIC: True, HIDDEN: True, MORE: False}, 3.5))

    assert told == (
        "Since attempt 1 5 → 6.5 points Question 1 : 2 → 3.5 points "
        f"Now passes {HIDDEN} No longer passes {MORE}"
    )


def test_the_first_attempt_has_nothing_before_it(world: World) -> None:
    """And neither has it once there is a second one."""
    first = attempt(world, {PUBLIC: True}, 5)
    attempt(world, {PUBLIC: False}, 0)

    assert not since(world, first)


def test_nothing_changed(world: World) -> None:
    """That is worth a sentence, too."""
    attempt(world, {PUBLIC: True}, 5)
    told = since(world, attempt(world, {PUBLIC: True}, 5))

    assert "The same tests pass as before." in told


def test_an_attempt_that_does_not_count_says_which_does(world: World) -> None:
    """Its points are not the assignment's, and nobody will grade its written answers."""
    with world.database.write.begin() as session:
        first, second = (submit(session, world, {"q1": score}).public_id for score in (5, 0))
    client = world.client("student")

    page = spaced(client.get(f"/submissions/{second}/").text)
    assert f'<a href="/submissions/{first}/">Attempt 1</a> counts, not this one.' in page
    page_of_first = client.get(f"/submissions/{first}/").text
    assert "counts, not this one" not in page_of_first
    for promise in ("will be graded manually", "A grader will read this answer"):
        assert promise in page_of_first
        assert promise not in page


def test_hidden_results_stay_hidden(world: World) -> None:
    """While they are held back only visible tests are compared, and no points are named."""
    attempt(world, {PUBLIC: False, HIDDEN: False}, 0)
    public_id = attempt(world, {PUBLIC: True, HIDDEN: True}, 5)
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().results_at = now() + timedelta(days=1)

    assert since(world, public_id) == f"Since attempt 1 Question 1 Now passes {PUBLIC}"


def test_tests_of_another_version_are_passed_over(world: World) -> None:
    """So are those that share a title: nobody knows which is which."""
    attempt(world, {PUBLIC: False, "An old one.": False}, 0)
    told = since(world, attempt(world, {PUBLIC: True, "A new one.": True}, 5))

    assert "old" not in told
    assert "new" not in told
    assert f"Now passes {PUBLIC}" in told
