"""Correct what is written down about a person: name, student number, e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.models import User
from web.services import audit
from web.services.errors import RuleError
from web.services.people import accounts
from web.services.people.names import (
    LONGEST_NAME,
    LONGEST_NUMBER,
    clean_text,
    is_address,
    normalised,
)

_TAKEN: Final = {
    "student_number": "Somebody else already has this student number.",
    "email": "Somebody else already has this address.",
}


@dataclass(frozen=True)
class Correction:
    """
    What a person should be called, as it was typed.

    Args:
        name: May not be empty.
        student_number: Empty: none.
        email: ``None``: as it is.
    """

    name: str
    student_number: str
    email: str | None = None


class CorrectionRefused(RuleError):
    """
    Some fields will not do.

    Args:
        problems: What is wrong with which.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def correct(
    session: Session, actor: User, person: User, correction: Correction
) -> dict[str, list[str | None]]:
    """
    Correct a person; a new address ends the links that were sent to the old one.

    All courses of the person have it in their log, since all of them read the new name.

    Args:
        session: A writing session; the caller commits, or undoes all of it if it is refused.
        actor: Who, with the right to it.
        person: Whom.
        correction: What it should be.

    Returns:
        What has changed: old and new, by field.

    Raises:
        CorrectionRefused: Says of each field what is wrong.
    """
    values = _values(correction)
    problems = _problems(values)
    before = {name: getattr(person, name) for name in values}
    changed = {name: [before[name], new] for name, new in values.items() if new != before[name]}
    target = person.email
    for name in changed.keys() - problems:
        try:
            with session.begin_nested():
                setattr(person, name, values[name])
        except IntegrityError:
            problems[name] = _TAKEN[name]
    if problems:
        raise CorrectionRefused(problems)
    if "email" in changed:
        accounts.end_links(session, person)
    for each in person.memberships if changed else ():
        audit.record(
            session, actor, "person.corrected", course=each.course, target=target, changed=changed
        )
    return changed


def _values(correction: Correction) -> dict[str, str | None]:
    """Return what would be stored."""
    values: dict[str, str | None] = {
        "name": clean_text(correction.name),
        "student_number": clean_text(correction.student_number) or None,
    }
    if correction.email is not None:
        values["email"] = normalised(correction.email)
    return values


def _problems(values: Mapping[str, str | None]) -> dict[str, str]:
    problems = {}
    if not values["name"]:
        problems["name"] = "Enter a name."
    for name, longest in (("name", LONGEST_NAME), ("student_number", LONGEST_NUMBER)):
        if len(values[name] or "") > longest:
            problems[name] = f"At most {longest} characters."
    if "email" in values and not is_address(values["email"] or ""):
        problems["email"] = "Enter a valid e-mail address, such as ada@example.org."
    return problems
