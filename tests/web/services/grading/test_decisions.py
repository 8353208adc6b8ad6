"""People's decisions belong to answers: an unchanged answer keeps them in a new attempt."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.reports import PROOF, graded
from tests.web.services.grading.test_marks import mark, person
from web.models import (
    CountedAttempt,
    CourseAssignment,
    ManualGrade,
    Snapshot,
    SnapshotRubricItem,
    Submission,
)
from web.services.gradebook.gradebook import own_grades
from web.services.grading import overrides, release, written_answers
from web.services.grading.visible_marks import visible_mark
from web.services.grading.written_answers import Entered


def attempt(session: Session, world: World, answer: str = PROOF, q1: float = 3) -> Submission:
    """An attempt of Student's, with 3 points by tests."""
    folder = world.settings.submissions
    return graded(session, folder, "Student", {"q1": q1}, answer=answer)


def grade(session: Session, submission: Submission, *items: int, version: int = 0) -> ManualGrade:
    """Grade its proof by the rubric."""
    entered = Entered(version, items)
    return written_answers.save(session, person(session, "Grader"), submission, "q7", entered)


def queued(session: Session, submission: Submission) -> list[bool]:
    """Whether the answers in the queue of the proof are graded."""
    answers = written_answers.queue(session, submission.assignment, "q7")
    return [each.graded for each in answers]


def other_rubric(session: Session, assignment: CourseAssignment) -> None:
    """Let new attempts be graded by a version whose rubric reads otherwise."""
    old = assignment.snapshot
    assignment.snapshot = Snapshot(
        name=old.name,
        content_hash="e" * 64,
        title=old.title,
        max_tenths=old.max_tenths,
        questions=tuple(
            replace(each, rubric=(SnapshotRubricItem(20, "All of it."),)) if each.manual else each
            for each in old.questions
        ),
    )
    session.flush()


def test_an_unchanged_answer_keeps_its_grade(world: World) -> None:
    """Also with other spaces at the ends of lines; another answer is read anew."""
    with world.database.write.begin() as session:
        grade(session, attempt(session, world), 0)
        same = attempt(session, world, PROOF.replace("\n", "  \n") + "\n\n")
        found = mark(session, same)
        in_queue = queued(session, same)
        other = attempt(session, world, PROOF + " So it is.")
        written = found.question("q7")

        assert written is not None and written.grade is not None
        assert found.complete and not written.outdated
        assert in_queue == [True]
        assert mark(session, other).awaiting == ("q7",)
        assert queued(session, other) == [False]


def test_another_student_s_same_answer_is_their_own(world: World) -> None:
    """A grade is for a person."""
    with world.database.write.begin() as session:
        grade(session, attempt(session, world), 0)
        other = graded(session, world.settings.submissions, "Other", {"q1": 1})
        assert mark(session, other).awaiting == ("q7",)


def test_what_was_released_stays_visible_in_a_new_attempt(world: World) -> None:
    """Nobody sees less than before because they submitted the same answer again."""
    with world.database.write.begin() as session:
        first = attempt(session, world)
        grade(session, first, 0, 1)
        overrides.set_points(session, person(session, "Grader"), first, "q2", 20, "Right.")
        actor = person(session, "Instructor")
        release.release(session, actor, first.assignment)
        session.flush()
        session.expire_all()
        first.assignment.counted = CountedAttempt.LAST
        before = visible_mark(session, first)
        second = attempt(session, world)
        after = visible_mark(session, second)
        own = own_grades(session, first.assignment.course, first.user)

        assert before is not None and after is not None and own is not None
        assert after.tenths == before.tenths == 30 + 20 + 15
        assert [entry.tenths for entry in own.entries] == [after.tenths]
        release.withdraw(session, actor, first.assignment)
        session.flush()
        session.expire_all()
        hidden = [visible_mark(session, each) for each in (first, second)]
    assert [each.awaiting for each in hidden if each is not None] == [("q7",)] * 2


def test_a_grade_that_is_changed_changes_for_the_answer(world: World) -> None:
    """Wherever it is changed, and nobody saves over a newer one unawares."""
    with world.database.write.begin() as session:
        first = attempt(session, world)
        version = grade(session, first, 0).version
        second = attempt(session, world)
        grade(session, second, 0, 1, version=version)

        assert mark(session, first).tenths == mark(session, second).tenths == 45
        assert len(session.scalars(select(ManualGrade)).all()) == 1


def test_a_change_of_points_is_taken_back_wherever_the_answer_stands(world: World) -> None:
    """It holds for the answer, and is found in each attempt that has it."""
    with world.database.write.begin() as session:
        grader = person(session, "Grader")
        first = attempt(session, world)
        overrides.set_points(session, grader, first, "q2", 10, "Half of it.")
        second = attempt(session, world)
        overrides.set_points(session, grader, second, "q2", 20, "All of it.")
        changed = [mark(session, each).tenths for each in (first, second)]
        overrides.remove(session, grader, second, "q2")
        session.flush()
        restored = [mark(session, each).tenths for each in (first, second)]

    assert (changed, restored) == ([50, 50], [30, 30])


def test_another_rubric_asks_to_look_again_and_takes_nothing_away(world: World) -> None:
    """Until somebody does, the earlier grade holds; the earlier attempt keeps it for good."""
    with world.database.write.begin() as session:
        first = attempt(session, world)
        earlier = grade(session, first, 0)
        other_rubric(session, first.assignment)
        second = attempt(session, world)
        before = mark(session, second).question("q7")
        waiting = queued(session, second)
        grade(session, second, 0, version=earlier.version)
        after = mark(session, second).question("q7")
        kept = mark(session, first).question("q7")

        assert before is not None and after is not None and kept is not None
        assert (before.tenths, before.outdated, waiting) == (earlier.points_tenths, True, [False])
        assert (after.tenths, after.outdated) == (20, False)
        assert queued(session, second) == [True]
        assert (kept.tenths, kept.outdated) == (earlier.points_tenths, False)


def test_an_older_grade_of_the_same_attempt_gives_way(world: World) -> None:
    """Two attempts have grades by an earlier rubric; the newer one is shown, each has its own."""
    with world.database.write.begin() as session:
        first = attempt(session, world, "A first proof.")
        grade(session, first, 0)
        second = attempt(session, world)
        latest = grade(session, second, 1)
        for each in session.scalars(select(ManualGrade)):
            assert second.result is not None and second.result.answers is not None
            each.question_hash, each.answer_hash = "0" * 64, second.result.answers["q7"]
        session.flush()
        assert first.result is not None and first.result.answers is not None
        first.result.answers = second.result.answers
        session.flush()
        before = mark(session, first).question("q7")
        grade(session, first, 0, 1, version=latest.version)
        after = mark(session, first).question("q7")

        assert before is not None and after is not None
        assert (before.grade is latest, before.outdated) == (True, True)
        assert (after.tenths, after.outdated) == (15, False)


def test_a_result_of_an_earlier_program_has_answers_as_well(world: World) -> None:
    """What is given for it now holds in a new attempt; a damaged one's grade stays where it is."""
    with world.database.write.begin() as session:
        for damaged in (False, True):
            answer = f"{PROOF} {damaged}"
            first = attempt(session, world, answer)
            assert first.result is not None
            first.result.answers = None
            first.result.notebook = "{" if damaged else first.result.notebook
            session.flush()
            grade(session, first, 0)
            second = attempt(session, world, answer)
            assert mark(session, first).complete
            assert mark(session, second).complete == (not damaged)


def test_a_version_s_question_knows_its_text(world: World) -> None:
    """A prompt that is changed is another question to those who grade."""
    with world.database.read() as session:
        questions = session.scalars(select(Snapshot)).one().questions
        (written,) = [each for each in questions if each.manual]

    assert len(written.prompt_hash) == 64
    assert written.hash != replace(written, prompt_hash="0" * 64).hash
    assert all(not each.prompt_hash for each in questions if not each.manual)
