"""Answers that can be graded together: blank ones, and those that say the same, or nearly."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import AnswerText, Result, Snapshot
from web.services.courses import snapshots
from web.services.grading import alike
from web.services.grading.decisions import portions
from web.services.grading.written_answers import QueuedAnswer, written_question

_FEWEST: Final = 2
_MOST_KNOWN: Final = 64
_BLANK: Final = -1


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
    """

    kind: GroupKind
    answers: tuple[QueuedAnswer, ...]

    @property
    def public_id(self) -> str:
        """Of the submission whose answer stands for all."""
        return self.answers[0].submission.public_id


@dataclass(frozen=True)
class _Written:
    """An answer whose text is kept, by its hash, and the version of the question it answers."""

    answer: QueuedAnswer
    hash: str
    snapshot: Snapshot
    question_hash: str

    @property
    def key(self) -> _Key:
        """What decides where it belongs; by the version's notebook it may be blank."""
        return self.hash, self.snapshot.id


@dataclass(frozen=True)
class _Place:
    """The number of the cluster to which an answer belongs, or `_BLANK`; and its text."""

    cluster: int
    text: str


_Key = tuple[str, int]
_Places = Mapping[_Key, _Place]


class AnswerGroups:
    """
    Which answers are alike, remembered by what they say.

    They are compared again when there is another one. Those that are graded are compared, too: so
    nothing changes from one grade to the next.

    Args:
        folder: Where snapshots are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, frozenset[_Key]], _Places] = {}

    def of(self, session: Session, answers: Sequence[QueuedAnswer]) -> list[AnswerGroup]:
        """
        Return the groups among the ungraded answers to a question: blank ones, then the largest.

        Only answers to the same version of the question are in one group.

        Args:
            session: To read by.
            answers: The question's queue.
        """
        by_version: dict[str, list[_Written]] = {}
        for each in _written(session, answers):
            by_version.setdefault(each.question_hash, []).append(each)
        found = [
            group
            for question_hash, written in by_version.items()
            for group in _ungraded(written, self._places(session, question_hash, written))
        ]
        return sorted(
            found, key=lambda group: (group.kind is not GroupKind.BLANK, -len(group.answers))
        )

    def _places(self, session: Session, question_hash: str, written: Sequence[_Written]) -> _Places:
        key = question_hash, frozenset(each.key for each in written)
        places = self._known.pop(key, None)
        if places is None:
            places = _compared(session, self._folder, written)
        self._known[key] = places
        while len(self._known) > _MOST_KNOWN:
            self._known.pop(next(iter(self._known)), None)
        return places


def group_of(groups: Sequence[AnswerGroup], public_id: str) -> AnswerGroup | None:
    """Return the group that a submission's answer is in, if it is in one."""
    for group in groups:
        if any(each.submission.public_id == public_id for each in group.answers):
            return group
    return None


def differences(session: Session, group: AnswerGroup) -> list[Sequence[alike.Piece]]:
    """Return each answer beside the group's first one, in pieces; none where both are the same."""
    if group.kind is not GroupKind.SIMILAR:
        return [() for _ in group.answers]
    cells = _cells(session, group.answers)
    texts = ["\n\n".join(cells.get(each.mark.result_id, ())) for each in group.answers]
    first = texts[0]
    found: dict[str, Sequence[alike.Piece]] = {first: ()}
    for text in texts:
        if text not in found:
            found[text] = alike.pieces(text, first)
    return [found[text] for text in texts]


def _ungraded(written: Iterable[_Written], places: _Places) -> list[AnswerGroup]:
    """Return the groups of those answers that nobody has graded."""
    members: dict[int, list[_Written]] = {}
    for each in written:
        if not each.answer.graded:
            members.setdefault(places[each.key].cluster, []).append(each)
    return [
        AnswerGroup(_kind(found, places), tuple(each.answer for each in found))
        for found in members.values()
        if len(found) >= _FEWEST
    ]


def _kind(members: Sequence[_Written], places: _Places) -> GroupKind:
    found = [places[each.key] for each in members]
    if found[0].cluster == _BLANK:
        return GroupKind.BLANK
    same = len({place.text for place in found}) == 1
    return GroupKind.IDENTICAL if same else GroupKind.SIMILAR


def _compared(session: Session, folder: Path, written: Sequence[_Written]) -> _Places:
    """Compare answers to one version of a question with each other."""
    one_of = {each.key: each for each in reversed(written)}
    cells = _cells(session, [each.answer for each in one_of.values()])
    versions = {each.snapshot.id: each.snapshot for each in written}
    given = {number: _given(folder, each) for number, each in versions.items()}
    places: dict[_Key, _Place] = {}
    texts: dict[_Key, str] = {}
    for key in dict.fromkeys(each.key for each in written):
        own = cells.get(one_of[key].answer.mark.result_id)
        if own is None:
            texts[key] = ""
        elif alike.is_blank(own, given[one_of[key].snapshot.id]):
            places[key] = _Place(_BLANK, "")
        else:
            # Where a cell ends makes a difference: a heading is none in the middle of a line.
            texts[key] = "\n".join(map(alike.normalised, own))
    clusters = alike.clusters({key: text for key, text in texts.items() if text})
    together = {key for cluster in clusters for key in cluster}
    clusters += [[key] for key in texts if key not in together]
    for number, cluster in enumerate(clusters):
        places |= {key: _Place(number, texts[key]) for key in cluster}
    return places


def _given(folder: Path, snapshot: Snapshot) -> frozenset[str]:
    return frozenset(map(alike.normalised, snapshots.given_texts(folder, snapshot)))


def _written(session: Session, answers: Sequence[QueuedAnswer]) -> list[_Written]:
    """Return the answers whose texts are kept, without their texts."""
    if not answers:
        return []
    question_id = answers[0].question.id
    kept: dict[int, int] = {}
    for some in portions([each.mark.result_id for each in answers]):
        rows = session.execute(
            select(Result.id, Result.snapshot_id)
            .join(AnswerText, AnswerText.result_id == Result.id)
            .where(Result.id.in_(some), AnswerText.question == question_id)
        )
        kept |= {row.id: row.snapshot_id for row in rows}
    versions = {each: session.get_one(Snapshot, each) for each in set(kept.values())}
    asked = {key: written_question(each, question_id) for key, each in versions.items()}
    hashes = {key: each.hash for key, each in asked.items() if each is not None}
    found = []
    for each in answers:
        snapshot_id = kept.get(each.mark.result_id)
        hashed = each.mark.answers.get(question_id)
        if hashed is not None and snapshot_id is not None and snapshot_id in hashes:
            snapshot = versions[snapshot_id]
            found.append(_Written(each, hashed, snapshot, hashes[snapshot_id]))
    return found


def _cells(session: Session, answers: Sequence[QueuedAnswer]) -> dict[int, list[str]]:
    """Return the texts of answers' cells, by the result; those of damaged rows are left out."""
    found: dict[int, list[str]] = {}
    for some in portions([each.mark.result_id for each in answers]):
        rows = session.execute(
            select(AnswerText.result_id, AnswerText.cells).where(
                AnswerText.result_id.in_(some), AnswerText.question == answers[0].question.id
            )
        )
        texts = {row.result_id: row.cells for row in rows}
        found |= {
            key: list(map(str, each)) for key, each in texts.items() if isinstance(each, list)
        }
    return found
