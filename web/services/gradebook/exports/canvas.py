"""
A gradebook file for Canvas, one assignment at a time.

What Canvas's importer (`lib/gradebook_importer.rb`) needs: columns Student, ID, SIS User ID, SIS
Login ID, Section, then assignments as ``Title (id)``; a second row "Points Possible". A student is
found by ID, else by SIS User ID, else by SIS Login ID, else by name. An empty cell erases a grade
that is there, so only students with a mark have a row, and only one assignment has a column.

Names are disarmed, since a student with an identifier is not looked for by name. An identifier
that a spreadsheet would run cannot be changed without losing its owner, so that row is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.models import Membership
from web.services.csv_cells import disarmed, points, read_csv, runs_as_formula, scaled, write_csv
from web.services.errors import RuleError
from web.services.gradebook.exports.filling import Filled, Matcher, maximum, scale_factor
from web.services.gradebook.exports.selection import Selection

_WHAT: Final = "The Canvas file"
_WITH_ID: Final = re.compile(r"(.*) \((\d+)\)")
_INFORMATION: Final = (
    "Student",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Integration ID",
    "Root Account",
    "Section",
)
_OWN: Final = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POSSIBLE: Final = "    Points Possible"


def canvas_file(selection: Selection, title: str = "") -> Filled:
    """
    Return a file made from the roster: student number as SIS User ID, address as SIS Login ID.

    Args:
        selection: The marks.
        title: Of the assignment in Canvas; its title here by default.

    Raises:
        RuleError: If Canvas would read the title's end as the id of another assignment.
    """
    title = title.strip() or selection.assignment.snapshot.title
    if _WITH_ID.fullmatch(title):
        raise RuleError(
            f"Canvas would read the end of “{title}” as an assignment's id. Upload the gradebook "
            "as exported from Canvas, so that the id is known."
        )
    possible = [_POSSIBLE, "", "", "", "", points(selection.max_tenths)]
    unsafe = without_safe_identifier(selection)
    lines = [[*_OWN, disarmed(title)], possible]
    for row in selection.rows:
        if row.member not in unsafe:
            section = disarmed(row.member.section or "")
            name = disarmed(row.member.user.name)
            lines.append([name, "", *_identifiers(row.member), section, points(row.tenths)])
    return _filled(selection, lines, (), unsafe)


def without_safe_identifier(selection: Selection) -> list[Membership]:
    """Return those with a mark whom a file by the roster leaves out."""
    members = (row.member for row in selection.rows)
    return [member for member in members if any(map(runs_as_formula, _identifiers(member)))]


def fill_canvas_export(
    data: bytes, selection: Selection, title: str = "", *, scale: bool = False
) -> Filled:
    """
    Return a file with the identifiers of a gradebook that was exported from Canvas.

    Args:
        data: The export.
        selection: The marks.
        title: Of the assignment in Canvas; its title here by default.
        scale: Whether to scale the points to Canvas's maximum, if it is another.

    Raises:
        RuleError: If it is no such export, the assignment is not in it, or its maximum is another.
    """
    header, *rows = read_csv(data, _WHAT)
    layout = _layout(header, title.strip() or selection.assignment.snapshot.title)
    matcher = Matcher(selection)
    most = next((row[layout.marks] for row in rows if _POSSIBLE.strip() in row[0]), "")
    factor = scale_factor("Canvas", maximum(most), selection, scale=scale)
    possible = [_POSSIBLE, *[""] * (len(layout.information) - 1), most]
    lines = [[*(header[number] for number in layout.information), header[layout.marks]], possible]
    unknown, unsafe = [], []
    for row in rows:
        cells = [row[number] for number in layout.information]
        if not cells[1].strip():
            continue  # the rows of maxima and of posting hold no student
        # Canvas's own ID is a number of its own; another student's number may be the same.
        student = matcher.student(cells[2:-1])
        mark = None if student is None else matcher.mark_of(student)
        if student is None:
            unknown.append(f"{cells[0]} · {cells[1]}")
        elif mark is not None and any(map(runs_as_formula, cells[1:-1])):
            unsafe.append(mark.member)
        elif mark is not None:
            lines.append(_filled_row(cells, scaled(mark.tenths, factor)))
    return _filled(selection, lines, unknown, [*unsafe, *matcher.absent()])


@dataclass(frozen=True)
class _Layout:
    """Where the columns of information are, and the column of marks."""

    information: Sequence[int]
    marks: int


def _layout(header: Sequence[str], title: str) -> _Layout:
    titles = [cell.strip() for cell in header]
    section = titles.index("Section") if "Section" in titles else len(titles)
    information = [number for number in range(section) if titles[number] in _INFORMATION]
    if titles[:2] != ["Student", "ID"] or section == len(titles):
        raise RuleError(
            "This is not a gradebook exported from Canvas, whose first columns are Student and ID, "
            "with Section after them. In Canvas, choose Grades, Export."
        )
    rest = range(section + 1, len(titles))
    found = [number for number in rest if _names(titles[number], title)]
    if len(found) != 1:
        raise RuleError(
            f"The Canvas file must have one column “{title}”. Enter its title in the form. "
            "The columns are: " + ", ".join(titles[section + 1 :])[:500] + "."
        )
    return _Layout([*information, section], found[0])


def _identifiers(member: Membership) -> tuple[str, str]:
    """Return a student's SIS User ID and SIS Login ID."""
    return member.user.student_number or "", member.user.email


def _names(column: str, title: str) -> bool:
    parts = _WITH_ID.fullmatch(column)
    names = {column.casefold()} | ({parts[1].casefold()} if parts else set())
    return title.casefold() in names


def _filled_row(cells: Sequence[str], mark: str) -> list[str]:
    return [disarmed(cells[0]), *cells[1:-1], disarmed(cells[-1]), mark]


def _filled(
    selection: Selection,
    lines: Sequence[Sequence[str]],
    unknown: Sequence[str],
    absent: Sequence[Membership],
) -> Filled:
    # Without a byte-order mark: Canvas compares titles of its first column as they stand.
    content = write_csv(lines, mark=False)
    name = f"canvas-{selection.assignment.name}.csv"
    return Filled(content, name, len(lines) - 2, unknown, absent)
