"""What a use case refuses, in words for the person who asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


class RuleError(Exception):
    """The portal's rules do not allow it; the text says why and what to do next."""


class TooManyError(RuleError):
    """Somebody asks again and again; nobody is harmed if the answer takes a moment."""


class MistakesError(RuleError):
    """
    What is wrong with a form, all of it at once.

    Args:
        problems: A sentence for each field that is not right, by its name.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class BusyError(Exception):
    """Others ask for so much of the same that this cannot be done now; later it can."""


@contextmanager
def refuse_duplicates(session: Session, reason: str) -> Iterator[None]:
    """
    Refuse a row that is there already, also if somebody else adds it at the same moment.

    Args:
        session: A writing session, to which the row is added inside.
        reason: In words for the person who asked.

    Raises:
        RuleError: If a constraint of the database does not take it.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError:
        raise RuleError(reason) from None
