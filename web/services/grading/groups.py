"""Answers that can be graded together: blank ones, and those that say the same, or nearly."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import AnswerText, Result, Snapshot
from web.services.courses import snapshots
from web.services.grading import alike
from web.services.grading.decisions import portions
from web.services.grading.written_answers import QueuedAnswer, written_question

_FEWEST: Final = 2


class GroupKind(enum.StrEnum):
    """What the answers of a group have in common."""

    BLANK = "blank"
    IDENTICAL = "identical"
    SIMILAR = "similar"

    @property
    def label(self) -> str:
        """Before the word "answers"."""
        return "nearly identical" if self is GroupKind.SIMILAR else self.value


@dataclass(frozen=True)
class AnswerGroup:
    """
    Ungraded answers to one question that are alike.

    Args:
        kind: What they have in common.
        answers: In the order of reading; at least two.
        texts: What they say, in their order.
    """

    kind: GroupKind
    answers: tuple[QueuedAnswer, ...]
    texts: tuple[str, ...]

    @property
    def public_id(self) -> str:
        """Of the submission whose answer stands for all."""
        return self.answers[0].submission.public_id

    @property
    def differences(self) -> list[Sequence[alike.Piece]]:
        """Each text beside the first one, in pieces; none where the two are the same."""
        first = self.texts[0]
        found: dict[str, Sequence[alike.Piece]] = {first: ()}
        for text in self.texts:
            if self.kind is GroupKind.SIMILAR and text not in found:
                found[text] = alike.pieces(text, first)
        return [found.get(text, ()) for text in self.texts]


@dataclass(frozen=True)
class _Written:
    """An answer with its cells' texts, and the version of the question that it answers."""

    answer: QueuedAnswer
    cells: Sequence[str]
    snapshot: Snapshot
    question_hash: str


def answer_groups(
    session: Session, folder: Path, answers: Sequence[QueuedAnswer]
) -> list[AnswerGroup]:
    """
    Return the groups among the ungraded answers to a question: blank ones, then the largest first.

    Only answers to the same version of the question are in one group.

    Args:
        session: To read by.
        folder: Where snapshots are kept.
        answers: The question's queue.
    """
    by_version: dict[str, list[_Written]] = {}
    for each in _written(session, [each for each in answers if not each.graded]):
        by_version.setdefault(each.question_hash, []).append(each)
    found = [group for written in by_version.values() for group in _of_version(folder, written)]
    return sorted(found, key=lambda group: (group.kind is not GroupKind.BLANK, -len(group.answers)))


def group_of(groups: Sequence[AnswerGroup], public_id: str) -> AnswerGroup | None:
    """Return the group that a submission's answer is in, if it is in one."""
    for group in groups:
        if any(each.submission.public_id == public_id for each in group.answers):
            return group
    return None


def _of_version(folder: Path, written: Sequence[_Written]) -> list[AnswerGroup]:
    versions = {each.snapshot.id: each.snapshot for each in written}
    given = {number: _given(folder, each) for number, each in versions.items()}
    blank: list[_Written] = []
    others: list[_Written] = []
    for each in written:
        is_blank = alike.is_blank(each.cells, given[each.snapshot.id])
        (blank if is_blank else others).append(each)
    groups = [_group(GroupKind.BLANK, blank)] if len(blank) >= _FEWEST else []
    texts = {number: _text(each) for number, each in enumerate(others)}
    for cluster in alike.clusters(texts):
        same = len({texts[number] for number in cluster}) == 1
        kind = GroupKind.IDENTICAL if same else GroupKind.SIMILAR
        groups.append(_group(kind, [others[number] for number in cluster]))
    return groups


def _given(folder: Path, snapshot: Snapshot) -> frozenset[str]:
    return frozenset(map(alike.normalised, snapshots.given_texts(folder, snapshot)))


def _group(kind: GroupKind, written: Sequence[_Written]) -> AnswerGroup:
    texts = tuple("\n\n".join(each.cells) for each in written)
    return AnswerGroup(kind, tuple(each.answer for each in written), texts)


def _text(written: _Written) -> str:
    # Where a cell ends makes a difference: a heading is none in the middle of a line.
    return "\n".join(map(alike.normalised, written.cells))


def _written(session: Session, answers: Sequence[QueuedAnswer]) -> list[_Written]:
    """Return the answers whose texts are kept."""
    by_result = {each.mark.result_id: each for each in answers}
    if not answers:
        return []
    question_id = answers[0].question.id
    rows: list[Any] = []
    for some in portions(list(by_result)):
        rows += session.execute(
            select(AnswerText.result_id, AnswerText.cells, Result.snapshot_id)
            .join(Result, AnswerText.result_id == Result.id)
            .where(AnswerText.result_id.in_(some), AnswerText.question == question_id)
        ).all()
    known = {row.result_id: row for row in rows if isinstance(row.cells, list)}
    found = []
    for number, answer in by_result.items():
        row = known.get(number)
        snapshot = None if row is None else session.get_one(Snapshot, row.snapshot_id)
        question = None if snapshot is None else written_question(snapshot, question_id)
        if row is not None and snapshot is not None and question is not None:
            found.append(_Written(answer, list(map(str, row.cells)), snapshot, question.hash))
    return found
