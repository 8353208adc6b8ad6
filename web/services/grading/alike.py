"""Which texts say the same, or nearly: on these a grader decides once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, TypeVar

NEARLY: Final = 0.85
"""The part of all runs of three words that two texts share if they are nearly the same."""
FEWEST_WORDS: Final = 15
"""In shorter texts one other word may be another answer."""
MOST_TEXTS: Final = 500
"""How many different texts are compared with each other; a page waits for that."""
_RUN: Final = 3
_WORD: Final = re.compile(r"\w+|[^\w\s]")
_PART: Final = re.compile(r"\S+\s*|\s+")
_EMPTY: Final = frozenset("CZ")
Key = TypeVar("Key", bound=Hashable)
_Runs = frozenset[tuple[str, ...]]


def normalised(text: str) -> str:
    """Return a text of which spaces, ends of lines and invisible signs make no difference."""
    if text.isascii():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    signs = ("" if unicodedata.category(each) == "Cf" else each for each in composed)
    return " ".join("".join(signs).split())


def is_blank(cells: Sequence[str], given: Collection[str]) -> bool:
    """
    Return whether an answer holds nothing that its student wrote.

    Args:
        cells: Its cells' texts.
        given: Texts, as `normalised` returns them, of what everybody was given.
    """
    texts = [normalised(each) for each in cells]
    return all(text in given or not _is_visible(text) for text in texts)


def clusters(texts: Mapping[Key, str]) -> list[list[Key]]:
    """
    Put texts together that are the same, or nearly; those that stand alone are left out.

    All of a cluster are nearly the same as its first one, so that no chain of small differences
    leads to another answer.

    Args:
        texts: As `normalised` returns them, by what they belong to.
    """
    same: dict[str, list[Key]] = {}
    for key, text in texts.items():
        same.setdefault(text, []).append(key)
    first: list[tuple[_Runs, list[Key]]] = []
    with_run: dict[tuple[str, ...], list[int]] = {}
    for number, (text, keys) in enumerate(same.items()):
        runs = _runs(text) if number < MOST_TEXTS else frozenset()
        telling = _telling(runs)
        candidates = sorted({each for run in telling for each in with_run.get(run, ())})
        near = next((first[each][1] for each in candidates if _nearly(runs, first[each][0])), None)
        if near is not None:
            near += keys
            continue
        for run in telling:
            with_run.setdefault(run, []).append(len(first))
        first.append((runs, list(keys)))
    return [keys for _, keys in first if len(keys) > 1]


@dataclass(frozen=True)
class Piece:
    """
    A part of a text beside another.

    Args:
        kind: ``"equal"``, ``"insert"`` for what only this text has, ``"delete"`` for what it lacks.
        text: With its spaces.
    """

    kind: str
    text: str


def pieces(text: str, other: str) -> list[Piece]:
    """Return a text in pieces that say where it differs from another, word by word."""
    old, new = _PART.findall(other), _PART.findall(text)
    found = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("equal", "".join(new[c:d])))
            continue
        if b > a:
            found.append(Piece("delete", "".join(old[a:b])))
        if d > c:
            found.append(Piece("insert", "".join(new[c:d])))
    return found


def words(text: str) -> list[str]:
    """Return a text's words and other signs."""
    return _WORD.findall(text)


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(each)[0] not in _EMPTY for each in text)


def _telling(runs: _Runs) -> list[tuple[str, ...]]:
    """
    Return as many runs that one of them is among those of each text that is nearly the same.

    In one order of all runs, two sets that share so many cannot differ in all of their first ones
    (Chaudhuri, Ganti and Kaushik, "A primitive operator for similarity joins", ICDE 2006).
    """
    count = len(runs) - int(NEARLY * len(runs)) + 1
    return sorted(runs, key=lambda run: (hash(run), run))[:count] if runs else []


def _runs(text: str) -> _Runs:
    found = words(text)
    if len(found) < FEWEST_WORDS:
        return frozenset()
    return frozenset(zip(*(found[start:] for start in range(_RUN)), strict=False))


def _nearly(one: _Runs, other: _Runs) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if not smaller or smaller < NEARLY * larger:
        return False
    shared = len(one & other)
    return shared >= NEARLY * (smaller + larger - shared)
