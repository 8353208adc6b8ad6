"""Read a roster: CSV, as other systems export it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.services.csv_cells import parse_csv
from web.services.errors import RuleError
from web.services.people.groups import LONGEST_SECTION, parse_labels
from web.services.people.names import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    clean_text,
    is_address,
    normalised,
)

MAX_ROWS: Final = 5000
_LONGEST: Final = {"number": LONGEST_NUMBER, "section": LONGEST_SECTION}
_COLUMNS: Final = {
    "email": ("email", "e-mail", "email address", "mail", "e-mail-adresse"),
    "name": ("name", "full name", "student", "student name"),
    "first": ("first name", "firstname", "given name", "vorname"),
    "last": ("last name", "lastname", "surname", "family name", "nachname"),
    "number": ("student number", "student id", "sid", "id number", "matriculation number",
               "matrikelnummer", "number"),
    "section": ("section", "sections", "group", "gruppe", "tutorial", "tutorium"),
    "labels": ("labels", "label", "tags", "tag"),
}  # fmt: skip


@dataclass(frozen=True)
class RosterRow:
    """One person of a roster."""

    line: int
    email: str
    name: str
    student_number: str | None
    section: str | None
    labels: tuple[str, ...] = ()


def parse_roster(text: str) -> list[RosterRow]:
    """
    Read a roster: CSV with a header line, separated by commas, semicolons or tabs.

    Raises:
        RuleError: Names the line that is wrong.
    """
    # The header comes on top.
    rows = parse_csv(text.lstrip("\ufeff"), "The roster", MAX_ROWS + 1)
    if len(rows) > MAX_ROWS + 1:
        raise RuleError(f"The roster has more than {MAX_ROWS} lines.")
    if not rows:
        raise RuleError("The roster is empty.")
    columns = _columns(rows[0])
    if "email" not in columns and "number" not in columns:
        raise RuleError(
            "The first line of the roster must name the columns. “email” or “student number” is "
            "required; “name” (or “first name” and “last name”), “section” and “labels” "
            "are optional."
        )
    return [
        _row(columns, cells, line)
        for line, cells in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]


def _columns(header: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for number, title in enumerate(header):
        for column, names in _COLUMNS.items():
            if title.strip().lower() in names:
                columns.setdefault(column, number)
    return columns


def _row(columns: dict[str, int], cells: Sequence[str], line: int) -> RosterRow:
    def cell(column: str) -> str:
        number = columns.get(column)
        return clean_text(cells[number]) if number is not None and number < len(cells) else ""

    email = normalised(cell("email"))
    if email and not is_address(email):
        raise RuleError(f"Line {line}: “{email[:60]}” is not an e-mail address.")
    for column, longest in _LONGEST.items():
        if len(cell(column)) > longest:
            raise RuleError(f"Line {line}: “{cell(column)[:60]}…” is too long (max {longest}).")
    name = cell("name") or f"{cell('first')} {cell('last')}".strip() or email.partition("@")[0]
    try:
        # Separators of labels are read before what nobody can see is left out, tabs among it.
        number = columns.get("labels", len(cells))
        labels = parse_labels(cells[number]) if number < len(cells) else ()
    except RuleError as error:
        raise RuleError(f"Line {line}: {error}") from None
    section = cell("section") or None
    return RosterRow(line, email, name[:LONGEST_NAME], cell("number") or None, section, labels)
