"""
The rules on time that hold for each student, as they stand, or as they would be.

Late days are a course's: each student has some, and each assignment lets some of them be used. They
go by the assignments' deadlines, the earlier first: what the latest attempt of one needs is used
there, if it has not been used before it, and the rest is left for the next. So they follow from the
rules and the moments of submission alone, and neither points nor people's decisions move them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from web.models import (
    Course,
    CourseAssignment,
    Extension,
    Membership,
    Submission,
    SubmissionState,
    User,
)
from web.services.courses.deadlines import MoreTime, Rules, Terms, rules_with

_FEW: Final = 100
_LAST: Final = datetime.max.replace(tzinfo=UTC)
# What cannot be graded is worth nothing, so no day is used for it.
_USING: Final = (SubmissionState.QUEUED, SubmissionState.RUNNING, SubmissionState.GRADED)


@dataclass(frozen=True)
class LateDays:
    """
    A student's late days in one assignment.

    Args:
        available: How many cost nothing here: what is left of the course's, and may be used.
        used: How many the latest attempt uses.
    """

    available: int = 0
    used: int = 0


_NO_DAYS: Final = LateDays()


@dataclass(frozen=True)
class RuleBook:
    """
    The rules for many students, from few queries.

    Args:
        extensions: By assignment and student.
        multipliers: By course and student, where they are not 1.
        terms: What assignments would say, by their ids, where that is not what is saved.
        budgets: How many late days each student has, by course, where there are any.
        sequences: The assignments for which they may be used, by course.
        latest: When the latest attempt came that can use some, by assignment and student.
    """

    extensions: Mapping[tuple[int, int], MoreTime]
    multipliers: Mapping[tuple[int, int], float]
    terms: Mapping[int, Terms] = field(default_factory=dict)
    budgets: Mapping[int, int] = field(default_factory=dict)
    sequences: Mapping[int, Sequence[CourseAssignment]] = field(default_factory=dict)
    latest: Mapping[tuple[int, int], datetime] = field(default_factory=dict)
    _known: dict[tuple[int, int], Mapping[int, LateDays]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _common: dict[int, Rules] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rules(self, assignment: CourseAssignment, user_id: int) -> Rules:
        """Return the rules for a student."""
        rules = self._without_late_days(assignment, user_id)
        if not self.budgets or not self.budgets.get(assignment.course_id):
            return rules
        return replace(rules, late_days=self.late_days(assignment, user_id).available)

    def is_late(self, assignment: CourseAssignment, user_id: int, received_at: datetime) -> bool:
        """Return whether what came at a moment is late, whatever that costs."""
        terms = self._terms(assignment)
        # A multiplier makes a deadline later; most are in time, and need no more than this.
        if (assignment.id, user_id) not in self.extensions and (
            terms.due_at is None or received_at <= terms.due_at
        ):
            return False
        rules = self._without_late_days(assignment, user_id)
        return rules.lateness(received_at).seconds > 0

    def late_days(self, assignment: CourseAssignment, user_id: int) -> LateDays:
        """Return a student's late days in an assignment."""
        return self.late_days_in(assignment.course_id, user_id).get(assignment.id, _NO_DAYS)

    def late_days_in(self, course_id: int, user_id: int) -> Mapping[int, LateDays]:
        """Return a student's late days by assignment, where they may be used."""
        key = (course_id, user_id)
        if key not in self._known:
            self._known[key] = self._counted(course_id, user_id)
        return self._known[key]

    def with_terms(self, assignment: CourseAssignment, terms: Terms) -> RuleBook:
        """Return the rules if an assignment said something else."""
        others = [each for each in self._sequence(assignment.course_id) if each != assignment]
        sequences = {**self.sequences, assignment.course_id: [*others, assignment]}
        return replace(self, terms={**self.terms, assignment.id: terms}, sequences=sequences)

    def with_extensions(
        self, assignment: CourseAssignment, user_ids: Iterable[int], given: MoreTime | None
    ) -> RuleBook:
        """Return the rules if students had this extension; ``None``: if they had none."""
        keys = {(assignment.id, user_id) for user_id in user_ids}
        others = {key: each for key, each in self.extensions.items() if key not in keys}
        fresh = {} if given is None else dict.fromkeys(keys, given)
        return replace(self, extensions={**others, **fresh})

    def with_multiplier(self, member: Membership, multiplier: float) -> RuleBook:
        """Return the rules if a student had another time multiplier."""
        key = (member.course_id, member.user_id)
        return replace(self, multipliers={**self.multipliers, key: multiplier})

    def with_budget(self, course: Course, late_days: int) -> RuleBook:
        """Return the rules if a course gave its students other late days."""
        return replace(self, budgets={**self.budgets, course.id: late_days})

    def _without_late_days(self, assignment: CourseAssignment, user_id: int) -> Rules:
        number = assignment.id
        extension = self.extensions.get((number, user_id))
        multiplier = self.multipliers.get((assignment.course_id, user_id), 1.0)
        if extension is None and multiplier == 1.0:
            # A class is large, and nearly all of it has the same rules.
            common = self._common.get(number)
            if common is None:
                common = self._common[number] = rules_with(self._terms(assignment), None, None)
            return common
        return rules_with(self._terms(assignment), extension, multiplier)

    def _terms(self, assignment: CourseAssignment) -> Terms:
        return self.terms.get(assignment.id, assignment)

    def _sequence(self, course_id: int) -> Sequence[CourseAssignment]:
        return self.sequences.get(course_id, ())

    def _counted(self, course_id: int, user_id: int) -> dict[int, LateDays]:
        """Go through a course's assignments, and use what each needs."""
        left = self.budgets.get(course_id, 0)
        found = {}
        in_order = sorted(
            self._sequence(course_id),
            key=lambda each: (self._terms(each).due_at or _LAST, each.name),
        )
        for assignment in in_order:
            terms = self._terms(assignment)
            # Where being late costs nothing there is nothing to pay for.
            available = min(left, terms.max_late_days) if terms.late_percent_per_day else 0
            received_at = self.latest.get((assignment.id, user_id))
            used = 0
            if available and received_at is not None:
                rules = self._without_late_days(assignment, user_id)
                used = min(available, rules.lateness(received_at).days)
            found[assignment.id] = LateDays(available, used)
            left -= used
        return found


def rule_book(
    session: Session,
    assignments: Iterable[CourseAssignment],
    user_ids: Collection[int] | None = None,
    *,
    late_days: bool = False,
) -> RuleBook:
    """
    Read the rules of assignments.

    Args:
        session: To read by.
        assignments: Which.
        user_ids: For whom it will be asked; everybody by default.
        late_days: Whether to read what they follow from also where the course gives none.
    """
    assignments = list(assignments)
    courses = {each.course for each in assignments}
    wanted = {each.id for each in courses if late_days or each.late_days}
    sequences = _sequences(session, wanted)
    ids = {each.id for each in assignments} | {
        each.id for sequence in sequences.values() for each in sequence
    }
    few = None if user_ids is None or len(user_ids) > _FEW else list(user_ids)
    extensions = select(Extension).where(Extension.assignment_id.in_(ids))
    multipliers = select(
        Membership.course_id, Membership.user_id, Membership.time_multiplier
    ).where(
        Membership.course_id.in_({each.id for each in courses}), Membership.time_multiplier != 1.0
    )
    if few is not None:
        extensions = extensions.where(Extension.user_id.in_(few))
        multipliers = multipliers.where(Membership.user_id.in_(few))
    found = session.scalars(extensions.options(lazyload(Extension.user)))
    return RuleBook(
        {(each.assignment_id, each.user_id): each for each in found},
        {(row[0], row[1]): row[2] for row in session.execute(multipliers)},
        budgets={each.id: each.late_days for each in courses if each.late_days},
        sequences=sequences,
        latest=_latest(session, ids, few) if wanted else {},
    )


def rules_for(session: Session, assignment: CourseAssignment, user: User) -> Rules:
    """Return the rules for a student: the assignment's, with what is the student's own applied."""
    return rule_book(session, [assignment], [user.id]).rules(assignment, user.id)


def _sequences(
    session: Session, course_ids: Collection[int]
) -> Mapping[int, Sequence[CourseAssignment]]:
    """Return the assignments of courses for which late days may be used."""
    found: dict[int, list[CourseAssignment]] = {}
    if course_ids:
        query = select(CourseAssignment).where(
            CourseAssignment.course_id.in_(course_ids), CourseAssignment.max_late_days > 0
        )
        for each in session.scalars(query):
            found.setdefault(each.course_id, []).append(each)
    return found


def _latest(
    session: Session, assignment_ids: Collection[int], user_ids: Collection[int] | None
) -> dict[tuple[int, int], datetime]:
    query = (
        select(Submission.assignment_id, Submission.user_id, func.max(Submission.received_at))
        .where(
            Submission.assignment_id.in_(assignment_ids),
            Submission.practice.is_(False),
            Submission.state.in_(_USING),
        )
        .group_by(Submission.assignment_id, Submission.user_id)
    )
    if user_ids is not None:
        query = query.where(Submission.user_id.in_(user_ids))
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
