"""What the tests gave, as results hold it: read for a whole class at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from web.models import Result, Snapshot, SnapshotQuestion
from web.services.grading.decisions import portions
from web.services.grading.worth import QuestionMark, QuestionMarks

_Tenths = dict[str, int | None]


@dataclass(frozen=True)
class Part:
    """
    What a result says.

    Args:
        questions: In the notebook's order.
        tenths: What their tests gave; ``None`` if nobody can read it.
        by_tests: What they are worth where no person has decided anything.
    """

    questions: tuple[SnapshotQuestion, ...]
    tenths: _Tenths | None
    by_tests: QuestionMarks


def parts(session: Session, result_ids: Sequence[int]) -> dict[int, Part]:
    """Read what points are made of; the reports and notebooks are large and stay unread."""
    rows: list[Any] = []
    for some in portions(result_ids):
        # As text: much of a class has the same points, and each text is read once.
        columns = (Result.id, Result.snapshot_id, cast(Result.question_tenths, Text))
        rows += session.execute(select(*columns).where(Result.id.in_(some))).all()
    # Many results rest on few snapshots, whose questions are long: each is read and parsed once.
    snapshots = {snapshot_id for _, snapshot_id, _ in rows}
    known = select(Snapshot.id, Snapshot.questions).where(Snapshot.id.in_(snapshots))
    questions = {row.id: row.questions for row in session.execute(known)}
    shared: dict[tuple[int, str], Part] = {}
    found = {}
    for result_id, snapshot_id, text in rows:
        part = shared.get((snapshot_id, text))
        if part is None:
            part = shared[snapshot_id, text] = _part_of(questions[snapshot_id], text)
        found[result_id] = part
    return found


def _part_of(questions: tuple[SnapshotQuestion, ...], text: str) -> Part:
    # A version without questions is damaged, and so is all that rests on it.
    tenths = _readable(text) if questions else None
    known = tenths or {}
    by_tests = QuestionMarks(
        QuestionMark(each.id, each.max_tenths, each.manual, known.get(each.id))
        for each in questions
    )
    return Part(questions, tenths, by_tests)


def answer_hashes(session: Session, result_ids: Sequence[int]) -> dict[int, Mapping[str, str]]:
    """Return the hashes of results' answers by the question's id."""
    found: dict[int, Mapping[str, str]] = {}
    for some in portions(result_ids):
        query = select(Result.id, Result.answers).where(Result.id.in_(some))
        for result_id, answers in session.execute(query):
            found[result_id] = answers if isinstance(answers, dict) else {}
    return found


def _readable(text: str) -> _Tenths | None:
    """Return points by question as they are stored; ``None`` if a damaged row holds others."""
    try:
        tenths = json.loads(text)
    except ValueError:
        return None
    if not isinstance(tenths, dict):
        return None
    return tenths if all(type(each) in (int, type(None)) for each in tenths.values()) else None
