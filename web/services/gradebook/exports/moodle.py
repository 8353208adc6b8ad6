"""
Moodle's offline grading worksheet, filled in.

What Moodle's importer (`mod/assign/feedback/offline/importgradeslib.php`) reads of it: the column
of identifiers ("Participant 123"), the grade, the moment of the last change by which it notices
that somebody graded meanwhile, and the columns of feedback. Its titles are in the site's language.
So the uploaded worksheet is kept as it is, and nothing but grades is written into it.

Formulas are disarmed in the columns that the importer passes over: names, addresses, groups, the
student's online text. Identifier, grade, last change and feedback stay as they came, since a
changed feedback would be imported as a new one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from web.services.csv_cells import disarmed, read_csv, scaled, write_csv
from web.services.errors import RuleError
from web.services.gradebook.exports.filling import Filled, Matcher, maximum, scale_factor
from web.services.gradebook.exports.selection import Selection

_WHAT: Final = "The worksheet"
_IDENTIFIER: Final = re.compile(r"\D*\d+")
# Titles in the languages of most sites; another site's title of grades is asked for.
_GRADE: Final = frozenset(
    {"grade", "bewertung", "note", "calificación", "valutazione", "beoordeling", "betyg", "nota"}
)
_CHANGED: Final = frozenset(
    {
        "last modified (grade)",
        "zuletzt geändert (bewertung)",
        "dernière modification (note)",
        "última modificación (calificación)",
        "ultima modifica (valutazione)",
        "senast modifierat (betyg)",
    }
)


@dataclass(frozen=True)
class _Columns:
    """Where things are; `changed` is ``None`` if the site's language is not known here."""

    grade: int
    changed: int | None


def fill_worksheet(
    data: bytes, selection: Selection, *, grade_title: str = "", scale: bool = False
) -> Filled:
    """
    Write marks into a worksheet that was downloaded from Moodle.

    Args:
        data: The worksheet.
        selection: The marks.
        grade_title: Title of the column of grades, if the site's language is not known here.
        scale: Whether to scale the points to Moodle's maximum, if it is another.

    Raises:
        RuleError: If it is no such worksheet, or its maximum is not the assignment's.
    """
    header, *rows = read_csv(data, _WHAT)
    columns = _columns(header, grade_title)
    _check_identifiers(rows)
    factor = scale_factor("Moodle", _maximum(rows, columns.grade + 1), selection, scale=scale)
    matcher = Matcher(selection)
    unknown, marks = [], 0
    for row in rows:
        student = matcher.student(row[1 : columns.grade])
        if student is None:
            unknown.append(" · ".join(filter(None, row[: min(columns.grade, 4)])))
            continue
        mark = matcher.mark_of(student)
        if mark is not None:
            row[columns.grade] = scaled(mark.tenths, factor)
            marks += 1
    safe = [_disarmed(row, columns) for row in rows]
    content = write_csv([header, *safe], mark=True)
    name = f"moodle-{selection.assignment.name}.csv"
    return Filled(content, name, marks, unknown, matcher.absent(), _notes(rows, columns, unknown))


def _notes(rows: Sequence[Sequence[str]], columns: _Columns, unknown: Sequence[str]) -> list[str]:
    notes = []
    if columns.changed is None:
        notes.append(
            "The language of this worksheet was not recognised, so only the columns before the "
            "grades are safe to open in a spreadsheet. Upload the file to Moodle unopened."
        )
    if _maximum(rows, columns.grade + 1) is None:
        notes.append(
            "The worksheet names no maximum grade. If Moodle grades this assignment by a scale, "
            "it ignores points; change that in the assignment's settings in Moodle first."
        )
    if len(unknown) == len(rows):
        notes.append(
            "No student matched. While submissions are anonymous, Moodle leaves e-mail addresses "
            "and numbers out of the worksheet; reveal the identities in Moodle first."
        )
    return notes


def _columns(header: list[str], grade_title: str) -> _Columns:
    titles = [title.strip().casefold() for title in header]
    wanted = {grade_title.strip().casefold()} if grade_title.strip() else _GRADE
    found = [number for number, title in enumerate(titles) if title in wanted and number > 0]
    if len(found) != 1:
        raise RuleError(
            "The grade column of the worksheet was not recognised. Enter its title in the form. "
            "The columns are: " + ", ".join(header)[:500] + "."
        )
    changed = [number for number, title in enumerate(titles) if title in _CHANGED]
    return _Columns(found[0], changed[0] if changed else None)


def _check_identifiers(rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        if not _IDENTIFIER.fullmatch(row[0].strip()):
            raise RuleError(
                "The first column does not hold Moodle's identifiers, such as “Participant 123”. "
                "Download the worksheet from the assignment's page in Moodle: View all "
                "submissions, Grading action, Download grading worksheet."
            )


def _maximum(rows: Sequence[Sequence[str]], column: int) -> Decimal | None:
    """Return Moodle's maximum: the column after the grades, if one number stands in all of it."""
    cells = {row[column].strip() for row in rows if column < len(row)}
    return maximum(cells.pop()) if len(cells) == 1 else None


def _disarmed(row: Sequence[str], columns: _Columns) -> list[str]:
    last = columns.grade if columns.changed is None else columns.changed
    safe = list(row)
    for number in range(1, last):
        if number != columns.grade:
            safe[number] = disarmed(row[number])
    return safe
