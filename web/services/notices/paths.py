"""Where pages are, for messages: what writes them knows nothing of HTTP. A test compares them."""

from __future__ import annotations

from urllib.parse import quote

from web.models import CourseAssignment, Submission


def of_assignment(assignment: CourseAssignment) -> str:
    """Return the path of an assignment's page for students."""
    return f"/courses/{assignment.course.slug}/assignments/{quote(assignment.name)}/"


def of_submission(submission: Submission) -> str:
    """Return the path of a submission's page for its student."""
    return f"/submissions/{submission.public_id}/"


def of_invitation(token: str) -> str:
    """Return the path of the page that sets a password."""
    return f"/invitation/{token}"


def of_role(token: str) -> str:
    """Return the path of the page that accepts a role."""
    return f"/role/{token}"


def of_choices() -> str:
    """Return the path of the page on which people choose what they get."""
    return "/account/notices"


def of_unsubscribing(token: str) -> str:
    """Return the path by which somebody who is not signed in wants no more of a kind."""
    return f"/unsubscribe/{token}"
