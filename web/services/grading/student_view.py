"""What a student sees of a course at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from web.db import now
from web.models import (
    CountedAttempt,
    Course,
    CourseAssignment,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.assignments import course_assignments
from web.services.courses.deadlines import Lateness, Rules
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading import visible_marks
from web.services.grading.visible_marks import VisibleMark
from web.services.submissions.submitting import attempts_in
from web.services.visibility import Visibility, visibility_by


@dataclass(frozen=True)
class OwnLateDays:
    """
    A student's late days.

    Args:
        given: By the course, over all assignments.
        left: Of these.
        used: In one assignment.
        most: That the assignment lets be used.
    """

    given: int
    left: int
    used: int = 0
    most: int = 0


@dataclass(frozen=True)
class StudentAssignment:
    """
    An assignment as one student finds it.

    Args:
        assignment: Which.
        rules: That hold for this student.
        attempts: The newest first.
        marks: What attempts are worth, by their ids, as far as the student may see it.
        counted: The attempt that counts so far; ``None`` while it would give results away.
        visibility: What the student may see, and from when.
        results_visible: Whether hidden results and totals are shown: to the student, or in preview.
        late_days: What the student has; ``None`` where none can be used.
    """

    assignment: CourseAssignment
    rules: Rules
    attempts: Sequence[Submission]
    marks: Mapping[int, VisibleMark]
    counted: Submission | None
    visibility: Visibility
    results_visible: bool
    late_days: OwnLateDays | None = None

    @property
    def late_days_now(self) -> int:
        """How many late days a submission would use that comes now, beyond those used already."""
        used = self.late_days.used if self.late_days is not None else 0
        return max(0, self.rules.lateness(now()).free_days - used) if self.open else 0

    @property
    def closes_at(self) -> datetime | None:
        """The last moment at which a notebook is accepted."""
        return self.rules.closes_at

    def lateness(self, attempt: Submission) -> Lateness:
        """Return how late an attempt is by the rules as they stand now."""
        return self.rules.lateness_of(attempt)

    @property
    def open(self) -> bool:
        """Whether a notebook is accepted now."""
        if self.closes_at is not None and now() > self.closes_at:
            return False
        return self.attempts_left is None or self.attempts_left > 0

    @property
    def practice(self) -> bool:
        """Whether a notebook is accepted for practice now: after the student's own last moment."""
        over = self.closes_at is not None and now() > self.closes_at
        return over and self.assignment.practice

    @property
    def due_in_seconds(self) -> int | None:
        """How long it is till the deadline; ``None`` if there is none, or it is over."""
        if self.rules.due_at is None or self.rules.due_at <= now():
            return None
        return int((self.rules.due_at - now()).total_seconds())

    @property
    def accepts_late_work(self) -> bool:
        """Whether there is more than the grace between deadline and cut-off."""
        due_at, cutoff_at = self.rules.due_at, self.rules.cutoff_at
        return due_at is not None and (cutoff_at is None or cutoff_at > due_at)

    @property
    def attempts_used(self) -> int:
        """How many attempts are used; what we could not grade, and practice, cost none."""
        return sum(attempt.uses_attempt for attempt in self.attempts)

    @property
    def attempts_left(self) -> int | None:
        """How many attempts are left; ``None``: as many as they like."""
        if self.rules.max_attempts is None:
            return None
        return max(0, self.rules.max_attempts - self.attempts_used)

    @property
    def mark(self) -> VisibleMark | None:
        """The mark that counts so far; ``None`` if there is none to be seen."""
        return self.marks.get(self.counted.id) if self.counted is not None else None

    @property
    def points(self) -> int | None:
        """What counts so far after penalties, in tenths; ``None`` if there is none to be seen."""
        if self.mark is None or self.mark.damaged:
            return None
        return self.mark.final_tenths

    @property
    def state(self) -> str:
        """The state in a word: new, waiting, graded, problem, closed."""
        latest = self.attempts[0] if self.attempts else None
        if latest is None:
            return "new" if self.open else "closed"
        if latest.state in (SubmissionState.QUEUED, SubmissionState.RUNNING):
            return "waiting"
        if any(attempt.state is SubmissionState.GRADED for attempt in self.attempts):
            return "graded"
        return "problem"


def as_student(
    session: Session,
    user: User,
    assignment: CourseAssignment,
    *,
    preview: bool = False,
    at: datetime | None = None,
) -> StudentAssignment:
    """
    Return an assignment as one student finds it.

    Args:
        session: To read by.
        user: The student.
        assignment: Which.
        preview: Whether to show it as if all were released, for staff.
        at: At which moment results are visible or not; now by default.
    """
    return _views(session, user, [assignment], at=at or now(), preview=preview)[0]


def released(session: Session, user: User, course: Course) -> list[StudentAssignment]:
    """Return a course's released assignments as one student finds them."""
    at = now()
    assignments = [each for each in course_assignments(session, course) if each.is_released(at)]
    return _views(session, user, assignments, at=at)


def _views(
    session: Session,
    user: User,
    assignments: Sequence[CourseAssignment],
    *,
    at: datetime,
    preview: bool = False,
) -> list[StudentAssignment]:
    """Return assignments as one student finds them, from as many queries as for one."""
    book = rule_book(session, assignments, [user.id])
    rules = {each.id: book.rules(each, user.id) for each in assignments}
    visibilities = {each.id: visibility_by(each, rules[each.id], at) for each in assignments}
    attempts = attempts_in(session, user, assignments)
    graded = [
        attempt
        for some in attempts.values()
        for attempt in some
        if attempt.state is SubmissionState.GRADED
    ]
    if preview:
        marks = visible_marks.preview_marks(session, graded)
    else:
        marks = visible_marks.visible_marks_in(session, graded, visibilities, book)
    return [
        StudentAssignment(
            each,
            rules[each.id],
            attempts[each.id],
            own := {one.id: marks[one.id] for one in attempts[each.id] if one.id in marks},
            _counting(each.counted, attempts[each.id], own),
            visibilities[each.id],
            preview or visibilities[each.id].results,
            _late_days(book, each, user) if each.max_late_days else None,
        )
        for each in assignments
    ]


def late_days_in(session: Session, user: User, course: Course) -> OwnLateDays | None:
    """Return a student's late days in a course; ``None`` if it gives none."""
    if not course.late_days:
        return None
    assignments = course_assignments(session, course)
    return _late_days_in(rule_book(session, assignments, [user.id]), course, user)


def _late_days_in(book: RuleBook, course: Course, user: User) -> OwnLateDays | None:
    if not course.late_days:
        return None
    used = sum(each.used for each in book.late_days_in(course.id, user.id).values())
    return OwnLateDays(course.late_days, course.late_days - used)


def _late_days(book: RuleBook, assignment: CourseAssignment, user: User) -> OwnLateDays | None:
    found = _late_days_in(book, assignment.course, user)
    if found is None:
        return None
    here = book.late_days(assignment, user.id)
    return replace(found, used=here.used, most=assignment.max_late_days)


def _counting(
    rule: CountedAttempt, attempts: Sequence[Submission], marks: Mapping[int, VisibleMark]
) -> Submission | None:
    """Return which of these counts; while results are held back, the last one only is told."""
    graded = [
        attempt
        for attempt in attempts
        if attempt.state is SubmissionState.GRADED and not attempt.practice
    ]
    if rule is CountedAttempt.LAST:
        return max(graded, key=lambda attempt: attempt.number, default=None)
    known = [marks[attempt.id] for attempt in graded if attempt.id in marks]
    best = visible_marks.counted_so_far(rule, known)
    return next((each for each in graded if best and each.id == best.submission.id), None)
