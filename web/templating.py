"""What templates have besides their view's facts: filters, and who reads and may do what."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask

from autograder.render.findings import label
from web.http import actor, db, in_archive, portal
from web.log_words import LogFact, facts_of
from web.models import AuditEntry, Course, Membership, Submission
from web.policy import Action, Resource, allowed
from web.rendering import (
    markdown,
    markdown_deep,
    markdown_line,
    markdown_page,
    markdown_part,
)
from web.services import lookup
from web.services.courses.deadlines import duration
from web.services.notices import inbox
from web.services.overview.waiting import Waiting, waiting
from web.services.submissions.advice import advice
from web.words import action_words, label_of

_NOTHING: Final = "\u2013"
_MINUS: Final = "\u2212"
_MOMENT: Final = "%a %-d %b %Y, %H:%M"
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*(?:[+-]\d\d:\d\d|Z)")
_HASH: Final = re.compile("[0-9a-f]{64}")


def add_to(app: Flask) -> None:
    """Let an application's templates use what stands here."""
    filters: tuple[Callable[..., Any], ...] = (
        action_words, advice, duration, initials, log_facts, logged, markdown, markdown_deep,
        markdown_line, markdown_page, markdown_part, moment, points, question_name,
        rounded_duration, short_moment,
    )  # fmt: skip
    for each in filters:
        app.add_template_filter(each)
    about_reader: tuple[Callable[..., Any], ...] = (
        courses_of_reader, label_of, may, name_of, names_shown, person, sends_mail, unread_notices,
        waiting_in,
        courses_of_reader, in_archive, label_of, may, name_of, names_shown, person, waiting_in,
    )  # fmt: skip
    for function in about_reader:
        app.add_template_global(function)


def points(tenths: int | None) -> str:
    """Write tenths of points as people do: 12, 7.5."""
    return _NOTHING if tenths is None else f"{tenths / 10:g}".replace("-", _MINUS)


def moment(value: datetime | None, zone: str) -> str:
    """Write a moment in a course's time zone."""
    return _NOTHING if value is None else value.astimezone(ZoneInfo(zone)).strftime(f"{_MOMENT} %Z")


def short_moment(value: datetime | None, zone: str) -> str:
    """Write a moment for a column whose caption names the zone."""
    return _NOTHING if value is None else value.astimezone(ZoneInfo(zone)).strftime(_MOMENT)


def logged(value: str, zone: str) -> str:
    """Write a value of the activity log: a moment as everywhere, a hash by its beginning."""
    if _ISO.fullmatch(value):
        return short_moment(datetime.fromisoformat(value), zone)
    return value[:7] if _HASH.fullmatch(value) else value


def log_facts(entry: AuditEntry, zone: str) -> Sequence[LogFact]:
    """Return the details of an entry of the activity log, with moments in a time zone."""
    return facts_of(entry, lambda value: logged(value, zone))


def question_name(question_id: str) -> str:
    """Name a question as the report does."""
    return f"Question {label(question_id)}"


def rounded_duration(seconds: int) -> str:
    """Write how long it is till something in full hours, and the last hour in minutes."""
    return duration(seconds - seconds % 3600 if seconds > 3600 else seconds)


def initials(name: str) -> str:
    """Return the letters that stand for somebody: of the first and of the last name."""
    words = name.split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def courses_of_reader() -> Sequence[Membership]:
    """Return the reader's courses, between which each page of a course leads."""
    user = actor()
    return lookup.courses_of(db(), user) if user is not None else []


def may(action: str, resource: Resource) -> bool:
    """Return whether the reader may do something, so that no page offers what answers 404."""
    return allowed(db(), actor(), Action(action), resource)


def sends_mail() -> bool:
    """Return whether the portal sends e-mail, so that no page offers what never comes."""
    return portal().settings.mail_server is not None


def unread_notices() -> int:
    """Return how much the reader was told and has not read, for the bell in the bar."""
    user = actor()
    return 0 if user is None else inbox.unread(db(), user)


def waiting_in(course: Course) -> Waiting:
    """Return what waits for a course's staff, for its tabs."""
    ungraded = portal().ungraded.of_course(db(), course)
    return waiting(db(), course, ungraded, instructs=may(Action.MANAGE_COURSE, course))


def person(submission: Submission) -> str:
    """Name whose submission it is, on pages that grade; hidden where the assignment says so."""
    return submission.label if submission.assignment.anonymous_grading else submission.user.name


def names_shown(submission: Submission) -> bool:
    """Return whether a page may say whose a submission is; its student reads their own."""
    user = actor()
    own = user is not None and user.id == submission.user_id
    hides = submission.assignment.anonymous_grading
    return own or not hides or may(Action.SEE_NAMES, submission)


def name_of(submission: Submission) -> str:
    """Name whose submission it is, on pages beside grading, to those who may know."""
    return submission.user.name if names_shown(submission) else submission.label
