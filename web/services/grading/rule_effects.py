"""What a change of rules does to marks, before it is saved: lateness is computed, never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from web.models import CountedAttempt, CourseAssignment, Membership, Submission, User
from web.services.courses.assignments import AssignmentRules, ExtensionTerms, course_assignments
from web.services.courses.deadlines import RuleBook, Rules, rule_book, rules_with
from web.services.grading.marks import Mark, counted_by_user, graded_marks


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


def effect_of_rules(
    session: Session, assignment: CourseAssignment, rules: AssignmentRules
) -> RuleEffect:
    """Return what new rules for everybody would do."""
    book = rule_book(session, [assignment])

    def after(user_id: int) -> Rules:
        extension = book.extensions.get((assignment.id, user_id))
        return rules_with(rules, extension, book.multiplier(assignment, user_id))

    return _effect(session, assignment, book, after, counted=rules.counted)


def effect_of_extension(
    session: Session, assignment: CourseAssignment, user: User, terms: ExtensionTerms | None
) -> RuleEffect:
    """Return what a student's new extension would do; ``None``: taking the present one back."""
    book = rule_book(session, [assignment])
    rules = rules_with(assignment, terms, book.multiplier(assignment, user.id))
    return _effect(session, assignment, book, _always(rules), user_id=user.id)


def effect_of_multiplier(session: Session, member: Membership, multiplier: float) -> RuleEffect:
    """Return what another time multiplier of a student's would do in all of a course."""
    assignments = course_assignments(session, member.course)
    book = rule_book(session, assignments)
    total = RuleEffect()
    for assignment in assignments:
        extension = book.extensions.get((assignment.id, member.user_id))
        rules = rules_with(assignment, extension, multiplier)
        effect = _effect(session, assignment, book, _always(rules), user_id=member.user_id)
        total = total.plus(effect)
    return total


def _effect(
    session: Session,
    assignment: CourseAssignment,
    book: RuleBook,
    after: Callable[[int], Rules],
    *,
    user_id: int | None = None,
    counted: CountedAttempt | None = None,
) -> RuleEffect:
    """
    Return what other rules would do.

    Args:
        session: To read by.
        assignment: In which assignment.
        book: The rules as they stand.
        after: The other ones, by the student's id.
        user_id: The only student whom they concern; everybody by default.
        counted: Which attempt would count; as it is by default.
    """
    query = select(Submission).where(Submission.assignment_id == assignment.id)
    if user_id is not None:
        query = query.where(Submission.user_id == user_id)
    no_longer = become = 0
    for each in session.scalars(query.options(lazyload("*"))):
        was = book.rules(assignment, each.user_id).lateness_of(each).seconds > 0
        is_late = after(each.user_id).lateness_of(each).seconds > 0
        no_longer += was and not is_late
        become += is_late and not was
    marks = graded_marks(session, assignment, None if user_id is None else [user_id])
    changed = [_with_rules(mark, after(mark.submission.user_id)) for mark in marks]
    old = counted_by_user(assignment.counted, marks)
    new = counted_by_user(counted or assignment.counted, changed)
    totals = sum(mark.final_tenths != new[number].final_tenths for number, mark in old.items())
    return RuleEffect(no_longer, become, totals)


def _always(rules: Rules) -> Callable[[int], Rules]:
    return lambda _: rules


def _with_rules(mark: Mark, rules: Rules) -> Mark:
    return replace(mark, lateness=rules.lateness_of(mark.submission))
