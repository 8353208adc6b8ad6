"""Whatever staff do is written down, with who did it."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.conftest import PASSWORD, PEOPLE, World, spaced, token_of
from tests.web.reports import report
from tests.web.services.courses.test_uploads import EXAMPLE, files_of, packed
from tests.web.test_policy_routes import routes
from web.db import now
from web.models import (
    AssignmentVersion,
    AuditEntry,
    Course,
    CourseAssignment,
    Membership,
    Regrade,
    Role,
    Snapshot,
    Submission,
    SubmissionState,
    User,
)
from web.services import audit
from web.services.courses import assignments
from web.services.grading import line_comments, overrides, release, second_marking, written_answers
from web.services.grading.written_answers import Entered
from web.services.people import accounts
from web.services.regrading import regrades
from web.services.regrading.queue import RegradeQueue

RULES = {"counted": "last", "due_at": "2030-01-01T12:00", "grace_minutes": "5"}
COURSE = {
    "slug": "optics",
    "title": "Optics",
    "time_zone": "Europe/Berlin",
    "email": "emmy@example.org",
}
# What each route is sent, and what the log then holds; a new route needs a row here.
DOES: dict[str, tuple[dict[str, Any], str]] = {
    "staff.import_assignment": ({"name": "perceptron"}, "assignment.taken_up"),
    "staff.change_late_days": ({"late_days": "5"}, "course.late_days_changed"),
    "staff.change_rules": (RULES, "assignment.rules_changed"),
    "staff.release_assignment": ({}, "assignment.released"),
    "staff.update_assignment": ({}, "assignment.version_waits"),
    "staff.use_version": ({"version": "earlier version"}, "assignment.updated"),
    "staff.use_waiting_version": ({"version": "earlier version"}, "assignment.updated"),
    "staff.discard_version": ({"version": "earlier version"}, "assignment.version_discarded"),
    "staff.grant_extension": ({"student": "of ada", "extra_attempts": "1"}, "extension.granted"),
    "staff.withdraw_extension": ({"student": "of ada"}, "extension.withdrawn"),
    "staff.import_roster": (
        {"text": "email\nlise@example.org", "role": "student", "confirmed": "1"},
        "roster.taken_in",
    ),
    "staff.change_membership": (
        {"role": "student", "time_multiplier": "1.5", "active": "1"},
        "membership.changed",
    ),
    "staff.make_link": ({}, "link.made"),
    "staff.correct_person": ({"name": "Ada", "student_number": "12"}, "person.corrected"),
    "staff.retry_grading": ({}, "submission.retried"),
    "staff.make_course": (COURSE, "course.made"),
    "staff.publish_announcement": (
        {"title": "Room", "text": "In room 7."},
        "announcement.published",
    ),
    "staff.change_announcement": ({"title": "Room", "text": "In room 8."}, "announcement.changed"),
    "staff.delete_announcement": ({}, "announcement.deleted"),
    "staff.upload_assignment": ({"archive": "archive"}, "assignment.uploaded"),
    "admin.merge_people": (
        {"email": "twin@example.org", "confirmed": "twin@example.org"},
        "person.merged",
    ),
    "admin.change_upload_right": ({"allowed": "1"}, "person.upload_right_changed"),
    "admin.deactivate_person": ({}, "person.deactivated"),
    "admin.reactivate_person": ({}, "person.reactivated"),
    "admin.make_link": ({}, "link.made"),
    "admin.change_portal_texts": ({"name": "Physics"}, "portal.changed"),
    "staff.change_course_settings": (
        {"title": "Optics", "time_zone": "Asia/Tokyo"},
        "course.settings_changed",
    ),
    "staff.archive_course": ({}, "course.archived"),
    "staff.reopen_course": ({}, "course.reopened"),
    "staff.copy_course": (
        {"slug": "dl-27", "title": "Deep learning 27", "weeks": "52", "previewed": "52"},
        "course.copied",
    ),
    "staff.delete_course": ({"name": "dl"}, "course.deleted"),
    "staff.grade_answer": ({"version": "0", "item": "0", "comment": "Good."}, "answer.graded"),
    "staff.grade_group": (
        {"answer": "answer of ada", "question": "hash of q7", "item": "0", "comment": "Good."},
        "answer.graded",
    ),
    "staff.change_rubric": (
        {"rubric": "rubric of q7", "rows": "1", "points-0": "2", "text-0": "All of it"},
        "rubric.changed",
    ),
    "staff.change_second_marking": ({"percent": "20"}, "second_marking.changed"),
    "staff.grade_second": ({"item": "0"}, "second_marking.graded"),
    "staff.settle_grades": ({"choice": "second"}, "second_marking.settled"),
    "staff.comment_on_line": ({"line": "1:1", "text": "Why?"}, "line_comment.written"),
    "staff.delete_line_comment": ({}, "line_comment.deleted"),
    "staff.undo_decision": ({"decision": "decision"}, "answer.undone"),
    "staff.assign_answers": ({}, "grading.shared"),
    "staff.save_comment": ({"text": "Which step?"}, "comment.kept"),
    "staff.delete_comment": ({}, "comment.deleted"),
    "staff.change_grading_rules": ({"anonymous_grading": "1"}, "grading.rules_changed"),
    "staff.release_grades": ({}, "grades.released"),
    "staff.withdraw_grades": ({}, "grades.withdrawn"),
    "staff.hide_results": ({"until": "2100-01-02T03:04"}, "results.hidden"),
    "staff.regrade_selected": ({"everything": "1"}, "regrade.started"),
    "staff.download_selected": ({"everything": "1"}, "submission.downloaded"),
    "staff.start_regrade": ({"scope": "all"}, "regrade.started"),
    "staff.publish_regrade": ({}, "regrade.published"),
    "staff.discard_regrade": ({}, "regrade.discarded"),
    "staff.answer_request": ({"decision": "decline", "answer": "It holds."}, "request.declined"),
    "staff.answer_extension_request": (
        {"decision": "decline", "answer": "No."},
        "extension.declined",
    ),
    "staff.change_points": ({"points": "1", "reason": "Half of it."}, "points.changed"),
    "staff.restore_points": ({}, "points.change_removed"),
    "staff.change_grade_rules": ({"weight-xor": "2"}, "grade_rules.changed"),
    "staff.export_marks": ({"kind": "plain"}, "marks.exported"),
    "staff.export_gradebook": ({}, "gradebook.exported"),
    "staff.change_grade_key": (
        {"grade": ["1.0", "5.0"], "from_percent": ["50", "0"], "passes": "0"},
        "grade_rules.changed",
    ),
    "staff.change_special_grade": (
        {"student": "membership of ada", "special": "no_show", "reason": "Not there."},
        "special_grade.changed",
    ),
    "staff.export_course_grades": ({}, "gradebook.grades_exported"),
}


# They only keep others from an answer for some minutes: nothing has been done by that.
HOLDS = {"staff.claim_next_answer", "staff.claim_answer", "staff.claim_next_second"}
GRADED = ("staff.delete_line_comment", "staff.grade_second", "staff.settle_grades")
STARTS = ("staff.start_regrade", "staff.regrade_selected")
# It only shows a form, filled in with more than an address can hold.
SHOWS = {"staff.extend_selected"}


def prepare(world: World, endpoint: str) -> int:
    """Let there be what a form acts on; returns the student's number."""
    with world.database.write.begin() as session:
        submission = session.scalars(select(Submission)).one()
        instructor = session.scalars(select(User).where(User.name == "Instructor")).one()
        assignment = submission.assignment
        _prepare_course(session, assignment, endpoint)
        if endpoint == "staff.retry_grading":
            submission.state = SubmissionState.FAILED
        elif endpoint == "staff.withdraw_extension":
            terms = assignments.ExtensionTerms(None, None, 1, "")
            assignments.extend(session, instructor, assignment, submission.user, terms)
        elif endpoint == "staff.undo_decision":
            admin = session.scalars(select(User).where(User.email == PEOPLE["admin"][0])).one()
            entered = Entered(0, items=(0,), comment="Good.")
            written_answers.save(session, admin, submission, "q7", entered, decision="decision")
        elif endpoint == "staff.restore_points":
            overrides.set_points(session, instructor, submission, "q7", 10, "Right after all.")
        elif endpoint == "staff.withdraw_grades":
            release.release(session, instructor, assignment)
        elif endpoint in ("staff.publish_regrade", *STARTS):
            _finish_regrade(session, assignment)
        if endpoint in STARTS:
            regrades.discard(session, instructor, session.scalars(select(Regrade)).one())
        if endpoint in GRADED:
            _grade(session, submission, instructor, endpoint)
        return submission.user_id


def _grade(session: Session, submission: Submission, instructor: User, endpoint: str) -> None:
    """Let the written answer be graded by one or two people, with a comment on its first line."""
    line_comments.add(session, instructor, submission, "q7", 1, 1, "Why?")
    second_marking.set_percent(session, instructor, submission.assignment, "q7", 100)
    written_answers.save(session, instructor, submission, "q7", Entered(0, items=(0,)))
    if endpoint == "staff.settle_grades":
        grader = session.scalars(select(User).where(User.name == "Grader")).one()
        second_marking.save(session, grader, submission, "q7", Entered(0, items=(1,)))


def _prepare_course(session: Session, assignment: CourseAssignment, endpoint: str) -> None:
    if endpoint in ("staff.reopen_course", "staff.delete_course"):
        assignment.course.archived_at = now()
    elif endpoint == "admin.merge_people":
        session.add(User(email="twin@example.org", name="Twin"))
    elif endpoint == "admin.reactivate_person":
        session.scalars(select(User).where(User.name == "Instructor")).one().active = False
    elif endpoint == "staff.update_assignment":
        assignment.snapshot.content_hash = "0" * 64
    elif "_version" in endpoint:
        _add_version(session, assignment, waits=endpoint != "staff.use_version")


def _add_version(session: Session, assignment: CourseAssignment, *, waits: bool) -> None:
    other = Snapshot(name="xor", content_hash="e" * 64, title="Earlier", max_tenths=0, questions=())
    session.add(other)
    session.flush()
    session.add(AssignmentVersion(assignment_id=assignment.id, snapshot_id=other.id))
    assignment.next_snapshot = other if waits else None


def _earlier_version(world: World) -> int:
    with world.database.read() as session:
        found = session.scalar(select(Snapshot.id).where(Snapshot.content_hash == "e" * 64))
        return found or 0


def _membership(world: World, student: int) -> int:
    with world.database.read() as session:
        return session.scalars(select(Membership.id).where(Membership.user_id == student)).one()


def _answer(world: World) -> dict[str, str]:
    with world.database.read() as session:
        submission = session.scalars(select(Submission)).one()
        question = written_answers.written_question(submission.assignment.snapshot, "q7")
        assert question is not None
        return {
            "answer of ada": f"{submission.public_id}:0",
            "hash of q7": question.hash,
            "rubric of q7": question.rubric_version,
        }


def _finish_regrade(session: Session, assignment: CourseAssignment) -> None:
    claim = RegradeQueue().claim(session, "w")
    assert claim is not None
    found = report(assignment.snapshot, {"q1": 2.0})
    assert RegradeQueue().finish(session, claim, found, json.dumps(found.notebook))


def test_every_route_of_staff_is_in_the_table(world: World) -> None:
    """A new form for staff without a word about the log fails here."""
    found = {
        end
        for end, method, _ in routes(world)
        if method == "POST" and end.startswith(("staff.", "admin."))
    }

    assert found == set(DOES) | HOLDS | SHOWS


@pytest.mark.parametrize("endpoint", DOES)
def test_every_form_of_staff_leaves_an_entry(world: World, endpoint: str) -> None:
    """The entry says what was done, and by whom."""
    (address,) = [at for end, method, at in routes(world) if (end, method) == (endpoint, "POST")]
    student = prepare(world, endpoint)
    data, action = DOES[endpoint]
    stands_for = {
        "of ada": student,
        "membership of ada": _membership(world, student),
        "earlier version": _earlier_version(world),
        **_answer(world),
    }
    data = {
        name: stands_for.get(value, value) if isinstance(value, str) else value
        for name, value in data.items()
    }
    if "archive" in data:
        data["archive"] = (io.BytesIO(packed(files_of(EXAMPLE))), "a.zip")
    client = world.client("admin")

    answer = client.post(address, data={**data, "csrf_token": token_of(client, "/account")})

    answer.close()
    assert answer.status_code in (200, 303)
    with world.database.read() as session:
        last = session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        ).first()
    assert last is not None
    assert last.actor is not None
    assert last.actor.email == PEOPLE["admin"][0]


def test_log_is_readable(world: World) -> None:
    """What changed stands there in words, old and new."""
    client = world.client("instructor")
    data = {**RULES, "csrf_token": token_of(client, "/account")}
    client.post("/courses/dl/staff/assignments/xor/rules", data=data)

    page = client.get("/courses/dl/staff/audit/").text

    assert "Assignment settings changed" in page
    assert "best → last" in page
    assert "Instructor" in page


def log_of(world: World, who: str, **query: str | int) -> str:
    """The log's page, as somebody sees it, with one space for each run of white space."""
    place = "/admin/log/" if who == "admin" else "/courses/dl/staff/audit/"
    return spaced(world.client(who).get(place, query_string=query).text)


def write_down(world: World, *entries: tuple[str, str], who: str = "Grader") -> None:
    """Write entries, each in a transaction of its own."""
    for action, target in entries:
        with world.database.write.begin() as session:
            course = session.scalars(select(Course)).one()
            actor = session.scalars(select(User).where(User.name == who)).one()
            audit.record(session, actor, action, course=course, target=target, role=Role.STUDENT)


def test_what_is_repeated_is_one_entry(world: World) -> None:
    """A grader who takes one answer over again and again buries nothing; the last time counts."""
    write_down(world, *[("answer.taken_over", "ada, xor, q7")] * 205)

    with world.database.read() as session:
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "answer.taken_over")
        )
        assert entry.times == 205
        assert entry.first_at is not None
        assert entry.first_at < entry.at
    page = log_of(world, "instructor")
    assert "205 times since" in page
    assert "Assignment added" in page


@pytest.mark.parametrize(
    "between",
    [
        [("grades.withdrawn", "xor")],  # the order of both would be lost
        [("grades.released", "xor", "Instructor")],  # somebody else
    ],
)
def test_what_came_between_keeps_entries_apart(world: World, between: list[Any]) -> None:
    """Nothing is lost of who did what after what."""
    write_down(world, ("grades.released", "xor"), ("grades.released", "splits"))
    for action, target, *who in between:
        write_down(world, (action, target), who=who[0] if who else "Grader")
    write_down(world, ("grades.released", "xor"), ("grades.released", "splits"))

    with world.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        found = [(each.action, each.target, each.times) for each in entries]
        assert found[1:] == [
            ("grades.released", "xor", 1),
            ("grades.released", "splits", 2),
            (between[0][0], "xor", 1),
            ("grades.released", "xor", 1),
        ]


def test_what_is_long_ago_is_not_repeated(world: World) -> None:
    """After an hour it is another entry; so it is with other details."""
    write_down(world, ("link.made", "ada"))
    with world.database.write.begin() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "link.made"))
        entry.at -= timedelta(minutes=61)
    write_down(world, ("link.made", "ada"))
    with world.database.write.begin() as session:
        course, actor = session.scalars(select(Course)).one(), session.get_one(User, 1)
        audit.record(session, actor, "link.made", course=course, target="ada", role=Role.GRADER)

    with world.database.read() as session:
        made = session.scalars(select(AuditEntry.times).where(AuditEntry.action == "link.made"))
        assert made.all() == [1, 1, 1]


def test_the_log_has_pages(world: World) -> None:
    """The newest first; a page that is not there is the last one."""
    write_down(world, *[("link.made", f"s{number}@example.org") for number in range(150)])

    first = log_of(world, "instructor", kind="people")
    last = log_of(world, "instructor", kind="people", page=9)

    assert "150 entries" in first
    assert "page 1 of 2" in first
    assert "s149@" in first and "s49@" not in first
    assert "page 2 of 2" in last
    assert "s49@" in last and "s50@" not in last
    assert re.search(r'href="[^"]*kind=people[^"]*page=2', first)
    assert ">Newer</a>" in last


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"kind": "people"}, {"Link created"}),
        ({"kind": "grading"}, {"Answer graded"}),
        ({"kind": "none"}, {"Link created", "Answer graded"}),
        ({"text": "NOETHER@"}, {"Link created"}),
        ({"text": "q_"}, {"Answer graded"}),
        ({"text": "%"}, set()),
        ({"text": "grader", "kind": "grading"}, {"Answer graded"}),
        ({"text": "nobody"}, set()),
    ],
)
def test_the_log_is_filtered(world: World, query: dict[str, str], there: set[str]) -> None:
    """By what it is about, and by who did it or to what; signs of patterns are plain letters."""
    write_down(world, ("link.made", "Ada"), who="Instructor")
    write_down(world, ("answer.graded", "xor, q_7"))

    page = log_of(world, "instructor", **query)

    assert {
        each for each in ("Link created", "Answer graded") if f"<td>{each}</td>" in page
    } == there
    assert ("No matching entries." in page) == (not there)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"since": "2026-11-02"}, True),
        ({"since": "2026-11-03"}, False),
        ({"until": "2026-11-02"}, True),
        ({"until": "2026-11-01"}, False),
        ({"since": "2026-11-02", "until": "2026-11-02"}, True),
        ({"since": "yesterday", "until": "9999-12-31"}, True),
    ],
)
def test_the_log_is_filtered_by_days(world: World, query: dict[str, str], there: bool) -> None:  # noqa: FBT001  # a case
    """Of the course's own clock: half past midnight in Berlin is the day before in UTC."""
    write_down(world, ("link.made", "Ada"), who="Instructor")
    with world.database.write.begin() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "link.made"))
        entry.at = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)

    assert ("<td>Link created</td>" in log_of(world, "instructor", **query)) == there


def test_details_have_the_units_of_the_pages(world: World) -> None:
    """Points are stored in tenths, and nobody reads tenths."""
    with world.database.write.begin() as session:
        course, actor = session.scalars(select(Course)).one(), session.get_one(User, 1)
        changed = {"late_percent_per_day": [0, 12.5], "due_at": [None, "2026-10-26T22:59:00+00:00"]}
        for action, details in (
            ("answer.graded", {"before": None, "after": 15, "reason": ""}),
            ("points.changed", {"points": 40, "before": 0}),
            ("second_marking.graded", {"first": 5, "second": 10}),
            ("assignment.rules_changed", {"changed": changed}),
            ("grades.released", {"submissions": 12}),
        ):
            audit.record(session, actor, action, course=course, target=action, **details)

    page = log_of(world, "instructor")

    for words in (
        '<span class="quiet">after</span> 1.5 points',
        '<span class="quiet">before</span> \u2013',
        '<span class="quiet">points</span> 4 points',
        '<span class="quiet">first</span> 0.5 points',
        '<span class="quiet">second</span> 1 point<',
        '<span class="quiet">late penalty</span> 0 % per day → 12.5 % per day',
        '<span class="quiet">deadline</span> \u2013 → Mon 26 Oct 2026, 23:59',
        '<span class="quiet">submissions</span> 12',
    ):
        assert words in page, words


def test_every_action_is_of_one_kind() -> None:
    """The filter leaves nothing out."""
    begins = [action.partition(".")[0] for _, action in DOES.values()]
    kinds = [begin for kind in audit.KINDS.values() for begin in kind]

    assert set(begins) <= set(kinds)
    assert len(kinds) == len(set(kinds))


def test_what_becomes_of_accounts_is_in_the_log(world: World) -> None:
    """Sign-ins and their ends, of staff; used links and new passwords, of everybody."""
    with world.database.write.begin() as session:
        made_by = session.scalars(select(User).where(User.name == "Instructor")).one()
        other = session.scalars(select(User).where(User.name == "Other")).one()
        token = accounts.invite(session, other, made_by)
    world.client("other")
    accounts.accept(world.database, token, "four words are long")
    for who in ("grader", "student"):
        client, new = world.client(who), "another long one"
        data = {"csrf_token": token_of(client, "/account"), "current": PASSWORD}
        client.post("/account", data=data | {"password": new, "again": new})
        client.post("/sign-out", data={"csrf_token": token_of(client, "/account")})

    whole = log_of(world, "admin", kind="accounts")
    pages = {
        name: log_of(world, "instructor", text=name) for name in ("Grader", "Student", "Other")
    }

    used = '<span class="quiet">made by</span> noether@example.org</li>'
    for what in ("Signed in", "Signed out", "Password changed"):
        assert f"<td>{what}</td>" in pages["Grader"]
        assert f"<td>{what}</td>" in whole
    assert "<td>Password changed</td>" in pages["Student"]
    assert "<td>Link used</td>" in pages["Other"]
    assert used in pages["Other"]
    assert '<span class="quiet">sessions ended</span> 1</li>' in pages["Other"]
    for name in ("Student", "Other"):
        assert "<td>Signed" not in pages[name]
        assert f"<td>{name}</td> <td>Signed in</td>" in whole


def test_accounts_of_other_courses_are_not_in_the_log(world: World) -> None:
    """Nor are the portal's own; who has left a course is not watched by it any more."""
    with world.database.write.begin() as session:
        grader = session.scalars(select(Membership).join(User).where(User.name == "Grader")).one()
        grader.active = False
        other = Course(slug="optics", title="Optics")
        admin = session.scalars(select(User).where(User.name == "Admin")).one()
        session.add(Membership(user=admin, course=other, role=Role.INSTRUCTOR))
    for who in ("grader", "admin"):
        world.client(who)

    page = log_of(world, "instructor", kind="accounts")

    assert "<td>Instructor</td> <td>Signed in</td>" in page
    assert "<td>Grader</td>" not in page
    assert "<td>Admin</td>" not in page
