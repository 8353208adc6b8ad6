"""What a regrade would change: counts, by question, and as a table to download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.services.csv_cells import disarmed, points, write_csv
from web.services.regrading.regrades import Change

_NONE: Final = (None, None)


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


def differences_csv(changes: Sequence[Change]) -> bytes:
    """Write the differences as CSV: one line a submission, points before and after by question."""
    names = list(dict.fromkeys(each.id for change in changes for each in change.questions))
    heads = [disarmed(f"{name} {when}") for name in names for when in ("before", "after")]
    header = ["name", "email", "attempt", "before", "after", "difference", *heads]
    return write_csv([header, *(_line(change, names) for change in changes)], mark=False)


def _tally(name: str, differences: list[int]) -> Tally:
    up = sum(each > 0 for each in differences)
    down = sum(each < 0 for each in differences)
    return Tally(name, up, down, len(differences) - up - down, sum(differences))


def _line(change: Change, names: Sequence[str]) -> list[str]:
    user = change.submission.user
    # Untrusted: a name or address that begins like a formula must stay text in a spreadsheet.
    people = [disarmed(user.name), disarmed(user.email)]
    totals = (change.before.final_tenths, change.after.final_tenths, change.difference)
    by_name = {each.id: each for each in change.questions}
    found = [by_name.get(name) for name in names]
    parts = [tenths for each in found for tenths in ((each.before, each.after) if each else _NONE)]
    cells = [("" if tenths is None else points(tenths)) for tenths in (*totals, *parts)]
    return [*people, str(change.submission.number), *cells]
