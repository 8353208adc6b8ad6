"""Moments as people type them in a course's time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from web.services.errors import RuleError

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200


def parse_local(text: str, zone: ZoneInfo) -> datetime | None:
    """
    Read a local time, such as ``2026-10-25T02:30``.

    When clocks go back an hour exists twice: the first one is meant. When they go forward an hour
    is missing: the moment after the gap is meant.

    Returns:
        The moment in UTC; ``None`` for an empty text.

    Raises:
        RuleError: If it is no time, or none in which a course could be.
    """
    if not text.strip():
        return None
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RuleError(f"“{text[:40]}” is not a date and time.") from None
    # Time multipliers and grace reach further, and still stay within what a date can be.
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise RuleError(f"“{text[:40]}” is not between the years {FIRST_YEAR} and {LAST_YEAR}.")
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def format_local(moment: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment as a form's control takes it."""
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def note_on(text: str, zone: ZoneInfo) -> str:
    """
    Describe what was understood where clocks go back or forward; empty on any other moment.

    Args:
        text: A local time as it was typed; what is no time has no note.
        zone: The course's.
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return ""
    meant = first.astimezone(UTC).astimezone(zone)
    if meant.replace(tzinfo=None) == local:
        return (
            f"Clocks go back on {local:%-d %B %Y}: {local:%H:%M} occurs twice; the first one is "
            f"used ({meant:%H:%M %Z})."
        )
    return (
        f"Clocks go forward on {local:%-d %B %Y}: {local:%H:%M} does not exist, so {meant:%H:%M} "
        "is used."
    )
