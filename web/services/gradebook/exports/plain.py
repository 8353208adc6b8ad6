"""Plain CSV files, for spreadsheets and for every importer that lets one map columns."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from web.models import Membership
from web.services.csv_cells import disarmed, points, write_csv
from web.services.gradebook.course_grades import CourseGrade, grade_of
from web.services.gradebook.exports.selection import Choice, ExportRow, Selection, exported
from web.services.gradebook.gradebook import Gradebook, Row, has_grades
from web.services.gradebook.totals import TotalRules, total
from web.services.grading.marks import Mark

_PERSON = ("name", "email", "student_id", "section")
_GRADE = ("bonus_percent", "grade", "passed")


def assignment_csv(selection: Selection) -> bytes:
    """Return an assignment's marks: one student a line, with points of each question."""
    questions = list(
        dict.fromkeys(
            question.id
            for row in selection.rows
            if row.entry.mark is not None
            for question in row.entry.mark.questions
        )
    )
    header = [
        "assignment",
        "duedate",
        *_PERSON,
        "attempt",
        "timestamp",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
        "state",
    ]
    lines = [header + [disarmed(question) for question in questions]]
    lines += [_line(selection, row, questions) for row in selection.rows]
    return write_csv(lines, mark=True)


def course_csv(book: Gradebook, choice: Choice) -> bytes:
    """Return a course's marks: one student a line, one assignment a column, total and grade."""
    names = [disarmed(each.name) for each in book.assignments]
    graded = has_grades(book.course, (row.member for row in book.rows))
    lines = [[*_PERSON, *names, "total_percent", *(_GRADE if graded else ())]]
    lines += [_course_line(book, row, choice, graded=graded) for row in book.rows]
    return write_csv(lines, mark=True)


def percent(share: Fraction | None) -> str:
    """Write a part as percent with two decimals; nothing if it is not known."""
    return "" if share is None else f"{float(share * 100):.2f}"


def _line(selection: Selection, row: ExportRow, questions: list[str]) -> list[str]:
    due_at = selection.assignment.due_at
    mark = row.entry.mark
    line = [selection.assignment.name, due_at.isoformat() if due_at else "", *_person(row.member)]
    if mark is None:
        line += ["", "", "0", "0"]
    else:
        received_at = mark.submission.received_at.isoformat(timespec="seconds")
        line += [str(mark.submission.number), received_at]
        line += [points(mark.tenths), points(mark.penalty_tenths)]
    line += [points(row.tenths), points(row.entry.max_tenths), row.entry.standing.value]
    for question in questions:
        found = mark.question(question) if mark else None
        line.append("" if found is None or found.tenths is None else points(found.tenths))
    return line


def _course_line(book: Gradebook, row: Row[Mark], choice: Choice, *, graded: bool) -> list[str]:
    kept = [entry for entry in row.entries if exported(entry, choice)]
    cells = [
        points(entry.tenths) if entry in kept and entry.tenths is not None else ""
        for entry in row.entries
    ]
    # The total is made of what stands in the line, so that it gives nothing away.
    found = total(kept, TotalRules.of(book.course))
    cells.append(percent(found.share))
    if graded:
        grade = grade_of(book.course.grade_key, found, row.member.special_grade)
        cells += [percent(found.bonus), *_grade(grade)]
    return [*_person(row.member), *cells]


def grades_csv(book: Gradebook) -> bytes:
    """Return final grades alone, for an examination office: who has none yet has empty cells."""
    lines = [[*_PERSON, "grade", "passed"]]
    lines += [[*_person(row.member), *_grade(row.grade)] for row in book.rows]
    return write_csv(lines, mark=True)


def _grade(grade: CourseGrade) -> tuple[str, str]:
    """Return the cells of a grade, which stay empty until it is final."""
    if grade.special is not None:
        label = grade.special.value
    else:
        label = disarmed(grade.step.grade) if grade.step is not None and grade.final else ""
    return label, {None: "", True: "yes", False: "no"}[grade.passed]


def _person(member: Membership) -> Iterator[str]:
    user = member.user
    for text in (user.name, user.email, user.student_number or "", member.section or ""):
        yield disarmed(text)
