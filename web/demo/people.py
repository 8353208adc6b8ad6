"""The people of the demo; nobody is called like this."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from web.models import Course, Role, User
from web.services.people import accounts, roles, roster, roster_file

PASSWORD: Final = "try-the-portal"  # noqa: S105  # of a portal that is thrown away
ADMIN: Final = ("admin@example.org", "Alma Admin")
INSTRUCTOR: Final = ("instructor@example.org", "Iris Instructor")
GRADER: Final = ("grader@example.org", "Gus Grader")
STUDENTS: Final = (
    "Ada Example",
    "Ben Beispiel",
    "Clara Sample",
    "Dario Esempio",
    "Ella Ejemplo",
    "Finn Exemple",
    "Greta Mustermann",
    "Hugo Placeholder",
    "Ida Specimen",
    "Jonas Testfall",
    "Kira Muster",
    "Luca Anybody",
)


def address(name: str) -> str:
    """Return a student's e-mail address."""
    return f"{name.partition(' ')[0].lower()}@example.org"


def make_person(session: Session, email: str, name: str, *, admin: bool = False) -> User:
    """Make an account."""
    user = User(email=email, name=name, is_admin=admin)
    session.add(user)
    session.flush()
    return user


def enrol(session: Session, instructor: User, course: Course) -> dict[str, User]:
    """Take in the roster and the grader as an instructor would; returns students by first name."""
    lines = ["email,name,student number,section"]
    for number, name in enumerate(STUDENTS):
        section = "Monday" if number % 2 else "Thursday"
        lines.append(f"{address(name)},{name},{4_000_001 + number * 37},{section}")
    students = roster_file.parse_roster("\n".join(lines))
    grader = roster_file.parse_roster(f"email,name\n{GRADER[0]},{GRADER[1]}")
    taken = roster.take_in(session, instructor, course, students, Role.STUDENT)
    for each in roster.take_in(session, instructor, course, grader, Role.GRADER).offered:
        roles.take(session, each)
    slow = taken.added[4]
    roster.change(session, instructor, slow, role=Role.STUDENT, time_multiplier=1.5, active=True)
    return {each.user.name.partition(" ")[0]: each.user for each in taken.added}


def give_password(session: Session) -> None:
    """Give everybody the one password; hashed once, since a hash takes a tenth of a second."""
    users = session.scalars(select(User)).all()
    accounts.set_password(users[0], PASSWORD)
    for user in users[1:]:
        user.password_hash = users[0].password_hash
