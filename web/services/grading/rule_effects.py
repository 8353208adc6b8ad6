"""What a change of rules does to marks, before it is saved: lateness is computed, never stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, reduce

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import (
    CountedAttempt,
    Course,
    CourseAssignment,
    Membership,
    Submission,
    User,
)
from web.services.courses.assignments import AssignmentRules, ExtensionTerms, course_assignments
from web.services.courses.deadlines import Lateness, Rules
from web.services.courses.rule_book import RuleBook, rule_book
from web.services.grading.marks import Mark, counted_by_user, graded_marks
from web.services.visibility import visibility_by


@dataclass(frozen=True)
class RuleEffect:
    """
    What a change of rules does to marks.

    Args:
        no_longer_late: How many submissions that are late come to be in time.
        become_late: How many that are in time come to be late.
        totals: How many students' points in the assignment change.
    """

    no_longer_late: int = 0
    become_late: int = 0
    totals: int = 0

    @property
    def nothing(self) -> bool:
        """Whether marks stay as they are."""
        return self == RuleEffect()

    @property
    def token(self) -> str:
        """What a form holds that was shown this effect."""
        return f"{self.no_longer_late} {self.become_late} {self.totals}"

    def plus(self, other: RuleEffect) -> RuleEffect:
        """Return both effects as one."""
        return RuleEffect(
            self.no_longer_late + other.no_longer_late,
            self.become_late + other.become_late,
            self.totals + other.totals,
        )

    def as_details(self) -> dict[str, int]:
        """Return it for the activity log; empty if marks stay as they are."""
        return {} if self.nothing else dict(vars(self))


@dataclass(frozen=True)
class PointsChange:
    """
    How the points that count for a student in an assignment change, in tenths.

    Args:
        user_id: Whose.
        assignment: In which.
        before: As they are.
        after: As they would be.
    """

    user_id: int
    assignment: CourseAssignment
    before: int
    after: int


@dataclass(frozen=True)
class Effects:
    """
    What a change of rules does to marks, student by student.

    Args:
        by_user: For whom it does anything, by the student's id.
        changes: Whose points change.
    """

    by_user: Mapping[int, RuleEffect] = field(default_factory=dict)
    changes: Sequence[PointsChange] = ()

    @cached_property
    def total(self) -> RuleEffect:
        """What it does to everybody."""
        return reduce(RuleEffect.plus, self.by_user.values(), RuleEffect())

    def of(self, user_id: int) -> RuleEffect:
        """Return what it does to one student."""
        return self.by_user.get(user_id, RuleEffect())

    def plus(self, other: Effects) -> Effects:
        """Return both as one."""
        both = {*self.by_user, *other.by_user}
        return Effects(
            {user_id: self.of(user_id).plus(other.of(user_id)) for user_id in both},
            (*self.changes, *other.changes),
        )


def effect_of_rules(
    session: Session, assignment: CourseAssignment, rules: AssignmentRules
) -> RuleEffect:
    """Return what new rules for everybody would do."""
    book = rule_book(session, [assignment])
    changed = book.with_terms(assignment, rules)
    counted = {assignment.id: rules.counted}
    return _effects(session, [assignment], book, changed, counted=counted).total


def effect_of_extension(
    session: Session, assignment: CourseAssignment, user: User, terms: ExtensionTerms | None
) -> RuleEffect:
    """Return what a student's new extension would do; ``None``: taking the present one back."""
    return effects_of_extensions(session, assignment, [user.id], terms).total


def effects_of_extensions(
    session: Session,
    assignment: CourseAssignment,
    user_ids: Sequence[int],
    terms: ExtensionTerms | None,
) -> Effects:
    """Return what one extension for students would do; ``None``: taking theirs back."""
    book = rule_book(session, [assignment], user_ids)
    changed = book.with_extensions(assignment, user_ids, terms)
    return _effects(session, [assignment], book, changed, user_ids=user_ids)


def effect_of_multiplier(session: Session, member: Membership, multiplier: float) -> RuleEffect:
    """Return what another time multiplier would do, in all assignments of the course."""
    assignments = course_assignments(session, member.course)
    book = rule_book(session, assignments, [member.user_id])
    changed = book.with_multiplier(member, multiplier)
    return _effects(session, assignments, book, changed, user_ids=[member.user_id]).total


def effect_of_late_days(session: Session, course: Course, late_days: int) -> RuleEffect:
    """Return what another number of late days for each student would do."""
    assignments = course_assignments(session, course)
    book = rule_book(session, assignments, late_days=True)
    return _effects(session, assignments, book, book.with_budget(course, late_days)).total


def _effects(
    session: Session,
    assignments: Sequence[CourseAssignment],
    book: RuleBook,
    changed: RuleBook,
    *,
    user_ids: Sequence[int] | None = None,
    counted: Mapping[int, CountedAttempt] | None = None,
) -> Effects:
    """
    Return what other rules would do, also where late days are used that they spare or cost.

    Args:
        session: To read by.
        assignments: Whose rules change.
        book: The rules as they stand.
        changed: The other ones.
        user_ids: The only students whom they concern; everybody by default.
        counted: Which attempt would count, by assignment; as it is by default.
    """
    found = Effects()
    for assignment in assignments:
        rule = (counted or {}).get(assignment.id, assignment.counted)
        found = found.plus(_effects_in(session, assignment, book, changed, user_ids, rule))
    for assignment, their_ids in _with_other_late_days(assignments, book, changed, user_ids):
        rule = assignment.counted
        found = found.plus(_effects_in(session, assignment, book, changed, their_ids, rule))
    return found


def _with_other_late_days(
    assignments: Sequence[CourseAssignment],
    book: RuleBook,
    changed: RuleBook,
    user_ids: Sequence[int] | None,
) -> Iterator[tuple[CourseAssignment, list[int]]]:
    """Return further assignments in which other late days are left, and for whom."""
    known = {each.id for each in assignments}
    for sequence in changed.sequences.values():
        for assignment in sequence:
            if assignment.id in known:
                continue
            came = {user_id for number, user_id in book.latest if number == assignment.id}
            their_ids = [
                user_id
                for user_id in (came if user_ids is None else came.intersection(user_ids))
                if book.late_days(assignment, user_id) != changed.late_days(assignment, user_id)
            ]
            if their_ids:
                yield assignment, their_ids


def _effects_in(
    session: Session,
    assignment: CourseAssignment,
    book: RuleBook,
    changed: RuleBook,
    user_ids: Sequence[int] | None,
    counted: CountedAttempt,
) -> Effects:
    query = select(Submission.user_id, Submission.received_at).where(
        Submission.assignment_id == assignment.id, Submission.practice.is_(False)
    )
    if user_ids is not None:
        query = query.where(Submission.user_id.in_(user_ids))
    was, will_be = _lateness_by(book, assignment), _lateness_by(changed, assignment)
    by_user: dict[int, RuleEffect] = {}

    def note(user_id: int, effect: RuleEffect) -> None:
        by_user[user_id] = effect.plus(by_user.get(user_id, RuleEffect()))

    touched = set()
    for user_id, received_at in session.execute(query):
        before, after = was(user_id, received_at), will_be(user_id, received_at)
        if before != after:
            touched.add(user_id)
        if (before.seconds > 0) != (after.seconds > 0):
            became_late = after.seconds > 0
            note(user_id, RuleEffect(int(not became_late), int(became_late)))
    # Of the others nothing can change, unless another attempt is to count.
    theirs = sorted(touched) if counted is assignment.counted else user_ids
    marks = graded_marks(session, assignment, theirs, book)
    old = counted_by_user(assignment.counted, marks)
    fresh = [_with_lateness(mark, will_be) for mark in marks]
    new = counted_by_user(counted, fresh)
    changes = [
        PointsChange(user_id, assignment, mark.final_tenths, new[user_id].final_tenths)
        for user_id, mark in old.items()
        if mark.final_tenths != new[user_id].final_tenths
    ]
    for change in changes:
        note(change.user_id, RuleEffect(totals=1))
    return Effects(by_user, changes)


def _lateness_by(
    book: RuleBook, assignment: CourseAssignment
) -> Callable[[int, datetime], Lateness]:
    """Return how late who is at a moment; each student's rules are made once."""
    rules: dict[int, Rules] = {}

    def lateness(user_id: int, received_at: datetime) -> Lateness:
        if user_id not in rules:
            rules[user_id] = book.rules(assignment, user_id)
        return rules[user_id].lateness(received_at)

    return lateness


def _with_lateness(mark: Mark, lateness: Callable[[int, datetime], Lateness]) -> Mark:
    submission = mark.submission
    return replace(mark, lateness=lateness(submission.user_id, submission.received_at))


@dataclass(frozen=True)
class ExtendedStudent:
    """
    What an extension does for one student.

    Args:
        member: Who.
        before: The rules that hold for them.
        after: The rules that would hold.
        changes: How their points change, if they do: here, or where late days are used.
    """

    member: Membership
    before: Rules
    after: Rules
    changes: Sequence[PointsChange] = ()

    @property
    def is_earlier(self) -> bool:
        """Whether their deadline would come earlier than it does now."""
        before, after = self.before.due_at, self.after.due_at
        return after is not None and (before is None or after < before)


@dataclass(frozen=True)
class ExtensionPreview:
    """
    What an extension for students would do.

    Args:
        rows: Student by student.
        effects: On their marks.
        know_solution: The names of those who see the solution already.
    """

    rows: Sequence[ExtendedStudent]
    effects: Effects
    know_solution: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        """The students' names."""
        return [each.member.user.name for each in self.rows]


def preview_extensions(
    session: Session,
    assignment: CourseAssignment,
    students: Sequence[Membership],
    terms: ExtensionTerms,
) -> ExtensionPreview:
    """Return what an extension for students would do, before it is granted."""
    user_ids = [each.user_id for each in students]
    book = rule_book(session, [assignment], user_ids)
    changed = book.with_extensions(assignment, user_ids, terms)
    effects = _effects(session, [assignment], book, changed, user_ids=user_ids)
    changes: dict[int, list[PointsChange]] = {}
    for change in effects.changes:
        changes.setdefault(change.user_id, []).append(change)
    rows = [
        ExtendedStudent(
            each,
            book.rules(assignment, each.user_id),
            changed.rules(assignment, each.user_id),
            changes.get(each.user_id, ()),
        )
        for each in students
    ]
    know_solution = [
        each.member.user.name for each in rows if visibility_by(assignment, each.before).solution
    ]
    return ExtensionPreview(rows, effects, know_solution)
