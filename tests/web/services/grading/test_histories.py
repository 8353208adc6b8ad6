"""
Marks after 200 made-up histories, checked after each step against a calculation of another style.

Attempts, faults, extensions before and after, multipliers, moved deadlines, late days that another
assignment of the course uses before or after, grades, overrides, releases and their withdrawal,
practice, results that are held back and the solution. Nobody is
ever shown less after a new upload of the same answers, and nothing that is held back can be told
from what is shown.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.web.conftest import World
from tests.web.reports import report
from tests.web.services.grading.ledger import DAY, HOUR, MAXIMA, Fact, Ledger
from web.db import now
from web.models import (
    CountedAttempt,
    Course,
    CourseAssignment,
    Extension,
    Membership,
    Role,
    Snapshot,
    SnapshotQuestion,
    Submission,
    SubmissionState,
    User,
)
from web.services.errors import RuleError
from web.services.gradebook import standing
from web.services.grading import marks, overrides, release, written_answers
from web.services.grading.student_view import as_student
from web.services.grading.visible_marks import visible_marks
from web.services.grading.written_answers import Entered
from web.services.submissions import submitting
from web.services.submissions.queue import SubmissionQueue
from web.services.visibility import visibility_for

HISTORIES, PER_TEST, STEPS = 200, 20, 12
QUESTIONS = tuple(
    SnapshotQuestion(name, tenths, manual=name == "q3") for name, tenths in MAXIMA.items()
)
# What changes no mark that a student may see while it is not released, or results are held back.
OF_STAFF = ("grade", "override")


class History:
    """One student in one assignment: the portal's rows, and the ledger beside them."""

    def __init__(self, session: Session, world: World, seed: int) -> None:
        self.chance = random.Random(f"history {seed}")
        self.session, self.world = session, world
        self.ledger = Ledger()
        self.zero = (now() - timedelta(days=60)).replace(microsecond=0, second=0)
        self.at = HOUR
        self.rows: list[Submission] = []
        self.staff = User(email=f"staff{seed}@example.org", name="Staff")
        self.student = User(email=f"student{seed}@example.org", name="Student")
        course = Course(slug=f"c{seed}", title="A course")
        self.member = Membership(user=self.student, course=course, role=Role.STUDENT)
        snapshot = Snapshot(
            name="toy", content_hash=f"{seed:064d}", title="Toy", max_tenths=80, questions=QUESTIONS
        )
        self.assignment = CourseAssignment(course=course, name="toy", snapshot=snapshot)
        # It comes first where both deadlines are one: the names decide then.
        self.first = CourseAssignment(course=course, name="earlier", snapshot=snapshot)
        session.add_all([self.staff, self.student, course, self.member, self.assignment])
        session.add(self.first)
        self.assignment.release_at = self.zero
        self.assignment.attempts_per_hour = None
        self.first.release_at = self.zero
        self.first.late_percent_per_day = 5
        self.extension: Extension | None = None
        pick = self.chance.choice
        self.rule("due", 6 * DAY)
        self.rule("cutoff", pick([None, 6 * DAY, 9 * DAY]))
        self.rule("grace", pick([0, 10, 90]))
        self.rule("penalty", pick([0, 10, 25]))
        self.rule("counted", pick(["best", "best", "last"]))
        self.rule("days", pick([0, 1, 3]))
        self.budget(pick([0, 2, 4]))
        self.rule("elsewhere due", pick([4, 6, 7]) * DAY)
        self.rule("elsewhere days", pick([1, 3]))
        self.rule("results", pick([None, None, 5 * DAY, 12 * DAY]))
        self.rule("solution", pick([None, 7 * DAY]))
        self.multiplier(pick([2, 2, 3, 4]))
        self.assignment.practice = self.chance.random() < 0.4
        session.flush()

    def moment(self, minutes: int | None) -> datetime | None:
        """A moment of the ledger's as the portal has it."""
        return None if minutes is None else self.zero + timedelta(minutes=minutes)

    def rule(self, name: str, value: Any) -> None:
        """Change one of the assignment's rules."""
        row = self.assignment
        if name in ("due", "cutoff", "results", "solution"):
            setattr(row, f"{name}_at", self.moment(value))
        elif name == "elsewhere due":
            self.first.due_at = self.moment(value)
        elif name == "elsewhere days":
            self.first.max_late_days = value
        elif name == "days":
            row.max_late_days = value
        elif name == "grace":
            row.grace_minutes = value
        elif name == "penalty":
            row.late_percent_per_day = value
        else:
            row.counted = CountedAttempt(value)
        self.ledger.note(name, value=value)

    def multiplier(self, halves: int) -> None:
        """Change the student's time multiplier."""
        self.member.time_multiplier = halves / 2
        self.ledger.note("halves", value=halves)

    def budget(self, days: int) -> None:
        """Change how many late days the course gives."""
        self.assignment.course.late_days = days
        self.ledger.note("budget", value=days)

    def next_step(self) -> str:
        """Choose what happens next."""
        steps = ["attempt"] * 5 + ["again"] * 4 + ["grade"] * 4 + ["override"] * 2
        steps += ["release"] * 2 + ["withdraw", "extend", "extend", "move", "stretch", "hide"]
        steps += ["elsewhere"] * 3 + ["give_days"]
        return self.chance.choice(steps)

    def take(self, name: str) -> None:
        """Let it happen, some hours later."""
        self.at += self.chance.randint(1, 40 * HOUR)
        getattr(self, name)()
        self.session.flush()
        self.session.expire_all()

    def attempt(self, code: int | None = None, text: int | None = None) -> None:
        """Submit, if that is allowed; one in six fails for a reason of ours."""
        code = self.chance.randint(1, 3) if code is None else code
        text = self.chance.randint(1, 3) if text is None else text
        at = self.moment(self.at)
        assert at is not None
        practice = self.ledger.is_practice(self.at)
        if practice and not self.assignment.practice:
            with pytest.raises(RuleError, match="closed"):
                submitting.check_may_submit(self.session, self.student, self.assignment, at)
            return
        row = submitting.submit(
            self.session,
            self.world.settings.submissions,
            self.student,
            self.assignment,
            "toy.ipynb",
            f"{code} {text}".encode(),
            at,
        )
        assert row.practice == practice
        scores = {"q1": [0, 24, 40][code - 1], "q2": [20, 10, 0][code - 1]}
        graded = self.chance.random() > 1 / 6
        self._finish(row, scores, code, text, graded=graded)
        self.rows.append(row)
        self.ledger.note(
            "attempt",
            number=row.number,
            at=self.at,
            code=code,
            text=text,
            scores=scores,
            graded=graded,
            practice=practice,
        )

    def _finish(
        self, row: Submission, scores: dict[str, int], code: int, text: int, *, graded: bool
    ) -> None:
        claim = SubmissionQueue().claim(self.session, "w", row.received_at)
        assert claim is not None
        assert claim.submission is row
        if not graded:
            row.end_lease(SubmissionState.FAILED)
            return
        points = {name: tenths / 10 for name, tenths in scores.items()}
        found = report(self.assignment.snapshot, points, f"Answer {text}")
        found.notebook.cells[0].source = f"a = {code}"
        notebook = json.dumps(found.notebook)
        assert SubmissionQueue().finish(self.session, claim, found, notebook)

    def again(self) -> None:
        """Submit the answers of an earlier attempt that was graded once more."""
        earlier = [each for each in self.ledger.attempts() if each["graded"]]
        if earlier:
            same = self.chance.choice(earlier)
            self.attempt(same["code"], same["text"])

    def _graded(self) -> Fact | None:
        graded = [each for each in self.ledger.attempts() if each["graded"]]
        return self.chance.choice(graded) if graded else None

    def grade(self) -> None:
        """A person grades a written answer, or grades it otherwise."""
        attempt = self._graded()
        if attempt is None:
            return
        row, tenths = self.rows[attempt["number"] - 1], self.chance.randint(0, 20)
        before = written_answers.grade_of(self.session, row, "q3")
        entered = Entered(0 if before is None else before.version, (), tenths, "So.")
        written_answers.save(self.session, self.staff, row, "q3", entered)
        self.ledger.note("grade", question="q3", number=attempt["number"], value=tenths)

    def override(self) -> None:
        """A member of staff changes the points of a question."""
        attempt = self._graded()
        if attempt is None:
            return
        question = self.chance.choice(list(MAXIMA))
        tenths = self.chance.randint(0, MAXIMA[question])
        row = self.rows[attempt["number"] - 1]
        overrides.set_points(self.session, self.staff, row, question, tenths, "So.")
        self.ledger.note("override", question=question, number=attempt["number"], value=tenths)

    def release(self) -> None:
        """Release what people gave, if anything is to be released."""
        try:
            release.release(self.session, self.staff, self.assignment)
        except RuleError:
            return
        self.ledger.note("release", attempts=[each["number"] for each in self.ledger.counting()])

    def withdraw(self) -> None:
        """Take a release back."""
        try:
            release.withdraw(self.session, self.staff, self.assignment)
        except RuleError:
            return
        self.ledger.note("withdraw")

    def extend(self) -> None:
        """Give an extension, change it, or take it back."""
        if self.extension is not None and self.chance.random() < 0.3:
            self.session.delete(self.extension)
            self.extension = None
            self.ledger.note("extension", value=None)
            return
        until = self.at + self.chance.randint(-4 * DAY, 3 * DAY)
        if self.extension is None:
            self.extension = Extension(
                assignment_id=self.assignment.id,
                user_id=self.student.id,
                created_by_id=self.staff.id,
            )
            self.session.add(self.extension)
        self.extension.due_at = self.moment(until)
        self.ledger.note("extension", value=until)

    def elsewhere(self) -> None:
        """Submit for the other assignment; what cannot be read, and practice, use no late day."""
        number = 1 + sum(fact["kind"].startswith("elsewhere,") for fact in self.ledger.facts)
        at = self.moment(self.at)
        assert at is not None
        fate = self.chance.choice(["graded", "graded", "running", "unusable", "failed", "practice"])
        state = SubmissionState.GRADED if fate == "practice" else SubmissionState(fate)
        row = Submission(
            assignment=self.first,
            user=self.student,
            snapshot_id=self.first.snapshot_id,
            number=number,
            file_name="toy.ipynb",
            sha256="",
            size_bytes=0,
            state=state,
            received_at=at,
            lease_until=at + timedelta(days=900),
            practice=fate == "practice",
        )
        self.session.add(row)
        self.ledger.note("elsewhere, all")
        if fate in ("graded", "running"):
            self.ledger.note("elsewhere", value=self.at)

    def give_days(self) -> None:
        """Change the course's late days, and how many may be used here."""
        self.budget(self.chance.randint(0, 5))
        self.rule("days", self.chance.randint(0, 4))

    def move(self) -> None:
        """Move the deadline."""
        self.rule("due", self.chance.randint(3, 9) * DAY)
        self.rule("cutoff", None)

    def stretch(self) -> None:
        """Change the multiplier."""
        self.multiplier(self.chance.choice([2, 3, 4]))

    def hide(self) -> None:
        """Show results at once, or hold them back."""
        self.rule("results", self.chance.choice([None, self.at + DAY]))

    def check(self) -> None:
        """Compare all that is known with the ledger."""
        at, ledger = self.moment(self.at), self.ledger
        seen = visibility_for(self.session, self.assignment, self.student, at)
        assert seen.results == ledger.results_visible(self.at)
        assert seen.solution == ledger.solution_visible(self.at)
        of_staff = marks.marks_of(self.session, self.rows)
        of_student = visible_marks(self.session, self.rows, seen)
        for row, fact in zip(self.rows, ledger.attempts(), strict=True):
            staff, own = of_staff.get(row.id), of_student.get(row.id)
            assert (staff is not None) == fact["graded"]
            assert (own is not None) == (fact["graded"] and seen.results)
            if staff is not None:
                self._compare(staff, fact, student=False)
            if own is not None:
                self._compare(own, fact, student=True)
        counted = marks.counted_marks(self.session, self.assignment).get(self.student.id)
        assert (None if counted is None else counted.final_tenths) == ledger.of_staff()
        assert self.shown() == ledger.shown(self.at)

    def _compare(self, mark: marks.Worth, fact: Fact, *, student: bool) -> None:
        points = {each.id: each.tenths for each in mark.questions}
        assert points == self.ledger.points(fact, student=student)
        assert mark.final_tenths == self.ledger.total(fact, student=student)
        assert mark.lateness.seconds == 60 * self.ledger.late_minutes(fact)

    def shown(self) -> int | None:
        """The points that the student's own grades show."""
        at = self.moment(self.at)
        view = as_student(self.session, self.member.user, self.assignment, at=at)
        mark = standing.entry_of(view, self.member.user_id).mark
        return None if mark is None else mark.final_tenths

    def everything_shown(self) -> list[Any]:
        """All that the student is told of points now."""
        at = self.moment(self.at)
        seen = visibility_for(self.session, self.assignment, self.student, at)
        own = visible_marks(self.session, self.rows, seen)
        parts = {
            number: [(each.id, each.tenths) for each in mark.questions]
            for number, mark in own.items()
        }
        return [self.shown(), parts]


def is_secret(history: History, fact: Fact) -> bool:
    """Whether what staff did just now is something that the student may not see."""
    ledger = history.ledger
    if not ledger.results_visible(history.at):
        return True
    about = ledger.attempts()[fact["number"] - 1]
    return fact["question"] == "q3" and not any(
        ledger.decided(each, "q3", student=True).get(fact["kind"]) is not None
        for each in ledger.attempts()
        if each["text"] == about["text"]
    )


@pytest.mark.sweep(2)
@pytest.mark.parametrize("portion", range(HISTORIES // PER_TEST))
def test_marks_of_histories(world: World, portion: int) -> None:
    """After each step all marks are as calculated, for staff and for the student."""
    compared = 0
    for seed in range(portion * PER_TEST, (portion + 1) * PER_TEST):
        with world.database.write.begin() as session:
            history = History(session, world, seed)
            for _ in range(STEPS):
                compared += follow(history)
    assert compared > PER_TEST


def follow(history: History) -> bool:
    """Take one step and check it; returns whether two views of the student were compared."""
    name, facts, minute = history.next_step(), len(history.ledger.facts), history.at
    before = history.everything_shown() if name in (*OF_STAFF, "again") else []
    history.take(name)
    history.check()
    fresh = history.ledger.facts[facts:]
    if not before or not fresh or not fresh[-1].get("graded", True):
        return False
    # What the hours alone change is not the step's doing.
    at, history.at = history.at, minute
    after = history.everything_shown()
    if name in OF_STAFF:
        compared = is_secret(history, fresh[-1])
        assert not compared or after == before
    else:
        compared = not_less(history, before[0], after[0])
    history.at = at
    return compared


def not_less(history: History, before: int | None, after: int | None) -> bool:
    """Compare what a student sees before and after the same answers were submitted again."""
    if before is None:
        return False
    fact = history.ledger.attempts()[-1]
    alike = [
        each
        for each in history.ledger.counting()
        if (each["code"], each["text"]) == (fact["code"], fact["text"])
    ]
    assert after is not None
    if history.ledger.latest("counted") == "best":
        assert after >= before
    points = [history.ledger.points(each, student=True) for each in alike]
    for question in MAXIMA:
        known = [each[question] or 0 for each in points]
        assert fact["practice"] or known[-1] >= max(known)
    return True
