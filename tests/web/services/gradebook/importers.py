"""
What other systems make of an uploaded file, after the code of their importers.

Moodle: `mod/assign/feedback/offline/importgradeslib.php`, `locallib.php` and `lib/csvlib`;
Canvas: `lib/gradebook_importer.rb`; Gradescope: the specification of `results.json`. Only what
decides about marks is followed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

ENGLISH: Final = {
    "id": "Identifier",
    "grade": "Grade",
    "changed": "Last modified (grade)",
    "feedback": "Feedback comments",
    "participant": "Participant ",
    "point": ".",
}
GERMAN: Final = {
    "id": "ID",
    "grade": "Bewertung",
    "changed": "Zuletzt geändert (Bewertung)",
    "feedback": "Feedback als Kommentar",
    "participant": "Teilnehmer/in",
    "point": ",",
}


@dataclass
class Moodle:
    """
    An assignment in Moodle.

    Args:
        language: The site's words.
        maximum: Of the grade.
        grades: By participant's number; those that are absent have none.
        feedback: Comments by participant's number.
    """

    language: dict[str, str]
    maximum: float
    grades: dict[int, float]
    feedback: dict[int, str] = field(default_factory=dict)
    participants: set[int] = field(default_factory=set)

    def upload(self, data: bytes) -> tuple[int, int]:
        """Import a worksheet; returns how many grades and comments it has changed."""
        text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        rows = list(csv.reader(io.StringIO(text)))
        header = [title.strip() for title in rows[0]]
        assert all(len(row) == len(header) for row in rows), "csvweirdcolumns"
        place = {key: header.index(self.language[key]) for key in ("id", "grade", "changed")}
        feedback = header.index(self.language["feedback"])
        changed = [0, 0]
        for row in rows[1:]:
            number = int(row[place["id"]][len(self.language["participant"]) :])
            if number not in self.participants:
                continue
            grade = self._unformatted(row[place["grade"]])
            new = grade is not None and grade != self.grades.get(number)
            if grade is not None and new and 0 <= grade <= self.maximum:
                self.grades[number] = grade
                changed[0] += 1
            if row[feedback] != self.feedback.get(number, ""):
                self.feedback[number] = row[feedback]
                changed[1] += 1
        return changed[0], changed[1]

    def _unformatted(self, text: str) -> float | None:
        """As `unformat_float`: spaces out, the language's point, then PHP's cast."""
        text = text.strip().replace(" ", "").replace(self.language["point"], ".")
        if not text:
            return None
        number = re.match(r"[+-]?\d*\.?\d+", text)
        return float(number[0]) if number else 0.0


@dataclass
class Canvas:
    """
    A course in Canvas.

    Args:
        students: ID, name, SIS user ID, SIS login ID.
        assignments: Titles by id.
        grades: By student's and assignment's id.
    """

    students: list[tuple[int, str, str, str]]
    assignments: dict[int, str]
    grades: dict[tuple[int, int], str]

    def upload(self, data: bytes) -> dict[tuple[int, int], str]:
        """Import a gradebook file; returns the grades that it would change."""
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
        header = rows[0]
        assert len(header) > 3 and "Student" in header[0] and "ID" in header[1], "InvalidHeaderRow"
        count, user_column, login_column = 3, None, None
        if re.search(r"SIS\s+Login\s+ID", header[2]):
            login_column, count = 2, 4
        elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login", header[3]):
            extra = 1 if re.search(r"Integration\s+ID", header[4]) else 0
            user_column, login_column, count = 2, 3, 5 + extra
            count += 1 if re.search(r"Root\s+Account", header[4 + extra]) else 0
        assert "Section" in header[count - 1], "InvalidHeaderRow"
        columns = {self._assignment(title): header.index(title) for title in header[count:]}
        changes = {}
        for row in rows[1:]:
            if "Points Possible" in row[0] or not any(row):
                continue
            student = self._student(row, user_column, login_column)
            for assignment, column in columns.items():
                new, old = row[column].strip(), self.grades.get((student, assignment), "")
                # What is empty now and was not before is erased.
                if new != old and (new or old):
                    changes[student, assignment] = new
        return changes

    def _assignment(self, title: str) -> int:
        found = re.fullmatch(r"(.*) \((\d+)\)", title)
        if found and int(found[2]) in self.assignments:
            return int(found[2])
        named = [number for number, name in self.assignments.items() if name == title]
        assert named, f"Canvas would ask which assignment “{title}” is"
        return named[0]

    def _student(self, row: list[str], user_column: int | None, login_column: int | None) -> int:
        for number, *_ in self.students:
            if row[1] and row[1] == str(number):
                return number
        for column, place in ((user_column, 2), (login_column, 3)):
            if column is not None and row[column]:
                for each in self.students:
                    if each[place] == row[column]:
                        return each[0]
        named = [number for number, name, *_ in self.students if name == row[0]]
        assert named, f"Canvas would ask who “{row[0]}” is"
        return named[0]


VISIBILITIES: Final = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS: Final = {"text", "html", "simple_format", "md", "ansi"}


def gradescope(data: bytes) -> dict[str, Any]:
    """Read `results.json` as Gradescope specifies it; returns its score, total and test cases."""
    document = json.loads(data)
    assert set(document) <= {
        "score", "execution_time", "output", "output_format", "test_output_format",
        "test_name_format", "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
    }  # fmt: skip
    assert isinstance(document.get("score"), (int, float)) or document.get("tests")
    assert document.get("visibility", "visible") in VISIBILITIES
    for test in document["tests"]:
        assert set(test) <= {
            "score", "max_score", "status", "name", "name_format", "number", "output",
            "output_format", "tags", "visibility", "extra_data",
        }  # fmt: skip
        assert test.get("status", "passed") in {"passed", "failed"}
        assert test.get("visibility", "visible") in VISIBILITIES
        assert test.get("output_format", "text") in FORMATS
        assert isinstance(test["number"], str)
    total: dict[str, Any] = document
    return total
