"""The questions of a version, and what graders choose from their rubrics; kept as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, TypeVar

_Plain = TypeVar("_Plain", int, str, bool)


def _checked(value: object, kind: type[_Plain]) -> _Plain:
    """
    Return a value that is exactly of this class, as a row that is not damaged holds it.

    Raises:
        ValueError: If it is another.
    """
    if type(value) is not kind:
        raise ValueError(f"{value!r:.60} is no {kind.__name__}")
    return value


@dataclass(frozen=True)
class SnapshotRubricItem:
    """
    What is worth points, or costs some, in an answer to a written question.

    Args:
        points_tenths: In tenths; may be negative.
        text: What it is for.
    """

    points_tenths: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"points": self.points_tenths, "text": self.text}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` returned; see `_checked` for what it raises."""
        return cls(_checked(data["points"], int), _checked(data["text"], str))


@dataclass(frozen=True)
class SnapshotQuestion:
    """
    A question of a version of an assignment.

    Args:
        id: Its id in the notebook.
        max_tenths: The points that it can give, in tenths.
        manual: Whether a person grades it.
        rubric: By which a person grades it; may be empty.
        prompt_hash: Of a written question's text; empty in versions that were imported earlier.
        changed_rubric: By which a person grades it in a course that changed the version's own;
            no part of the version.
    """

    id: str
    max_tenths: int
    manual: bool
    rubric: tuple[SnapshotRubricItem, ...] = ()
    prompt_hash: str = ""
    changed_rubric: tuple[SnapshotRubricItem, ...] | None = None

    @property
    def hash(self) -> str:
        """A hash of all that its version has for people: text, points, rubric."""
        return _hash_of(self)

    @property
    def current_rubric(self) -> tuple[SnapshotRubricItem, ...]:
        """By which a person grades it now."""
        return self.rubric if self.changed_rubric is None else self.changed_rubric

    @property
    def rubric_version(self) -> str:
        """What a form holds of the rubric that its page showed."""
        plain = json.dumps([item.as_json() for item in self.current_rubric], sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    def points_for(self, items: Sequence[SnapshotRubricItem | ChosenRubricItem]) -> int:
        """Return what items are worth together, in tenths: never less than 0 or more than all."""
        return min(max(sum(item.points_tenths for item in items), 0), self.max_tenths)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        plain = {
            "id": self.id,
            "points": self.max_tenths,
            "manual": self.manual,
            "rubric": [item.as_json() for item in self.rubric],
        }
        return plain | ({"prompt": self.prompt_hash} if self.prompt_hash else {})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` returned; see `_checked` for what it raises."""
        rubric = tuple(SnapshotRubricItem.from_json(item) for item in data["rubric"])
        return cls(
            _checked(data["id"], str),
            _checked(data["points"], int),
            _checked(data["manual"], bool),
            rubric,
            _checked(data.get("prompt", ""), str),
        )


@lru_cache(maxsize=1024)
def _hash_of(question: SnapshotQuestion) -> str:
    plain = json.dumps(question.as_json(), sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True)
class ChosenRubricItem:
    """
    A rubric's item that an answer met, as it read when the answer was graded.

    Args:
        index: Its place in the rubric, from 0.
        points_tenths: In tenths; may be negative.
        text: What it is for.
    """

    index: int
    points_tenths: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"index": self.index, "points": self.points_tenths, "text": self.text}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `as_json` returned; see `_checked` for what it raises."""
        return cls(
            _checked(data["index"], int), _checked(data["points"], int), _checked(data["text"], str)
        )
