"""What stands in the details of the activity log, in the words and units of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from web.models import AuditEntry

_NOTHING: Final = "\u2013"
# Of these actions such details are points, stored in tenths.
_WITH_TENTHS: Final = frozenset({"answer", "points", "second_marking"})
_TENTHS: Final = frozenset({"points", "before", "after", "first", "second"})
# What a detail is called where its name in the program says it badly, and its unit.
_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "release_at": ("visible from", ""),
    "due_at": ("deadline", ""),
    "cutoff_at": ("late submissions until", ""),
    "results_at": ("scores and hidden tests visible from", ""),
    "solution_at": ("solution visible from", ""),
    "requests_until": ("regrade requests until", ""),
    "grace_minutes": ("grace period", " min"),
    "late_percent_per_day": ("late penalty", " % per day"),
    "bonus_percent": ("bonus", " %"),
    "max_late_days": ("late days that can be used", ""),
    "max_attempts": ("attempts allowed", ""),
    "counted": ("counted attempt", ""),
    "is_bonus": ("counts as a bonus", ""),
    "may_drop": ("can be dropped", ""),
    "content_hash": ("version", ""),
}


@dataclass(frozen=True)
class LogFact:
    """
    A detail of an entry.

    Args:
        label: What it is.
        value: In words; of what changed, from what to what.
    """

    label: str
    value: str


def facts_of(entry: AuditEntry, written: Callable[[str], str]) -> list[LogFact]:
    """
    Return the details of an entry, in words.

    Args:
        entry: Of the log.
        written: Writes a text, such as a moment, as pages do.
    """
    tenths = entry.action.partition(".")[0] in _WITH_TENTHS
    return [
        LogFact(f"{prefix}{_label(name)[0]}", _value(name, value, written, tenths=tenths))
        for prefix, name, value in _flat(entry.details, "")
    ]


def _flat(details: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, Any]]:
    """Return details one by one; those in a group carry its name."""
    for name, value in details.items():
        if isinstance(value, Mapping):
            yield from _flat(value, "" if name == "changed" else f"{_label(name)[0]}: ")
        else:
            yield prefix, name, value


def _label(name: str) -> tuple[str, str]:
    return _LABELS.get(name) or (name.replace("_", " "), "")


def _value(name: str, value: Any, written: Callable[[str], str], *, tenths: bool) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        each = (_value(name, item, written, tenths=tenths) for item in value)
        return " → ".join(each) or _NOTHING
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if tenths and name in _TENTHS:
            return f"{value / 10:g} point{'' if value == 10 else 's'}"
        return f"{value:g}{_label(name)[1]}"
    return written(str(value))
