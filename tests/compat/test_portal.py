"""A portal of an earlier version says what it said: points, states, pages, files, statistics."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from dataclasses import asdict
from fractions import Fraction
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.compat.conftest import OldPortal
from tests.compat.old import OLD, expected
from tests.web.conftest import token_of
from web.models import (
    Course,
    CourseAssignment,
    Extension,
    ManualGrade,
    Membership,
    PointsOverride,
    Regrade,
    RegradeRequest,
    Result,
    SavedComment,
    Submission,
)
from web.services.courses import snapshots
from web.services.courses.rule_book import rules_for
from web.services.gradebook import class_results
from web.services.gradebook.class_results import Which
from web.services.gradebook.gradebook import Row, gradebook, own_grades
from web.services.grading import marks
from web.services.grading.marks import Mark
from web.services.grading.visible_marks import visible_mark
from web.services.grading.worth import Worth
from web.services.regrading import regrades
from web.services.regrading import report as regrade_report
from web.services.submissions import submitting

INSTRUCTOR = "iris@example.org"
SUBMISSIONS = expected()["submissions"]
STAFF = f"/courses/{expected()['course']}/staff"


def plain(value: Any) -> Any:
    """Return JSON's values of what dataclasses hold."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Fraction) else value


def submission_of(session: Session, key: str) -> Submission:
    """Return a submission by its assignment, its student's address and its number."""
    public_id = SUBMISSIONS[key]["public_id"]
    found = session.scalars(select(Submission).where(Submission.public_id == public_id)).one()
    assert key == f"{found.assignment.name} {found.user.email} {found.number}"
    return found


def facts_of_mark(mark: Worth | None) -> dict[str, Any] | None:
    """Return what a submission is worth, as the earlier version was asked."""
    if mark is None:
        return None
    return {
        "tenths": mark.tenths,
        "penalty_tenths": mark.penalty_tenths,
        "final_tenths": mark.final_tenths,
        "max_tenths": mark.max_tenths,
        "awaiting": list(mark.awaiting),
        "questions": {
            each.id: {"tenths": each.tenths, "tests": each.tests_tenths, "max": each.max_tenths}
            for each in mark.questions
        },
    }


@pytest.mark.parametrize("key", SUBMISSIONS)
def test_a_submission_is_worth_what_it_was_worth(portal: OldPortal, key: str) -> None:
    """State, file and points, as staff and as its student see them."""
    then = SUBMISSIONS[key]
    with portal.database.read() as session:
        found = submission_of(session, key)
        stored = submitting.stored_file(portal.settings.submissions, found).read_bytes()
        results = session.scalar(
            select(func.count()).select_from(Result).where(Result.submission_id == found.id)
        )
        now = {
            "state": str(found.state),
            "reason": str(found.reason or ""),
            "sha256": found.sha256,
            "late_seconds": rules_for(session, found.assignment, found.user)
            .lateness(found.received_at)
            .seconds,
            "released": found.released_at is not None,
            "snapshot": found.snapshot.content_hash,
            "results": results,
            "mark": facts_of_mark(marks.mark_of(session, found)),
            "student_mark": facts_of_mark(visible_mark(session, found)),
        }
        student = found.user.email

    assert now == {name: then[name] for name in now}
    # Two were cut short or lost, and were graded as such.
    assert sha256(stored).hexdigest() == then["sha256"] or then["state"] == "unusable"
    place = f"/submissions/{then['public_id']}/"
    with portal.browser(student).get(f"{place}file") as answer:
        assert answer.data == stored
    status = portal.browser(student).get(f"{place}status.json").get_json()
    assert [status[name] for name in ("state", "done", "part")] == [
        then["status"][name] for name in ("state", "done", "part")
    ]


def words(markup: str) -> str:
    """Return the words of a piece of a page, spaces made one."""
    markup = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


LATE = re.compile(
    r"Handed in (.*) after the deadline\. Each day that has begun costs (\S+) % of the points: "
    r"(\S+) (?:becomes|stays) (\S+) \."
)


def in_words_of_today(text: str) -> list[str]:
    """Return what now says the facts of a sentence of pages of then."""
    late = LATE.fullmatch(text)
    if late is None:
        return [text]
    when, percent, before, after = late.groups()
    taken = f"{float(before) - float(after):.1f}".removesuffix(".0")
    return [
        f"Submitted {when} after the deadline.",
        f"Before the late penalty {before} / ",
        f"Late penalty, {percent} % per started day \N{MINUS SIGN}{taken}",
        f"Total {after} / ",
    ]


def squeezed(lines: list[str]) -> list[str]:
    """Return lines without spaces, which are the markup's business."""
    return ["".join(line.split()) for line in lines]


@pytest.mark.parametrize("reader", ["student", "staff"])
@pytest.mark.parametrize("key", SUBMISSIONS)
def test_a_page_shows_what_is_stored(portal: OldPortal, key: str, reader: str) -> None:
    """
    Title, points of each question, messages, hints, lines and what people wrote.

    The page's own words may change; what a report, a student or a grader said may not.
    """
    then = SUBMISSIONS[key][f"{reader}_page"]
    student = key.split()[1]
    place = f"/submissions/{SUBMISSIONS[key]['public_id']}/"
    who, address = (student, place) if reader == "student" else (INSTRUCTOR, f"/staff{place}")
    page = portal.browser(who).get(address).text
    shown = "".join(words(page).split())

    assert squeezed(then["heading"])[0] in shown
    for name in ("hints", "messages", "recognised", "source_lines", "score", "late"):
        told = squeezed([now for line in then[name] for now in in_words_of_today(line)])
        assert [line for line in told if line not in shown] == [], name
    total = "Before the late penalty" if any(map(LATE.fullmatch, then["late"])) else "Total"
    for question, *_, points in then["questions"][1:]:
        title = total if question == "All" else question
        assert re.search(f"{title} (.*? )?{re.escape(points)}", words(page)), (title, points)
    assert len(re.findall(r'<span class="check">', page)) == then["checks"]
    assert re.findall(r'<textarea id="ask-([^"]+)"', page) == then["may_ask"]
    assert ("<iframe" in page) == then["notebook_frame"]


def test_gradebook(portal: OldPortal) -> None:
    """Where each student stands, the total, and what students see of it themselves."""
    with portal.database.read() as session:
        course = session.scalars(select(Course)).one()
        book = gradebook(session, course)
        standing = {row.member.user.email: facts_of_row(row) for row in book.rows}
        own = {
            row.member.user.email: {
                entry.assignment.name: [str(entry.standing), entry.tenths]
                for entry in (own_grades(session, course, row.member.user) or row).entries
            }
            for row in book.rows
        }

    assert standing == expected()["standing"]
    assert own == expected()["own_grades"]


def facts_of_row(row: Row[Mark]) -> dict[str, Any]:
    """Return a student's row of the gradebook, as the earlier version was asked."""
    return {
        "total": None if row.total.share is None else str(row.total.share),
        "dropped": len(row.total.dropped),
        "settled": [row.total.settled, row.total.weighted],
        "entries": {
            entry.assignment.name: {
                "standing": str(entry.standing),
                "tenths": entry.tenths,
                "counts": None if entry.mark is None else entry.mark.submission.number,
            }
            for entry in row.entries
        },
    }


@pytest.mark.parametrize("which", Which)
@pytest.mark.parametrize("name", ["pendulum", "vectors"])
def test_statistics(portal: OldPortal, name: str, which: Which) -> None:
    """All numbers of a class, from the stored reports."""
    then = expected()["statistics"][f"{name} {which}"]
    then["submitted"] = then.pop("handed_in")
    # Every stored report of that time can be read.
    then["unreadable"] = 0
    with portal.database.read() as session:
        assignment = session.scalars(select(CourseAssignment).filter_by(name=name)).one()
        now = plain(asdict(class_results.class_statistics(session, assignment, which)))

    assert now == then


def test_assignments_and_their_notebooks(portal: OldPortal) -> None:
    """Rules, questions with their rubrics, and the notebooks byte for byte."""
    with portal.database.read() as session:
        found = session.scalars(select(CourseAssignment).order_by(CourseAssignment.id)).all()
        now = {
            each.name: {
                "title": each.snapshot.title,
                "max_tenths": each.snapshot.max_tenths,
                "questions": [question.as_json() for question in each.snapshot.questions],
                "content_hash": each.snapshot.content_hash,
                "due_at": str(each.due_at),
                "cutoff_at": str(each.cutoff_at),
                "results_at": str(each.results_at),
                "counted": str(each.counted),
                "late_percent_per_day": each.late_percent_per_day,
                "weight": each.weight,
                "grades_released": each.grades_released_at is not None,
            }
            for each in found
        }
        notebooks = {
            each.name: {
                kind: sha256(
                    snapshots.notebook(portal.settings.snapshots, each.snapshot, kind)
                ).hexdigest()
                for kind in ("student", "solution")
            }
            for each in found
        }

    assert now == expected()["assignments"]
    assert notebooks == expected()["notebooks"]


def test_what_people_wrote(portal: OldPortal) -> None:
    """Grades, changed points, requests, comments, extensions, and the people themselves."""
    with portal.database.read() as session:
        now = {
            "requests": [
                [each.submission.public_id, each.question, str(each.state), each.text, each.answer]
                for each in session.scalars(select(RegradeRequest).order_by(RegradeRequest.id))
            ],
            "comments": [
                [each.question, each.text]
                for each in session.scalars(select(SavedComment).order_by(SavedComment.id))
            ],
            "grades": [
                [
                    each.submission_id,
                    each.question,
                    each.version,
                    each.points_tenths,
                    [item.index for item in each.items],
                    each.reason,
                    each.comment,
                    each.grader.email,
                ]
                for each in session.scalars(select(ManualGrade).order_by(ManualGrade.id))
            ],
            "overrides": [
                [
                    each.submission_id,
                    each.question,
                    each.points_tenths,
                    each.reason,
                    each.created_by.email,
                ]
                for each in session.scalars(select(PointsOverride).order_by(PointsOverride.id))
            ],
            "extensions": [
                [each.user.email, str(each.due_at), each.extra_attempts, each.reason]
                for each in session.scalars(select(Extension).order_by(Extension.id))
            ],
            "people": {
                each.user.email: [
                    each.user.name,
                    str(each.role),
                    each.user.student_number,
                    each.section,
                    each.time_multiplier,
                    each.active,
                ]
                for each in session.scalars(select(Membership).order_by(Membership.id))
            },
        }

    assert now == {name: expected()[name] for name in now}


@pytest.mark.parametrize("number", expected()["regrades"])
def test_regrades(portal: OldPortal, number: str) -> None:
    """How far each is, what it changes, and the table of differences byte for byte."""
    then = expected()["regrades"][number]
    with portal.database.read() as session:
        found = session.get_one(Regrade, int(number))
        changes = regrades.changes(session, found)
        now = {
            "assignment": found.assignment.name,
            "state": str(found.state),
            "jobs": {str(state): n for state, n in regrades.progress(session, found).items()},
            "summary": plain(asdict(regrade_report.summary(changes))),
        }
    place = f"{STAFF}/assignments/{then['assignment']}/regrades/{number}/differences.csv"
    now["differences_csv"] = portal.browser(INSTRUCTOR).get(place).data.decode()

    assert now == then


@pytest.mark.parametrize("name", expected()["exports"])
def test_exports(portal: OldPortal, name: str) -> None:
    """Gradebook and marks, as files for other programs, byte for byte but for a sentence."""
    then = expected()["exports"][name]
    subject, *options = name.split()
    everything = {"unreleased": "1", "absent_as_zero": "1"} if "unreleased" in options else {}
    page = f"{STAFF}/assignments/{subject}/export"
    data = {"kind": options[0], "title": "A title"} if subject in ("pendulum", "vectors") else {}
    if not data:
        page = f"{STAFF}/gradebook/"
    browser = portal.browser(INSTRUCTOR)
    form = {"csrf_token": token_of(browser, page), **data, **everything}

    answer = browser.post(page if data else f"{page}export", data=form)

    assert answer.status_code == 200
    then_in_words_of_today = re.sub(
        r"([\d.]+) points were taken for handing in late\.",
        r"Late penalty: \1 points.",
        json.dumps(then),
    )
    assert content_of(answer.data) == json.loads(then_in_words_of_today)


def content_of(data: bytes) -> Any:
    """Return a table's text, or the files of an archive."""
    if not data.startswith(b"PK"):
        return data.decode()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {each: archive.read(each).decode() for each in archive.namelist()}
    return {
        each: json.loads(content) if each.endswith(".json") else content
        for each, content in files.items()
    }


def test_no_row_and_no_file_is_lost(portal: OldPortal) -> None:
    """Every table has its rows, and every submission its file."""
    rows = json.loads((OLD / "portal" / "rows.json").read_text(encoding="utf-8"))

    assert {name: portal.rows.get(name) for name in rows} == rows
    files = list(portal.settings.submissions.rglob("*.ipynb"))
    assert len(files) == rows["submission"]


def test_addresses_that_others_keep_still_work(portal: OldPortal) -> None:
    """A link that was sent is open; every address of then answers to its methods."""
    link, status = expected()["open_link"]
    rules = {
        (method, rule.rule)
        for rule in portal.app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    then = {(methods, rule) for methods, rule, _ in map(str.split, expected()["routes"])}

    assert portal.browser(None).get(link).status_code == status
    assert {(each, rule) for methods, rule in then for each in methods.split(",")} <= rules


def test_earlier_grades_find_their_answers(portal: OldPortal) -> None:
    """What was given before holds for the same answer in attempts to come, as visible as it was."""
    with portal.database.read() as session:
        for kind in (ManualGrade, PointsOverride):
            for each in session.scalars(select(kind)):
                submission = session.get_one(Submission, each.submission_id)
                assert len(each.answer_hash or "") == 64
                assert each.released_at == submission.released_at
