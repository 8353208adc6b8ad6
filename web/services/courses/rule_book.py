"""The rules on time that hold for each student, as they stand, or as they would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from web.models import CourseAssignment, Extension, Membership, User
from web.services.courses.deadlines import MoreTime, Rules, Terms, rules_with


@dataclass(frozen=True)
class RuleBook:
    """
    The rules for many students, from few queries.

    Args:
        extensions: By assignment and student.
        multipliers: By course and student, where they are not 1.
        terms: What assignments would say, by their ids, where that is not what is saved.
    """

    extensions: Mapping[tuple[int, int], MoreTime]
    multipliers: Mapping[tuple[int, int], float]
    terms: Mapping[int, Terms] = field(default_factory=dict)

    def rules(self, assignment: CourseAssignment, user_id: int) -> Rules:
        """Return the rules for a student."""
        terms = self.terms.get(assignment.id, assignment)
        extension = self.extensions.get((assignment.id, user_id))
        multiplier = self.multipliers.get((assignment.course_id, user_id), 1.0)
        return rules_with(terms, extension, multiplier)

    def with_terms(self, assignment: CourseAssignment, terms: Terms) -> RuleBook:
        """Return the rules if an assignment said something else."""
        return replace(self, terms={**self.terms, assignment.id: terms})

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


def rule_book(session: Session, assignments: Iterable[CourseAssignment]) -> RuleBook:
    """Read the rules of assignments for everybody."""
    assignments = list(assignments)
    extensions = session.scalars(
        select(Extension)
        .where(Extension.assignment_id.in_({each.id for each in assignments}))
        .options(lazyload(Extension.user))
    )
    multipliers = session.execute(
        select(Membership.course_id, Membership.user_id, Membership.time_multiplier).where(
            Membership.course_id.in_({each.course_id for each in assignments}),
            Membership.time_multiplier != 1.0,
        )
    )
    return RuleBook(
        {(each.assignment_id, each.user_id): each for each in extensions},
        {(course_id, user_id): factor for course_id, user_id, factor in multipliers},
    )


def rules_for(session: Session, assignment: CourseAssignment, user: User) -> Rules:
    """Return the rules for a student: the assignment's, with extension and multiplier applied."""
    extension = session.scalar(
        select(Extension).where(
            Extension.assignment_id == assignment.id, Extension.user_id == user.id
        )
    )
    multiplier = session.scalar(
        select(Membership.time_multiplier).where(
            Membership.course_id == assignment.course_id, Membership.user_id == user.id
        )
    )
    return rules_with(assignment, extension, multiplier)
