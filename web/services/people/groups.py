"""Sections and labels of a course's people, and people found by what staff paste or choose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from web.models import Membership
from web.services.errors import RuleError
from web.services.people.names import clean_text, normalised

LONGEST_SECTION: Final = 60
LONGEST_LABEL: Final = 40
MOST_LABELS: Final = 20
LONGEST_LIST: Final = 100_000
_BETWEEN: Final = re.compile(r"[,;\t]")
# As mail programs write whom a letter goes to.
_WITH_ADDRESS: Final = re.compile(r"[^<>]*<([^<>]+)>")


@dataclass(frozen=True)
class Groups:
    """
    In which groups of a course somebody is.

    Args:
        section: One, or none.
        labels: Any number.
    """

    section: str | None
    labels: tuple[str, ...]


def groups_of(membership: Membership) -> Groups:
    """Return in which groups somebody is."""
    return Groups(membership.section, membership.labels)


def parse_section(typed: str) -> str | None:
    """
    Read the name of a section; ``None`` for none.

    Raises:
        RuleError: If it is too long.
    """
    section = clean_text(typed)
    if len(section) > LONGEST_SECTION:
        raise RuleError(f"“{section[:60]}…” is too long for a section (max {LONGEST_SECTION}).")
    return section or None


def parse_labels(typed: str) -> tuple[str, ...]:
    """
    Read labels, with commas, semicolons or tabs between them; each is kept once.

    Raises:
        RuleError: If one is too long, or there are too many.
    """
    found = tuple(dict.fromkeys(_parts(typed)))
    for label in found:
        if len(label) > LONGEST_LABEL:
            raise RuleError(f"“{label[:60]}…” is too long for a label (max {LONGEST_LABEL}).")
    if len(found) > MOST_LABELS:
        raise RuleError(f"A person can have at most {MOST_LABELS} labels.")
    return found


def sections_of(members: Iterable[Membership]) -> list[str]:
    """Return the sections that people are in, by name."""
    return sorted({each.section for each in members if each.section})


def labels_of(members: Iterable[Membership]) -> list[str]:
    """Return the labels that people have, by name."""
    return sorted({label for each in members for label in each.labels})


def in_groups(
    members: Iterable[Membership], section: str = "", label: str = ""
) -> list[Membership]:
    """Return who is in a section and has a label; empty: whatever they are in or have."""
    return [
        each
        for each in members
        if (not section or each.section == section) and (not label or label in each.labels)
    ]


def named(members: Iterable[Membership], part: str) -> list[Membership]:
    """Return whose name, e-mail address or student number has a part; empty: everybody."""
    wanted = _folded(part)
    return [
        each
        for each in members
        if wanted in _folded(f"{each.user.name} {each.user.email} {each.user.student_number or ''}")
    ]


@dataclass(frozen=True)
class Found:
    """
    Who was meant by a list of people.

    Args:
        members: Whom it names, each once, in its order.
        unknown: What it names and nobody is.
        ambiguous: Names that several have.
    """

    members: Sequence[Membership]
    unknown: Sequence[str] = ()
    ambiguous: Sequence[str] = ()


def find(members: Iterable[Membership], typed: str) -> Found:
    """
    Find people by student number, e-mail address or name.

    A line names one person, as "Lovelace, Ada" does, or several with commas or semicolons between
    them; of a spreadsheet's row, one cell that names somebody is enough.

    Args:
        members: Among whom.
        typed: The list.

    Raises:
        RuleError: If it is too long.
    """
    # Untrusted: whatever was pasted; it is only compared.
    if len(typed) > LONGEST_LIST:
        raise RuleError("The list of students is too long. Paste at most a few thousand.")
    names = _Names(members)
    found: dict[int, Membership] = {}
    unknown: list[str] = []
    ambiguous: list[str] = []
    for wanted in _wanted(names, typed):
        several = [each for each in (names.meant(word) for word in wanted) if each]
        sure = next((each[0] for each in several if len(each) == 1), None)
        if sure is not None:
            found[sure.id] = sure
        else:
            (ambiguous if several else unknown).append(" ".join(wanted))
    return Found(list(found.values()), tuple(unknown), tuple(ambiguous))


def _wanted(names: _Names, typed: str) -> Iterator[Sequence[str]]:
    """Return for each person of a list what may say who it is."""
    for line in typed.splitlines():
        whole = clean_text(line)
        if whole and names.meant(whole):
            yield (whole,)
        elif "\t" in line:
            if cells := _parts(line):
                yield cells
        else:
            yield from ((part,) for part in _parts(line))


def _parts(typed: str) -> list[str]:
    return [part for part in map(clean_text, _BETWEEN.split(typed)) if part]


class _Names:
    """People by all that names them."""

    def __init__(self, members: Iterable[Membership]) -> None:
        self._by_name: dict[str, list[Membership]] = {}
        self._by_key: dict[str, list[Membership]] = {}
        for each in members:
            self._by_name.setdefault(_folded(each.user.name), []).append(each)
            for key in {each.user.email, _folded(each.user.student_number or "")} - {""}:
                self._by_key[key] = [each]

    def meant(self, word: str) -> Sequence[Membership]:
        """Return whom a word may mean: one person by number or address, several by a name."""
        address = _WITH_ADDRESS.fullmatch(word)
        key = normalised(address[1] if address else word)
        last, comma, first = word.partition(",")
        turned = _folded(f"{first} {last}") if comma else ""
        by_key: Mapping[str, list[Membership]] = self._by_key
        return by_key.get(key) or self._by_name.get(_folded(word)) or self._by_name.get(turned, [])


def _folded(name: str) -> str:
    return clean_text(name).casefold()
