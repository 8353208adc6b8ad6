"""People of a course, and admins' courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from web.blueprints.resources import course_for, membership_in
from web.blueprints.staff.blueprint import bp
from web.blueprints.staff.confirmation import UnconfirmedError, confirmed
from web.blueprints.staff.form_fields import number_field
from web.blueprints.staff.mailing import by_mail, send
from web.http import absolute_url, db, portal, require, signed_in, writing
from web.models import Course, Membership, Role, User
from web.policy import Action, allowed, correctable
from web.services import audit, lookup
from web.services.courses import courses
from web.services.courses.moved_deadlines import telling_in_course
from web.services.csv_cells import disarmed, write_csv
from web.services.errors import RuleError
from web.services.grading import rule_effects
from web.services.grading.rule_effects import RuleEffect
from web.services.people import accounts, groups, roles, roster, roster_file
from web.services.people.mailed_links import MOST_INVITATIONS

ROSTER_BYTES: Final = 500_000
PAGE_ROWS: Final = 100
_ENOUGH: Final = (
    f"{MOST_INVITATIONS} links have been sent to this person within a day. Create a link here, and "
    "give it to them another way."
)
FILTERS: Final = ("section", "label", "person")


@dataclass(frozen=True)
class Link:
    """An invitation link, shown once."""

    user: User
    address: str


@dataclass(frozen=True)
class RosterForm:
    """
    The form that adds people.

    Args:
        text: The roster, as it came.
        role: What its people are to be.
        changes: What would be done; ``None`` if that was not asked for.
        error: Why nothing was done.
    """

    text: str = ""
    role: str = ""
    changes: Sequence[roster.RosterChange] | None = None
    error: str = ""


@dataclass(frozen=True)
class UnsavedChange:
    """A change of somebody's place that waits to be confirmed, since it reaches marks."""

    membership: Membership
    effect: RuleEffect


@bp.get("/courses/<slug>/staff/people/")
def list_people(slug: str) -> str:
    """Show a course's people."""
    course = course_for(slug, Action.MANAGE_ROSTER)
    return _people_page(course, [])


@bp.post("/courses/<slug>/staff/people/roster")
def import_roster(slug: str) -> str | tuple[str, int]:
    """
    Add people from a CSV file or pasted text; shows links for those without a password.

    What would be done is shown first, and done when it comes again with ``confirmed``.
    """
    course = course_for(slug, Action.MANAGE_ROSTER)
    text = _roster_text()
    try:
        role = _role()
        rows = roster_file.parse_roster(text)
        if request.form.get("confirmed") != "1":
            with portal().database.write.begin() as session:
                roster.record_preview(session, signed_in(), course, len(rows))
            return _people_page(
                course, [], RosterForm(text, role, roster.preview(db(), course, rows))
            )
        _check(course, rows)
    except RuleError as error:
        return _people_page(
            course, [], RosterForm(text, error=f"{error} Nothing was changed.")
        ), 400
    try:
        links = _take_in(course, rows, role)
    except RuleError as error:
        return _people_page(course, [], RosterForm(text, error=str(error))), 400
    return _people_page(course, links)


def _check(course: Course, rows: Sequence[roster_file.RosterRow]) -> None:
    try:
        with portal().database.read() as session:
            roster.check(session, course, rows)
    except RuleError as error:
        with portal().database.write.begin() as session:
            roster.record_refusal(session, signed_in(), course, error)
        raise


def _take_in(course: Course, rows: Sequence[roster_file.RosterRow], role: Role) -> list[Link]:
    """Take a roster in, in portions; returns the links of those who need one."""
    links: dict[int, Link] = {}
    added = known = sent = 0
    for portion in roster.portions(rows):
        with writing() as session:
            result = roster.take_in(session, signed_in(), course, portion, role)
            refused = {user: _why_no_link(user, course) for user in result.invited}
            open_to_us = [user for user, reason in refused.items() if not reason]
            if by_mail():
                sent += send(session, open_to_us, result.offered)
            else:
                links |= {link.user.id: link for link in _links(session, open_to_us)}
                links |= {each.user_id: _role_link(session, each) for each in result.offered}
        for user, reason in refused.items():
            if reason:
                flash(f"{user.name} has no password yet. {reason}", "error")
        added, known = added + len(result.added), known + len(result.known)
    flash(f"{added} added, {known} already in the course.", "good")
    if sent:
        flash(f"{sent} invitation{'s are' if sent != 1 else ' is'} sent by e-mail.", "good")
    return list(links.values())


@bp.post("/courses/<slug>/staff/people/<row:membership_id>")
def change_membership(slug: str, membership_id: int) -> Response | str:
    """Change somebody's role, time multiplier, section, labels, or whether they are active."""
    course = course_for(slug, Action.MANAGE_ROSTER)
    membership = membership_in(course, membership_id)
    before = membership.offered_role
    multiplier = number_field("time_multiplier", "Time multiplier", empty=1.0) or 1.0
    roster.check_multiplier(multiplier)
    placed = groups.Groups(
        groups.parse_section(request.form.get("section", membership.section or "")),
        groups.parse_labels(request.form.get("label_list", ",".join(membership.labels))),
    )
    try:
        with writing() as session:
            effect = rule_effects.effect_of_multiplier(session, membership, multiplier)
            # A time multiplier moves the deadlines of its student.
            with telling_in_course(session, course, [membership.user_id]):
                roster.change(
                    session,
                    signed_in(),
                    membership,
                    role=_role(),
                    time_multiplier=multiplier,
                    active=request.form.get("active") == "1",
                    groups=placed,
                    effect=effect.as_details(),
                )
            # Only what may be saved at all asks to be confirmed.
            confirmed(effect)
            offer = membership.offered_role
            links = [] if offer in (None, before) else [_role_link(session, membership)]
    except UnconfirmedError as unconfirmed:
        return _people_page(course, [], unsaved=UnsavedChange(membership, unconfirmed.effect))
    flash("Changed.", "good")
    if links:
        return _people_page(course, links)
    return redirect(url_for("staff.list_people", slug=slug), code=303)


@bp.post("/courses/<slug>/staff/people/<row:membership_id>/link")
def make_link(slug: str, membership_id: int) -> str:
    """Make a link by which somebody accepts a role, else one that sets a password; shown once."""
    course = course_for(slug, Action.MANAGE_ROSTER)
    membership = membership_in(course, membership_id)
    user = membership.user
    with writing() as session:
        audit.record(session, signed_in(), "link.made", course=course, target=user.email)
        offered = membership.offered_role is not None
        if not offered:
            _refuse_stronger(user, course)
        if by_mail():
            if not send(session, [] if offered else [user], [membership] if offered else []):
                raise RuleError(_ENOUGH)
            links = []
            flash(f"The link is sent to {user.email}.", "good")
        else:
            links = [_role_link(session, membership)] if offered else _links(session, [user])
    return _people_page(course, links)


@bp.get("/admin/courses/")
def list_all_courses() -> str:
    """Show all courses, and the form that makes one."""
    require(Action.ADMINISTER, None)
    return _courses_page([])


@bp.post("/admin/courses/")
def make_course() -> str | tuple[str, int]:
    """Create a course and name its instructor; shows the instructor's link."""
    admin = require(Action.ADMINISTER, None)
    form = request.form
    try:
        with writing() as session:
            slug, title, zone = (form.get(name, "") for name in ("slug", "title", "time_zone"))
            course = courses.make_course(session, admin, slug, title, zone)
            email, name = form.get("email", ""), form.get("name", "")
            instructor = courses.name_instructor(session, admin, course, email, name)
            links = [_role_link(session, instructor)] if instructor.offered_role else []
    except RuleError as error:
        return _courses_page([], form, str(error)), 400
    flash(f"“{course.title}” created.", "good")
    return _courses_page(links)


def _courses_page(
    links: list[Link], typed: Mapping[str, str] = MappingProxyType({}), error: str = ""
) -> str:
    """Render the page; with an error, what was typed stays."""
    return render_template(
        "staff/courses.html",
        courses=lookup.all_courses(db()),
        links=links,
        typed=typed,
        error=error,
    )


def _people_page(
    course: Course,
    links: list[Link],
    form: RosterForm = RosterForm(),
    unsaved: UnsavedChange | None = None,
) -> str:
    everybody = roster.members(db(), course)
    section, label, person = (request.args.get(name, "")[:100] for name in FILTERS)
    found = groups.named(groups.in_groups(everybody, section, label), person)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    members = found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    return render_template(
        "staff/people.html",
        course=course,
        members=members,
        sections=groups.sections_of(everybody),
        labels=groups.labels_of(everybody),
        shown={"section": section, "label": label, "person": person},
        everybody=len(everybody),
        total=len(found),
        page=page,
        pages=pages,
        correctable=[each.id for each in correctable(db(), signed_in(), members)],
        links=links,
        links_csv=_as_csv(links),
        form=form,
        unsaved=unsaved,
        typed=request.form if unsaved else {},
    )


def _roster_text() -> str:
    upload = request.files.get("file")
    # Untrusted: whoever exported it chose encoding, separators and quotes.
    data = upload.stream.read(ROSTER_BYTES + 1) if upload else b""
    if len(data) > ROSTER_BYTES:
        # Cut off, it would be a roster without its last people, and nobody would notice.
        raise RuleError(f"The roster is larger than {ROSTER_BYTES // 1000} kB.")
    return _decoded(data) or request.form.get("text", "")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets on Windows write CSV in the system's own encoding, unless told otherwise.
        return data.decode("cp1252", "replace")


def _links(session: Session, users: Sequence[User]) -> list[Link]:
    tokens = accounts.invite_all(session, users, signed_in())
    page = "account.show_invitation"
    return [
        Link(user, absolute_url(page, token=token))
        for user, token in zip(users, tokens, strict=True)
    ]


def _role_link(session: Session, membership: Membership) -> Link:
    token = roles.offer_link(session, membership, signed_in())
    return Link(membership.user, absolute_url("account.show_role", token=token))


def _as_csv(links: list[Link]) -> str:
    # Untrusted: names come from a roster, and spreadsheets run what looks like a formula.
    rows = [[disarmed(each.user.email), disarmed(each.user.name), each.address] for each in links]
    return write_csv([["email", "name", "link"], *rows], mark=False).decode()


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise RuleError("Choose a role.") from None


def _refuse_stronger(user: User, course: Course) -> None:
    reason = _why_no_link(user, course)
    if reason:
        raise RuleError(reason)


def _why_no_link(user: User, course: Course) -> str:
    """
    Explain why one may make no link for somebody; empty if one may.

    A link is as good as a password, so nobody may make one that reaches beyond their courses. Who
    has no password yet has nothing to lose in a course as a student, but as staff has.
    """
    me = signed_in()
    if user.is_admin and not me.is_admin:
        return "Only an admin can create a link for an admin."
    if user.may_upload and not me.is_admin:
        return "This person may upload assignments; ask an admin for the link."
    beyond = [
        each
        for each in user.memberships
        if each.course_id != course.id and not allowed(db(), me, Action.MANAGE_ROSTER, each.course)
    ]
    if beyond and user.password_hash is not None:
        return "This person is also in courses of other instructors; ask an admin for the link."
    if any(each.role is not Role.STUDENT or each.offered_role for each in beyond):
        return "This person is on the staff of other courses; ask an admin for the link."
    return ""
