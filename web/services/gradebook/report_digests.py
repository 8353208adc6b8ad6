"""
What statistics need of a report: which tests passed, and which misconceptions were recognised.

Reports are large, and a class has hundreds, so what was read is kept. A result's report never
changes (a regrade adds another result), so what is kept never becomes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.report import StaffView
from autograder.verdict import Verdict
from web.models import Result
from web.services.gradebook.statistics import TestKey
from web.services.grading.results import read_view

_NOT_JUDGED: Final = frozenset({Verdict.PENDING, Verdict.INTERNAL})
_PORTION: Final = 200
_MOST_KEPT: Final = 20_000
# Tests of one assignment are the same in each of its reports.
_key: Final = lru_cache(maxsize=10_000)(TestKey)


@dataclass(frozen=True)
class Digest:
    """
    What is kept of a report.

    Args:
        passed: By test; tests that were not judged are absent.
        recognised: Question and title of each misconception.
    """

    passed: Mapping[TestKey, bool]
    recognised: Sequence[tuple[str, str]]


# By database: the numbers of results are its own.
_kept: Final[WeakKeyDictionary[Any, dict[int, Digest]]] = WeakKeyDictionary()


def digests(session: Session, result_ids: Sequence[int]) -> dict[int, Digest | None]:
    """Return what reports say, by the result's id; ``None`` for those that nobody can read."""
    kept = _kept.setdefault(session.get_bind(), {})
    found: dict[int, Digest | None] = {each: kept.get(each) for each in result_ids}
    for number, view in _views(session, [each for each in result_ids if found[each] is None]):
        if view is not None:
            found[number] = kept[number] = _digest(view)
    while len(kept) > _MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    return found


def _views(session: Session, result_ids: Sequence[int]) -> Iterator[tuple[int, StaffView | None]]:
    """Read reports, a portion at a time and without the notebooks: both are large."""
    for start in range(0, len(result_ids), _PORTION):
        rows = session.execute(
            select(Result.id, Result.staff_view).where(
                Result.id.in_(result_ids[start : start + _PORTION])
            )
        )
        yield from ((number, read_view(StaffView, view)) for number, view in rows)


def _digest(view: StaffView) -> Digest:
    passed = {
        _key(question.id, test.id, test.title, test.visible): test.verdict is Verdict.PASSED
        for question in view.questions
        for test in question.tests
        if test.verdict not in _NOT_JUDGED
    }
    recognised = [
        (question.id, question.misconception)
        for question in view.questions
        if question.misconception
    ]
    return Digest(passed, recognised)
