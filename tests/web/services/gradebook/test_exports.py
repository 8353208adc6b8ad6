"""Exports: each read back as its target's importer does, harmless in a spreadsheet."""

from __future__ import annotations

import base64
import csv
import io
import re
import tracemalloc
import zipfile
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web import classroom
from tests.web.conftest import World, spaced, token_of
from tests.web.services.gradebook.importers import ENGLISH, GERMAN, Canvas, Moodle, gradescope
from web.models import AuditEntry, CourseAssignment, Membership, User
from web.services.csv_cells import disarmed, runs_as_formula, write_csv

PLACE = "/courses/toy/staff/assignments/toy/export"
COURSE = "/courses/toy/staff/gradebook/"
MARKS = {1: 7.0, 2: 5.4, 4: 2.4}


def export(client: FlaskClient, kind: str, **fields: Any) -> TestResponse:
    """Send one of the page's forms."""
    data = {"csrf_token": token_of(client, COURSE), "kind": kind, **fields}
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(PLACE, data=data, headers=headers)


def filled(client: FlaskClient, kind: str, content: bytes, **fields: Any) -> bytes:
    """Upload a file, read what would come of it, then download."""
    page = export(client, kind, file=(io.BytesIO(content), "a.csv"), **fields)
    packed = re.search(r'name="packed" value="([^"]+)"', page.text)
    assert packed is not None, page.text
    return export(client, kind, step="download", packed=packed[1], **fields).data


def table(data: bytes) -> list[dict[str, str]]:
    """Read a plain CSV file as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def worksheet(language: dict[str, str], maximum: str = "8.00", grades: str = "") -> bytes:
    """A worksheet as Moodle writes it, with names and texts that students have chosen."""
    header = [language["id"], "Name", "ID number", "E-mail", "Status", language["grade"], "Max"]
    header += ["Can be changed", "Online text", language["changed"], language["feedback"]]
    rows = [header]
    for number in range(1, 8):
        row = [f"{language['participant']}{900 + number}", f"Name {number}", "", "", "Submitted"]
        row += [grades, maximum, "Yes", "=1+1", "Monday, 1 June 2026, 10:00", f"=old {number}"]
        if number == 1:
            row[3] = "S1@Example.org"
        elif number < 7:
            row[1:3] = [
                classroom.DANGEROUS if number == 4 else f"Name {number}",
                f"{1000 + number}",
            ]
        rows.append(row)
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def moodle(language: dict[str, str], maximum: float = 8.0) -> Moodle:
    """The Moodle that the worksheet comes from."""
    numbers = range(1, 8)
    feedback = {900 + number: f"=old {number}" for number in numbers}
    return Moodle(language, maximum, {}, feedback, {900 + number for number in numbers})


@pytest.mark.parametrize("language", [ENGLISH, GERMAN])
def test_moodle_takes_the_worksheet_back(toy: World, language: dict[str, str]) -> None:
    """Released marks arrive, in both languages; no comment changes; a second time nothing does."""
    content = filled(toy.client("instructor"), "moodle", worksheet(language))
    site = moodle(language)

    assert site.upload(content) == (3, 0)
    assert site.grades == {900 + number: mark for number, mark in MARKS.items()}
    assert site.upload(content) == (0, 0)


def test_worksheet_keeps_all_but_grades_and_formulas(toy: World) -> None:
    """Cells that the importer passes over are made harmless, the others stay as they came."""
    sent = worksheet(ENGLISH)
    got = filled(toy.client("instructor"), "moodle", sent)
    before = list(csv.reader(io.StringIO(sent.decode())))
    after = list(csv.reader(io.StringIO(got.decode("utf-8-sig"))))

    assert got.startswith(b"\xef\xbb\xbf")
    changed = {
        (row, column): after[row][column]
        for row in range(len(before))
        for column in range(len(before[0]))
        if before[row][column] != after[row][column]
    }
    grades = {(1, 5): "7", (2, 5): "5.4", (4, 5): "2.4"}
    texts = {(row, 8): "'=1+1" for row in range(1, 8)}
    assert changed == grades | texts | {(4, 1): f"'{classroom.DANGEROUS}"}


def test_unreleased_marks_leave_grades_in_moodle_alone(toy: World) -> None:
    """Who is left out keeps the grade that is there; if staff choose, unreleased marks go too."""
    client = toy.client("instructor")
    site = moodle(ENGLISH)
    site.grades = {903: 1.0, 905: 1.0}
    site.upload(filled(client, "moodle", worksheet(ENGLISH)))
    assert (site.grades[903], site.grades[905]) == (1.0, 1.0)

    kept = filled(client, "moodle", worksheet(ENGLISH, grades="+A")).decode("utf-8-sig")
    grades = [row[5] for row in csv.reader(io.StringIO(kept))]
    assert grades == ["Grade", "7", "5.4", "+A", "2.4", "+A", "+A", "+A"]

    choice = {"unreleased": "1", "absent_as_zero": "1"}
    site.upload(filled(client, "moodle", worksheet(ENGLISH), **choice))
    assert (site.grades[903], site.grades[905], site.grades[906]) == (4.4, 2.4, 0.0)


def test_another_maximum_is_refused_or_scaled(toy: World) -> None:
    """Moodle would pass over grades above its maximum; percent of 100 are made of 8 points."""
    client = toy.client("instructor")
    sheet = worksheet(GERMAN, maximum="100,00")
    upload = {"file": (io.BytesIO(sheet), "a.csv")}

    assert export(client, "moodle", **upload).status_code == 303
    assert "let the points be scaled" in client.get(PLACE).text
    site = moodle(GERMAN, 100.0)
    site.upload(filled(client, "moodle", sheet, scale="1"))
    assert site.grades == {901: 87.5, 902: 67.5, 904: 30.0}


def test_unknown_language_asks_for_the_title(toy: World) -> None:
    """The grades' column is found by the title that staff type; a note says what is not safe."""
    language = {**ENGLISH, "grade": "Hinne", "changed": "Viimati muudetud (hinne)"}
    client = toy.client("instructor")

    export(client, "moodle", file=(io.BytesIO(worksheet(language)), "a.csv"))
    assert "Enter its title in the form" in client.get(PLACE).text
    site = moodle(language)
    page = export(client, "moodle", file=(io.BytesIO(worksheet(language)), "a"), title="hinne")
    assert "language of this worksheet was not recognised" in page.text
    assert site.upload(filled(client, "moodle", worksheet(language), title="Hinne")) == (3, 0)


def test_preview_names_who_has_no_place(toy: World) -> None:
    """Rows of nobody, and marks without a row, are shown before anything is downloaded."""
    lines = worksheet(ENGLISH).splitlines(keepends=True)
    page = export(
        toy.client("instructor"),
        "moodle",
        file=(io.BytesIO(b"".join(lines[:2] + lines[7:])), "a.csv"),
    ).text

    assert "1 of 3 scores filled in" in spaced(page)
    assert "Participant 907 · Name 7" in page
    assert "s2@example.org" in page
    assert "s3@example.org" not in page


def test_anonymous_worksheet_and_scale_are_explained(toy: World) -> None:
    """Without addresses nobody is recognised, without a maximum Moodle may grade by a scale."""
    rows = list(csv.reader(io.StringIO(worksheet(ENGLISH, maximum="poor good").decode())))
    file = io.StringIO(newline="")
    csv.writer(file).writerows([row[0], *row[4:]] for row in rows)
    upload = {"file": (io.BytesIO(file.getvalue().encode()), "a.csv")}
    page = export(toy.client("instructor"), "moodle", **upload).text

    assert "0 of 3 scores filled in" in spaced(page)
    assert "No student matched" in page
    assert "by a scale" in page
    assert 'name="packed"' not in page


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Identifier,Grade\n",
        b"Identifier,Grade\nParticipant 1\n",
        b'Identifier,Grade\n"x',
        b"Identifier,Grade\nMike,3\n",
        b"a,b\nc,d\n",
        b"\n" * 10_000,
    ],
)
@pytest.mark.parametrize("kind", ["moodle", "canvas-filled"])
def test_wrong_files_are_refused_with_a_word(toy: World, kind: str, content: bytes) -> None:
    """Whatever is uploaded, the page comes back with a sentence."""
    client = toy.client("instructor")

    answer = export(client, kind, file=(io.BytesIO(content), "a.csv"))
    assert answer.status_code == 303
    assert 'role="alert"' in client.get(PLACE).text


@pytest.mark.parametrize("packed", ["", "!", base64.b64encode(b"no").decode()])
def test_forged_second_step_is_refused(toy: World, packed: str) -> None:
    """What comes back in the form is the browser's word; it is checked like an upload."""
    answer = export(toy.client("instructor"), "moodle", step="download", packed=packed)

    assert answer.status_code in (303, 400)
    assert "Content-Disposition" not in answer.headers


def test_packed_bomb_is_not_unpacked(toy: World) -> None:
    """A small form that would unpack to a great deal costs no more than the largest upload."""
    bomb = base64.b64encode(zlib.compress(b"\n" * 2**26)).decode()

    client = toy.client("instructor")
    client.get(PLACE)
    tracemalloc.start()
    try:
        assert export(client, "moodle", packed=bomb).status_code == 303
        assert tracemalloc.get_traced_memory()[1] < 2**26 / 2
    finally:
        tracemalloc.stop()


def canvas(title: str = "Toy problem") -> Canvas:
    """The course in Canvas, where Three already has a grade and Six another one."""
    names = ["One", "Two", "Three", "Four", "Five", "Six"]
    students = [
        (70 + number, name, str(1000 + number) if number > 1 else "", f"s{number}@example.org")
        for number, name in enumerate(names, start=1)
    ]
    return Canvas(students, {5: "Other", 12: title}, {(73, 12): "4.4", (76, 5): "1"})


def canvas_export() -> bytes:
    """What Canvas gives: two assignments, the row of maxima, read-only columns."""
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"],
        ["    Points Possible", "", "", "", ""],
    ]
    rows[0] += ["Other (5)", "Toy problem (12)", "Current Score", "Final Score"]
    rows[1] += ["3", "8", "(read only)", "(read only)"]
    for number, name, user, login in canvas().students:
        rows.append([name, str(number), user, login, "Toy", "", "", "50", "50"])
    rows.append(["Student, Test", "99", "", "abc", "Toy", "", "", "", ""])
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def test_canvas_takes_the_file_by_the_roster(toy: World) -> None:
    """Students are found by number or address; grades of those left out are not erased."""
    site = canvas()
    content = export(toy.client("instructor"), "canvas").data

    assert site.upload(content) == {
        (70 + number, 12): f"{mark:g}" for number, mark in MARKS.items()
    }
    site.grades |= site.upload(content)
    assert site.upload(content) == {}
    assert "Points Possible" in content.decode().splitlines()[1]


def test_canvas_takes_the_file_with_its_own_ids(toy: World) -> None:
    """An exported gradebook gives back ids, one column and only the students with a mark."""
    site = canvas("Renamed meanwhile")
    content = filled(toy.client("instructor"), "canvas-filled", canvas_export())

    assert site.upload(content) == {
        (70 + number, 12): f"{mark:g}" for number, mark in MARKS.items()
    }
    assert content.decode().splitlines()[0].endswith("Section,Toy problem (12)")


def test_canvas_keeps_its_maximum_and_points_are_scaled_to_it(toy: World) -> None:
    """The row of maxima is given back as it was; another maximum is refused, or agreed to."""
    client = toy.client("instructor")
    sheet = canvas_export().replace(b",3,8,", b",3,100,")

    upload = {"file": (io.BytesIO(sheet), "a.csv")}
    assert export(client, "canvas-filled", **upload).status_code == 303
    assert "In Canvas the maximum is 100 points" in client.get(PLACE).text
    content = filled(client, "canvas-filled", sheet, scale="1")
    assert content.decode().splitlines()[1].endswith(",100")
    assert set(canvas().upload(content).values()) == {"87.5", "67.5", "30"}


def test_canvas_id_is_not_taken_for_a_student_number(toy: World) -> None:
    """Canvas's own numbers may be other students' numbers."""
    with toy.database.write.begin() as session:
        session.query(User).filter_by(name="Two").one().student_number = "71"
    site = canvas()
    content = filled(toy.client("instructor"), "canvas-filled", canvas_export())

    assert {student for student, _ in site.upload(content)} == {71, 72, 74}


def test_canvas_title_that_looks_like_an_id_is_refused(toy: World) -> None:
    """“Toy (12)” without Canvas's own file would be marks for assignment 12."""
    client = toy.client("instructor")

    assert export(client, "canvas", title="Toy (5)").status_code == 303
    assert "as an assignment" in client.get(PLACE).text


def test_identifier_that_a_spreadsheet_would_run_is_left_out_of_canvas(toy: World) -> None:
    """It cannot be disarmed without losing its owner, so that there is no row of it."""
    with toy.database.write.begin() as session:
        session.query(User).filter_by(name="Two").one().email = "=s2@example.org"
    client = toy.client("instructor")
    content = export(client, "canvas").data

    assert len(content.decode().splitlines()) == 4
    assert "=s2" not in content.decode()
    assert "as a formula: Two." in spaced(client.get(PLACE).text)


def test_gradescope_reads_each_result(toy: World) -> None:
    """Score after the penalty, one test case a question, and only what a student may read."""
    data = export(toy.client("instructor"), "gradescope").data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        index = {row["email"]: row for row in table(archive.read("index.csv"))}
        results = {
            email: gradescope(archive.read(f"{row['folder']}/results.json"))
            for email, row in index.items()
        }
        assert len(archive.namelist()) == 4

    scores = {email: result["score"] for email, result in results.items()}
    assert scores == {f"s{number}@example.org": mark for number, mark in MARKS.items()}
    two = results["s2@example.org"]
    assert sum(test["score"] for test in two["tests"]) == 6.0
    assert "Late penalty: 0.6 points." in two["output"]
    assert [test["max_score"] for test in two["tests"]] == [4.0, 2.0, 2.0]
    assert [test["status"] for test in two["tests"]] == ["passed", "failed", "passed"]
    assert "Well argued." in two["tests"][2]["output"]
    assert index["s4@example.org"]["name"] == f"'{classroom.DANGEROUS}"


def test_gradescope_holds_back_what_is_not_released(toy: World) -> None:
    """Chosen all the same, it is visible after publication, and a missing grade has no status."""
    data = export(toy.client("instructor"), "gradescope", unreleased="1").data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = {row["email"]: row["folder"] for row in table(archive.read("index.csv"))}
        three, five = (
            gradescope(archive.read(f"{rows[email]}/results.json"))
            for email in ("s3@example.org", "s5@example.org")
        )

    assert (three["visibility"], three["score"]) == ("after_published", 4.4)
    assert "status" not in five["tests"][2]
    assert "Not graded yet: q3" in five["output"]


def test_plain_csv_of_an_assignment(toy: World) -> None:
    """What a spreadsheet reads: numbers are numbers, texts are harmless, nobody unreleased."""
    data = export(toy.client("instructor"), "plain").data
    rows = table(data)

    assert data.startswith(b"\xef\xbb\xbf")
    assert {row["email"]: float(row["score"]) for row in rows} == {
        f"s{number}@example.org": mark for number, mark in MARKS.items()
    }
    two = next(row for row in rows if row["name"] == "Two")
    assert (two["raw_score"], two["late_submission_penalty"], two["max_score"]) == ("6", "0.6", "8")
    assert (two["q1"], two["q2"], two["q3"]) == ("4", "0", "2")
    assert f"'{classroom.DANGEROUS}" in {row["name"] for row in rows}


def test_plain_csv_of_the_course_gives_nothing_away(toy: World) -> None:
    """Unreleased points are neither in the columns nor in the total, unless staff choose so."""
    client = toy.client("instructor")
    token = token_of(client, COURSE)

    rows = table(client.post(COURSE + "export", data={"csrf_token": token}).data)
    assert {row["name"]: (row["toy"], row["total_percent"]) for row in rows} == {
        "One": ("7", "87.50"),
        "Two": ("5.4", "67.50"),
        "Three": ("", ""),
        f"'{classroom.DANGEROUS}": ("2.4", "30.00"),
        "Five": ("", ""),
        "Six": ("", ""),
    }
    assert {row["section"] for row in rows} == {"A", "'-2+3"}
    data = {"csrf_token": token, "unreleased": "1", "absent_as_zero": "1"}
    rows = table(client.post(COURSE + "export", data=data).data)
    assert [row["total_percent"] for row in rows if row["name"] in ("Three", "Six")] == [
        "0.00",
        "55.00",
    ]


def test_page_says_who_is_left_out_and_why(toy: World) -> None:
    """Before anything is downloaded; the choices change it."""
    client = toy.client("instructor")

    page = spaced(client.get(PLACE).text)
    assert "3 scores, and 3 students left out" in page
    for why in ("needs manual grading", "not released yet", "not submitted"):
        assert why in page
    page = client.get(PLACE + "?unreleased=1&absent_as_zero=1").text
    assert "6 scores." in page
    assert "points that students cannot see yet" in page


def test_exports_are_written_down(toy: World) -> None:
    """The log says who took which marks out, how many, and whether unreleased ones."""
    client = toy.client("instructor")
    export(client, "plain", unreleased="1")
    client.post(COURSE + "export", data={"csrf_token": token_of(client, COURSE)})

    with toy.database.read() as session:
        one, all_ = session.query(AuditEntry).filter(AuditEntry.action.contains("export"))
        assert (one.action, one.target) == ("marks.exported", "toy")
        assert (one.details["format"], one.details["marks"]) == ("plain", 5)
        assert one.details["unreleased"] is True
        assert (all_.action, all_.details["students"]) == ("gradebook.exported", 6)


def test_preview_of_an_export_is_written_down(toy: World) -> None:
    """Looking at what a worksheet would become is an entry, downloading it another."""
    filled(toy.client("instructor"), "moodle", worksheet(ENGLISH))

    with toy.database.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [each for each in actions if each.startswith("marks.")] == [
        "marks.previewed",
        "marks.exported",
    ]


def test_nobody_to_export_is_told(toy: World) -> None:
    """An empty class gets a sentence and no form that would give an empty file."""
    page = toy.client("instructor").get("/courses/dl/staff/assignments/xor/export").text

    assert "nothing to export yet" in page
    assert "Download" not in page


def test_former_members_are_in_no_export(toy: World) -> None:
    """Who has left the course has no row."""
    with toy.database.write.begin() as session:
        one = session.query(Membership).join(User).filter(User.name == "One").one()
        one.active = False

    rows = table(export(toy.client("instructor"), "plain").data)
    assert "One" not in {row["name"] for row in rows}


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


def cells_of(content: str, separator: str) -> list[str]:
    """The cells that a spreadsheet finds which splits at this separator, whatever is meant."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", content)
    return [cell for line in csv.reader(lines, delimiter=separator) for cell in line]


@given(st.text(alphabet=f'{SIGNS};\t\r\n", a1', max_size=12), st.sampled_from(",;\t"))
def test_no_text_runs_in_a_spreadsheet(text: str, separator: str) -> None:
    """Split at commas as written, or at semicolons or tabs, no cell begins like a formula."""
    safe = disarmed(text)
    content = write_csv([[safe, "b", safe], ["c", safe, "d"]], mark=False).decode()

    assert not runs_as_formula(safe)
    assert safe == text or (safe.replace("'", "") == text and set(text) & {*SIGNS, *"\t\r\n"})
    for cell in cells_of(content, separator):
        harmless = re.match(r"[+-]?\d+(,|$)|-(,|$)", cell)
        assert harmless or not cell.lstrip(' "').startswith(tuple(SIGNS)), cell


@pytest.mark.parametrize("text", ["-3", "-0.5", "+49", "12", "-", "", "a=b", "Zoë"])
def test_numbers_and_plain_texts_stay(text: str) -> None:
    """Negative numbers are kept numbers."""
    assert disarmed(text) == text


@pytest.mark.parametrize("text", ["=1", "-2+3", "+1 2", "@x", "\tx", "\rx", "--", "-3x", " =1"])
def test_formulas_are_disarmed(text: str) -> None:
    """Each of the starts that spreadsheets run."""
    assert disarmed(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a;=cmd|' /C calc'!A0;b", "a;'=cmd|' /C calc'!A0;b"),
        ('a; "=1+1";', 'a;\' "=1+1";'),
        ("\t=1+1", "'\t'=1+1"),
        ("\r=1+1", "'\r'=1+1"),
        ("a\r\n-2", "a\r\n'-2"),
        ("A; B\r\n\r\nC", "A; B\r\n\r\nC"),
    ],
)
def test_formulas_behind_a_separator_are_disarmed(text: str, safe: str) -> None:
    """Excel in most of Europe splits our files at semicolons; texts of several lines stay."""
    assert disarmed(text) == safe


def test_name_with_a_semicolon_runs_nowhere(toy: World) -> None:
    """A student's name in the file that is downloaded, read at semicolons."""
    with toy.database.write.begin() as session:
        session.query(User).filter_by(name="One").one().name = 'a;"=HYPERLINK(0)";b'

    text = export(toy.client("instructor"), "plain").data.decode("utf-8-sig")

    assert "HYPERLINK" in text
    cells = [cell.strip(' "') for cell in cells_of(text, ";")]
    assert not [cell for cell in cells if cell.startswith("=")]


def test_assignment_name_in_files_is_the_folder(toy: World) -> None:
    """What a browser saves has a name without anything a student chose."""
    answer = export(toy.client("instructor"), "plain")

    assert "filename=marks-toy.csv" in answer.headers["Content-Disposition"]
    with toy.database.read() as session:
        assert session.query(CourseAssignment).filter_by(name="toy").one().name == "toy"
