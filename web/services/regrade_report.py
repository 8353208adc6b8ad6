"""What a regrade would change: counts, by question, and as a table to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from web.services.regrades import Change


@dataclass(frozen=True)
class Tally:
    """
    How many go up, down, or stay.

    Args:
        name: Of what: a question's id, or empty for whole submissions.
        up: How many gain points.
        down: How many lose points.
        same: How many keep theirs.
        tenths: By how much in sum, in tenths.
    """

    name: str
    up: int
    down: int
    same: int
    tenths: int

    @property
    def mean(self) -> float:
        """By how many points in the mean."""
        count = self.up + self.down + self.same
        return self.tenths / 10 / count if count else 0.0


@dataclass(frozen=True)
class ChangeReport:
    """
    What a regrade would change.

    Args:
        total: Of whole submissions.
        questions: By question, in the notebook's order.
    """

    total: Tally
    questions: tuple[Tally, ...]


def summary(changes: Sequence[Change]) -> ChangeReport:
    """Count what goes up, down, or stays."""
    differences: dict[str, list[int]] = {}
    for change in changes:
        for question in change.questions:
            differences.setdefault(question.id, []).append(question.difference)
    return ChangeReport(
        _tally("", [change.difference for change in changes]),
        tuple(_tally(name, found) for name, found in differences.items()),
    )


def differences_csv(changes: Sequence[Change]) -> str:
    """Write the differences as CSV: one line a submission, points before and after by question."""
    names = list(dict.fromkeys(each.id for change in changes for each in change.questions))
    lines = io.StringIO()
    writer = csv.writer(lines)
    heads = [f"{name} {when}" for name in names for when in ("before", "after")]
    writer.writerow(["name", "email", "attempt", "before", "after", "difference", *heads])
    for change in changes:
        writer.writerow(_line(change, names))
    return lines.getvalue()


def _tally(name: str, differences: list[int]) -> Tally:
    up = sum(each > 0 for each in differences)
    down = sum(each < 0 for each in differences)
    return Tally(name, up, down, len(differences) - up - down, sum(differences))


def _line(change: Change, names: Sequence[str]) -> list[str]:
    user = change.submission.user
    by_name = {each.id: each for each in change.questions}
    cells = [
        _points(value)
        for name in names
        for value in ((by_name[name].before, by_name[name].after) if name in by_name else ("", ""))
    ]
    totals = (change.before.final_tenths, change.after.final_tenths, change.difference)
    # Untrusted: a name or address that begins like a formula must stay text in a spreadsheet.
    people = [_disarmed(user.name), _disarmed(user.email)]
    return [*people, str(change.submission.number), *map(_points, totals), *cells]


def _points(tenths: int | str | None) -> str:
    return f"{tenths / 10:g}" if isinstance(tenths, int) else ""


def _disarmed(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
