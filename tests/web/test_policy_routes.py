"""Every route, as every role and as nobody."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.web.conftest import World, token_of
from tests.web.reports import graded
from web.db import now
from web.models import Course, CourseAssignment, Membership, Notice, User
from web.services.courses import announcements, extension_requests
from web.services.courses.rule_book import rules_for
from web.services.grading import comments, requests
from web.services.notices import telling
from web.services.regrading import regrades

EVERYBODY = frozenset({"admin", "instructor", "grader", "student", "other"})
STAFF = frozenset({"admin", "instructor", "grader"})
INSTRUCTORS = frozenset({"admin", "instructor"})
OWNER_AND_STAFF = STAFF | {"student"}
NOBODY_TOO = EVERYBODY | {None}

# Who gets further than the wall: (endpoint, method) -> roles. The submission is "student"'s.
MAY = {
    ("static", "GET"): NOBODY_TOO,
    ("show_palette", "GET"): NOBODY_TOO,
    ("account.show_sign_in", "GET"): NOBODY_TOO,
    ("account.sign_in", "POST"): NOBODY_TOO,
    ("account.sign_out", "POST"): NOBODY_TOO,
    ("account.show_forgotten_password", "GET"): frozenset(),  # this portal sends no e-mail
    ("account.ask_for_password", "POST"): frozenset(),  # likewise
    ("account.show_invitation", "GET"): frozenset(),
    ("account.accept_invitation", "POST"): frozenset(),
    ("account.show_role", "GET"): frozenset(),
    ("account.accept_role", "POST"): EVERYBODY,  # who is signed in is told that the link is wrong
    ("account.show_settings", "GET"): EVERYBODY,
    ("account.change_password", "POST"): EVERYBODY,
    ("notices.list_notices", "GET"): EVERYBODY,
    ("notices.read_all", "POST"): EVERYBODY,
    ("notices.open_notice", "GET"): frozenset({"student"}),  # it is theirs
    ("notices.show_choices", "GET"): EVERYBODY,
    ("notices.choose", "POST"): frozenset(),  # this portal sends no e-mail
    ("notices.renew_calendar", "POST"): EVERYBODY,
    ("notices.show_calendar", "GET"): frozenset(),  # without its address
    ("notices.show_unsubscribe", "GET"): frozenset(),  # without what a message carries
    ("notices.unsubscribe", "POST"): frozenset(),  # likewise
    ("courses.list_courses", "GET"): EVERYBODY,
    ("courses.show_course", "GET"): EVERYBODY,
    ("courses.show_assignment", "GET"): EVERYBODY,
    ("courses.download_notebook", "GET"): EVERYBODY,
    ("courses.download_solution", "GET"): STAFF,
    ("courses.download_data", "GET"): frozenset(),  # xor has no data files
    ("courses.submit_notebook", "POST"): EVERYBODY,
    ("courses.submit_at_old_address", "POST"): EVERYBODY,
    ("courses.ask_for_extension", "POST"): frozenset({"student", "other"}),
    ("submissions.show_submission", "GET"): OWNER_AND_STAFF,
    ("submissions.show_status", "GET"): OWNER_AND_STAFF,
    ("submissions.stream_status", "GET"): OWNER_AND_STAFF,
    ("submissions.download_file", "GET"): OWNER_AND_STAFF,
    ("submissions.show_notebook", "GET"): OWNER_AND_STAFF,
    ("submissions.ask_for_regrade", "POST"): frozenset({"student"}),
    ("staff.show_dashboard", "GET"): STAFF,
    ("staff.list_submissions", "GET"): STAFF,
    ("staff.show_submission", "GET"): STAFF,
    ("staff.extend_selected", "POST"): INSTRUCTORS,
    ("staff.regrade_selected", "POST"): INSTRUCTORS,
    ("staff.download_selected", "POST"): STAFF,
    ("staff.retry_grading", "POST"): STAFF,
    ("staff.change_points", "POST"): STAFF,
    ("staff.restore_points", "POST"): STAFF,
    ("staff.show_grading", "GET"): STAFF,
    ("staff.show_assignment_grading", "GET"): STAFF,
    ("staff.change_grading_rules", "POST"): INSTRUCTORS,
    ("staff.preview_submission", "GET"): INSTRUCTORS,
    ("staff.release_grades", "POST"): INSTRUCTORS,
    ("staff.withdraw_grades", "POST"): INSTRUCTORS,
    ("staff.hide_results", "POST"): INSTRUCTORS,
    ("staff.list_answers", "GET"): STAFF,
    ("staff.edit_rubric", "GET"): STAFF,
    ("staff.show_answer", "GET"): STAFF,
    ("staff.grade_answer", "POST"): STAFF,
    ("staff.claim_answer", "POST"): STAFF,
    ("staff.claim_next_answer", "POST"): STAFF,
    ("staff.show_group", "GET"): STAFF,
    ("staff.grade_group", "POST"): STAFF,
    ("staff.undo_decision", "POST"): STAFF,
    ("staff.show_lines", "GET"): STAFF,
    ("staff.comment_on_line", "POST"): STAFF,
    ("staff.delete_line_comment", "POST"): STAFF,
    ("staff.claim_next_second", "POST"): STAFF,
    ("staff.show_second", "GET"): STAFF,
    ("staff.grade_second", "POST"): STAFF,
    ("staff.change_second_marking", "POST"): INSTRUCTORS,
    ("staff.show_agreement", "GET"): INSTRUCTORS,
    ("staff.settle_grades", "POST"): INSTRUCTORS,
    ("staff.change_rubric", "POST"): STAFF,
    ("staff.assign_answers", "POST"): INSTRUCTORS,
    ("staff.save_comment", "POST"): STAFF,
    ("staff.delete_comment", "POST"): STAFF,
    ("staff.list_requests", "GET"): STAFF,
    ("staff.show_request", "GET"): STAFF,
    ("staff.answer_request", "POST"): STAFF,
    ("staff.answer_extension_request", "POST"): INSTRUCTORS,
    ("staff.list_regrades", "GET"): INSTRUCTORS,
    ("staff.start_regrade", "POST"): INSTRUCTORS,
    ("staff.show_regrade", "GET"): INSTRUCTORS,
    ("staff.download_differences", "GET"): INSTRUCTORS,
    ("staff.publish_regrade", "POST"): INSTRUCTORS,
    ("staff.discard_regrade", "POST"): INSTRUCTORS,
    ("staff.find", "GET"): STAFF,
    ("staff.show_student", "GET"): STAFF,
    ("staff.show_student_of", "GET"): STAFF,
    ("staff.show_overview", "GET"): STAFF,
    ("staff.list_assignments", "GET"): STAFF,
    ("staff.change_late_days", "POST"): INSTRUCTORS,
    ("staff.import_assignment", "POST"): INSTRUCTORS,
    ("staff.show_assignment", "GET"): INSTRUCTORS,
    ("staff.change_rules", "POST"): INSTRUCTORS,
    ("staff.release_assignment", "POST"): INSTRUCTORS,
    ("staff.update_assignment", "POST"): INSTRUCTORS,
    ("staff.list_versions", "GET"): INSTRUCTORS,
    ("staff.show_version", "GET"): INSTRUCTORS,
    ("staff.preview_notebook", "GET"): INSTRUCTORS,
    ("staff.use_version", "POST"): frozenset(),  # without a version it is 404 for all
    ("staff.use_waiting_version", "POST"): INSTRUCTORS,
    ("staff.discard_version", "POST"): INSTRUCTORS,
    ("staff.show_extensions", "GET"): INSTRUCTORS,
    ("staff.grant_extension", "POST"): INSTRUCTORS,
    ("staff.withdraw_extension", "POST"): frozenset(),  # without a student it is 404 for all
    ("staff.show_gradebook", "GET"): STAFF,
    ("staff.change_grade_rules", "POST"): INSTRUCTORS,
    ("staff.export_gradebook", "POST"): INSTRUCTORS,
    ("staff.show_course_grades", "GET"): STAFF,
    ("staff.change_grade_key", "POST"): INSTRUCTORS,
    ("staff.change_special_grade", "POST"): frozenset(),  # without a student it is 404 for all
    ("staff.export_course_grades", "POST"): INSTRUCTORS,
    ("staff.show_statistics", "GET"): STAFF,
    ("staff.show_exports", "GET"): INSTRUCTORS,
    ("staff.export_marks", "POST"): INSTRUCTORS,
    ("staff.list_people", "GET"): INSTRUCTORS,
    ("staff.import_roster", "POST"): INSTRUCTORS,
    ("staff.change_membership", "POST"): INSTRUCTORS,
    ("staff.show_person", "GET"): INSTRUCTORS,
    ("staff.correct_person", "POST"): INSTRUCTORS,
    ("staff.make_link", "POST"): INSTRUCTORS,
    ("staff.show_audit_log", "GET"): INSTRUCTORS,
    ("courses.list_announcements", "GET"): EVERYBODY,
    ("staff.list_announcements", "GET"): INSTRUCTORS,
    ("staff.publish_announcement", "POST"): INSTRUCTORS,
    ("staff.show_announcement", "GET"): INSTRUCTORS,
    ("staff.change_announcement", "POST"): INSTRUCTORS,
    ("staff.delete_announcement", "POST"): INSTRUCTORS,
    ("staff.show_course_settings", "GET"): INSTRUCTORS,
    ("staff.change_course_settings", "POST"): INSTRUCTORS,
    ("staff.show_copy", "GET"): INSTRUCTORS,
    ("staff.copy_course", "POST"): INSTRUCTORS,
    ("staff.archive_course", "POST"): INSTRUCTORS,
    ("staff.reopen_course", "POST"): INSTRUCTORS,
    ("staff.delete_course", "POST"): frozenset({"admin"}),
    ("admin.list_people", "GET"): frozenset({"admin"}),
    ("admin.show_person", "GET"): frozenset({"admin"}),
    ("admin.deactivate_person", "POST"): frozenset({"admin"}),
    ("admin.reactivate_person", "POST"): frozenset({"admin"}),
    ("admin.merge_people", "POST"): frozenset({"admin"}),
    ("admin.change_upload_right", "POST"): frozenset({"admin"}),
    ("staff.upload_assignment", "POST"): frozenset({"admin"}),  # no instructor has that right yet
    ("admin.make_link", "POST"): frozenset({"admin"}),
    ("admin.show_portal_texts", "GET"): frozenset({"admin"}),
    ("admin.change_portal_texts", "POST"): frozenset({"admin"}),
    ("admin.show_system", "GET"): frozenset({"admin"}),
    ("admin.show_imprint", "GET"): frozenset(),  # nobody has written one
    ("admin.show_privacy", "GET"): frozenset(),
    ("staff.list_all_courses", "GET"): frozenset({"admin"}),
    ("staff.show_whole_log", "GET"): frozenset({"admin"}),
    ("staff.make_course", "POST"): frozenset({"admin"}),
}


def routes(world: World) -> list[tuple[str, str, str]]:
    """Every endpoint, method and address, with the parts of the address filled in."""
    parts = _parts(world)
    # A list, so that no request of a test runs inside this one's context.
    with world.app.test_request_context():
        return [
            (
                rule.endpoint,
                method,
                world.app.url_for(rule.endpoint, **{name: parts[name] for name in rule.arguments}),
            )
            for rule in world.app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]


def _parts(world: World) -> dict[str, object]:
    with world.database.write.begin() as session:
        submission = graded(session, world.settings.submissions, "Student", {"q1": 1.0})
        student, assignment = submission.user, submission.assignment
        instructor = session.scalars(select(User).where(User.name == "Instructor")).one()
        announcements.publish(session, instructor, assignment.course, "Exam", "In room 7.")
        comments.add(session, instructor, assignment, "q7", "Why?")
        requests.ask(session, submission, "q1", "Please look again.")
        regrades.start(session, instructor, assignment, regrades.Scope.ALL)
        rules, wished = rules_for(session, assignment, student), now() + timedelta(days=9)
        extension_requests.ask(session, assignment, student, rules, wished, "Ill.")
        session.flush()
        telling.tell_some(session, None)
        member = session.scalars(select(Membership).where(Membership.user == student)).one()
        return {
            "slug": "dl",
            "name": "xor",
            "public_id": submission.public_id,
            "question_id": "q7",
            "number": 1,
            "membership_id": member.id,
            "notice_id": session.scalars(select(Notice.id)).one(),
            "user_id": instructor.id,
            "token": "no-such-token",
            "file_name": "nothing.csv",
            "filename": "portal.css",
        }


def test_every_route_is_named_in_the_table(world: World) -> None:
    """A new route without a decision about it fails here."""
    found = {(endpoint, method) for endpoint, method, _ in routes(world)}

    assert found == set(MAY)


@pytest.mark.parametrize("who", [None, *sorted(EVERYBODY)])
def test_each_role_gets_where_it_may_and_nowhere_else(world: World, who: str | None) -> None:
    """Nobody is sent to sign in, a person without the right gets 404, others get further."""
    client = world.client(who)
    # Signing out comes last: every sign-in costs a tenth of a second.
    for endpoint, method, address in sorted(routes(world), key=lambda each: "sign_out" in each[0]):
        if method == "GET":
            answer = client.get(address)
        else:
            token = token_of(client, "/account" if who else "/sign-in")
            answer = client.post(address, data={"csrf_token": token})
        refused = answer.status_code == 404 or (
            answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?next=")
        )
        answer.close()
        assert refused == (who not in MAY[endpoint, method]), (endpoint, who, answer.status)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_no_page_links_to_what_its_reader_may_not_open(world: World, who: str) -> None:
    """Every link of every page that a role can open, tabs included, leads to a page."""
    client = world.client(who)
    links: dict[str, str] = {}
    for endpoint, method, address in routes(world):
        if (
            method == "GET"
            and endpoint != "submissions.stream_status"
            and who in MAY[endpoint, method]
        ):
            page = client.get(address)
            if page.mimetype == "text/html":
                found = re.findall(r'<a [^>]*href="([^"#]+)[^"]*"', page.text)
                links |= {html.unescape(link): endpoint for link in found}
            page.close()
    assert len(links) >= 3
    for link, endpoint in links.items():
        answer = client.get(link, follow_redirects=True)
        answer.close()
        assert answer.status_code == 200, (endpoint, link)


def test_a_grader_has_tabs_of_their_own_and_no_others(world: World) -> None:
    """People and the log are the instructors'."""
    tabs = {
        who: re.findall(
            r"<li><a [^>]*>([\w ]+)</a></li>",
            world.client(who)
            .get("/courses/dl/staff/")
            .text.split('class="tabs"')[1]
            .split("</ul>")[0],
        )
        for who in ("grader", "instructor")
    }

    assert tabs["grader"] == [
        "Overview",
        "Submissions",
        "Grading",
        "Assignments",
        "Gradebook",
        "Student view",
    ]
    assert len(tabs["instructor"]) == 10


def test_another_course_is_out_of_reach(world: World) -> None:
    """An instructor of one course is nobody in another."""
    with world.database.write.begin() as session:
        session.add(Course(slug="other", title="Another course"))

    assert world.client("instructor").get("/courses/other/").status_code == 404
    assert world.client("instructor").get("/courses/other/staff/").status_code == 404
    assert world.client("admin").get("/courses/other/staff/").status_code == 200


def test_unreleased_assignment_is_not_there_for_students(world: World) -> None:
    """Before its release a student gets 404 for page, notebook and hand-in."""
    with world.database.write.begin() as session:
        session.scalars(select(CourseAssignment)).one().release_at = None
    client = world.client("student")
    place = "/courses/dl/assignments/xor/"

    assert client.get(place).status_code == 404
    assert client.get(place + "notebook").status_code == 404
    data = {
        "csrf_token": token_of(client, "/account"),
        "notebook": (io.BytesIO(b"{}"), "a.ipynb"),
    }
    assert client.post(place + "submit", data=data).status_code == 404
    assert not world.settings.submissions.exists()
