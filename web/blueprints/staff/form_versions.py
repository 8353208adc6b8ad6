"""
What a form was filled in from, so that nobody saves over somebody else's change unawares.

A form that changes what is there holds, in ``version``, a mark of each value that its page showed.
When it comes back they are compared with what holds by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask import request

from web.services.errors import RuleError

FIELD: Final = "version"
_MARK_LENGTH: Final = 12


@dataclass(frozen=True)
class Shown:
    """
    A value that a form shows.

    Args:
        label: What it is called there.
        value: In words; empty for none.
    """

    label: str
    value: str


class ChangedMeanwhileError(RuleError):
    """Somebody else has changed what a form was filled in from; the text says what."""


def shown_value(value: object, zone: ZoneInfo) -> str:
    """Return a value in words: a moment in a course's time zone, a number, yes or no."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%-d %b %Y, %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown_columns(row: object, labels: Mapping[str, str], zone: ZoneInfo) -> dict[str, Shown]:
    """
    Return what a form shows that has a field for each of a row's columns.

    Args:
        row: What the form changes.
        labels: Of its fields, by the columns' names.
        zone: The course's.
    """
    return {
        name: Shown(label, shown_value(getattr(row, name), zone)) for name, label in labels.items()
    }


def version_of(fields: Mapping[str, Shown]) -> str:
    """Return what a form holds of the values that its page shows, by the fields' names."""
    return " ".join(f"{name}:{_mark(each.value)}" for name, each in fields.items() if each.value)


def refuse_outdated(fields: Mapping[str, Shown]) -> None:
    """
    Go on only if the request's form was filled in from the values that hold now.

    A request without a version, which is from none of our pages, asks for no comparison.

    Args:
        fields: What the form's page would show now, read inside the transaction that writes.

    Raises:
        ChangedMeanwhileError: If somebody else has changed one of them.
    """
    # Untrusted: it decides about nothing but whether its sender is warned.
    typed = request.form.get(FIELD)
    if typed is None:
        return
    seen = dict(part.partition(":")[::2] for part in typed.split())
    changed = [
        f"“{each.label}”, now {each.value or 'empty'}"
        for name, each in fields.items()
        if seen.get(name, _mark("")) != _mark(each.value)
    ]
    if changed:
        raise ChangedMeanwhileError(
            f"Nothing was saved: somebody else changed {'; '.join(changed)}. Check the "
            "current values, then save your changes again."
        )


def _mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:_MARK_LENGTH]
