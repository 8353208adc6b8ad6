"""
The words for states on pages, and the mark before them: one place for all templates.

What a verdict is called stands in `autograder.render.outcomes`; a state of the portal that means
the same takes its words from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from autograder.render.outcomes import outcome_of
from autograder.verdict import Verdict
from web.models import (
    Delivery,
    NoticeKind,
    RegradeState,
    RequestState,
    SpecialGrade,
    SubmissionState,
)
from web.services.gradebook.standing import Standing
from web.services.overview.schedule import EventKind


@dataclass(frozen=True)
class Label:
    """
    A state for people; its colour never stands alone.

    Args:
        words: What it is called.
        kind: ``"good"``, ``"bad"``, ``"wait"`` for what somebody has to do, ``"ours"`` for a
            fault of ours; empty for what is normal.
    """

    words: str
    kind: str = ""


_NOT_GRADED: Final = Label("Could not be graded", "ours")
_MANUAL: Final = Label(outcome_of(Verdict.PENDING).label, "wait")

LABELS: Final[Mapping[str, Mapping[str, Label]]] = {
    "submission": {
        SubmissionState.QUEUED: Label("Queued"),
        SubmissionState.RUNNING: Label("Grading"),
        SubmissionState.GRADED: Label("Graded", "good"),
        SubmissionState.UNUSABLE: Label("Unreadable file", "bad"),
        SubmissionState.FAILED: _NOT_GRADED,
    },
    "assignment": {
        "new": Label("Not submitted"),
        "closed": Label("Closed"),
    },
    "standing": {
        Standing.OPEN: Label("Open"),
        Standing.NOT_SUBMITTED: Label("Not submitted", "bad"),
        Standing.IN_QUEUE: Label("Grading"),
        Standing.NOT_GRADED: _NOT_GRADED,
        Standing.AWAITS_PERSON: _MANUAL,
        Standing.NOT_RELEASED: Label("Not released"),
        Standing.DAMAGED: Label("Damaged result", "ours"),
        Standing.RELEASED: Label(""),
    },
    "event": {
        EventKind.OPENS: Label("opens"),
        EventKind.DUE: Label("is due"),
        EventKind.CLOSES: Label("closes for late submissions"),
        EventKind.RESULTS: Label("shows its results"),
    },
    "notice": {
        NoticeKind.GRADED: Label("Graded by the tests"),
        NoticeKind.RELEASED: Label("Grades released"),
        NoticeKind.ANSWERED: Label("Reply to a request"),
        NoticeKind.REGRADED: Label("Points changed by corrected tests"),
        NoticeKind.DEADLINE: Label("Deadline changed"),
        NoticeKind.REMINDER: Label("Reminder a day before a deadline"),
    },
    "delivery": {
        Delivery.AT_ONCE: Label("At once"),
        Delivery.DIGEST: Label("Once a day"),
        Delivery.NONE: Label("No e-mail"),
    },
    "special_grade": {
        SpecialGrade.NO_SHOW: Label("No show", "bad"),
        SpecialGrade.WITHDRAWN: Label("Withdrawn"),
        SpecialGrade.MISCONDUCT: Label("Misconduct", "bad"),
    },
    "question": {
        "pending": _MANUAL,
    },
    "answer": {
        "graded": Label("Graded", "good"),
        "claimed": Label("In progress", "wait"),
        "open": Label("Ungraded"),
    },
    "release": {
        "tests_only": Label("Graded by tests"),
        "nothing": Label("Nothing graded yet"),
        "not_released": Label("Not released", "wait"),
        "released": Label("Released", "good"),
    },
    "request": {
        RequestState.OPEN: Label("Open", "wait"),
        RequestState.ACCEPTED: Label("Accepted", "good"),
        RequestState.DECLINED: Label("Declined", "bad"),
    },
    "extension_request": {
        RequestState.OPEN: Label("Open", "wait"),
        RequestState.ACCEPTED: Label("Granted", "good"),
        RequestState.DECLINED: Label("Declined", "bad"),
    },
    "regrade": {
        RegradeState.OPEN: Label("Not published yet", "wait"),
        RegradeState.PUBLISHED: Label("Published", "good"),
        RegradeState.DISCARDED: Label("Discarded"),
    },
}


def label_of(what: str, state: str) -> Label:
    """
    Return what a state is called on pages.

    Args:
        what: Of what it is a state, such as ``"submission"``.
        state: Which.
    """
    return LABELS[what][state]


ACTIONS: Final[Mapping[str, str]] = {
    "account.link_requested": "Link for a new password requested",
    "account.link_used": "Link used",
    "account.password_changed": "Password changed",
    "account.signed_in": "Signed in",
    "account.signed_out": "Signed out",
    "announcement.changed": "Announcement changed",
    "announcement.deleted": "Announcement deleted",
    "announcement.published": "Announcement published",
    "answer.graded": "Answer graded",
    "answer.undone": "Grade of an answer undone",
    "answer.taken_over": "Answer taken over",
    "assignment.rules_changed": "Assignment settings changed",
    "assignment.taken_up": "Assignment added",
    "assignment.uploaded": "Assignment uploaded",
    "assignment.version_discarded": "Waiting version discarded",
    "assignment.version_waits": "New version waits for its validation",
    "assignment.updated": "Assignment updated to a new version",
    "comment.kept": "Comment saved",
    "course.archived": "Course archived",
    "course.copied": "Course copied",
    "course.deleted": "Course deleted",
    "course.late_days_changed": "Late days changed",
    "course.made": "Course created",
    "course.reopened": "Course reopened",
    "course.settings_changed": "Course settings changed",
    "grade_rules.changed": "Grade settings changed",
    "grades.withdrawn": "Grades hidden again",
    "grading.rules_changed": "Grading settings changed",
    "grading.shared": "Answers assigned to graders",
    "instructor.named": "Instructor invited",
    "line_comment.deleted": "Comment on a line deleted",
    "line_comment.written": "Comment on a line written",
    "link.made": "Link created",
    "marks.exported": "Scores exported",
    "marks.previewed": "Export previewed",
    "person.deactivated": "Account deactivated",
    "person.merged": "Accounts merged",
    "person.reactivated": "Account reactivated",
    "person.upload_right_changed": "Right to upload assignments changed",
    "portal.changed": "Portal settings changed",
    "person.corrected": "Person edited",
    "points.change_removed": "Original points restored",
    "points.changed": "Points adjusted",
    "roster.previewed": "Roster import previewed",
    "roster.refused": "Roster refused",
    "roster.taken_in": "Roster imported",
    "rubric.changed": "Rubric changed",
    "second_marking.changed": "Second marking changed",
    "second_marking.graded": "Second grade given",
    "second_marking.settled": "Two grades settled",
    "submission.downloaded": "Notebooks downloaded",
    "submission.retried": "Grading retried",
}


def action_words(action: str) -> str:
    """Return what an action in the activity log is called; others speak for themselves."""
    return ACTIONS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()
