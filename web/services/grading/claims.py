"""Who reads which answer now, so that two graders do not tread on each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web.db import now
from web.models import GradingClaim, Submission, User

CLAIM_MINUTES: Final = 5


def take(
    session: Session, grader: User, submission: Submission, question_id: str, *, force: bool = False
) -> bool:
    """
    Claim an answer, or renew one's claim; false if somebody else holds it.

    Args:
        session: A writing session; the caller commits.
        grader: For whom.
        submission: Where the answer stands.
        question_id: Of the written question.
        force: Whether to take it from whoever holds it.
    """
    expires_at = now() + timedelta(minutes=CLAIM_MINUTES)
    free = or_(GradingClaim.grader_id == grader.id, GradingClaim.expires_at <= now())
    taken = session.execute(
        update(GradingClaim)
        .where(
            GradingClaim.submission_id == submission.id,
            GradingClaim.question == question_id,
            *([] if force else [free]),
        )
        .values(grader_id=grader.id, expires_at=expires_at)
    )
    if taken.rowcount == 1:  # type: ignore[attr-defined]  # an update's result has it
        return True
    try:
        with session.begin_nested():
            session.add(
                GradingClaim(
                    submission_id=submission.id,
                    question=question_id,
                    grader_id=grader.id,
                    expires_at=expires_at,
                )
            )
    except IntegrityError:
        return False
    return True


def drop(session: Session, grader: User, submission: Submission, question_id: str) -> None:
    """Give up one's claim, if one holds it."""
    session.execute(
        delete(GradingClaim).where(
            GradingClaim.submission_id == submission.id,
            GradingClaim.question == question_id,
            GradingClaim.grader_id == grader.id,
        )
    )


def present(
    session: Session, submission_ids: Sequence[int], question_id: str, at: datetime | None = None
) -> dict[int, GradingClaim]:
    """Return the claims on answers to a question that have not ended, by submission."""
    wanted = set(submission_ids)
    rows = session.scalars(
        select(GradingClaim).where(
            GradingClaim.question == question_id, GradingClaim.expires_at > (at or now())
        )
    ).all()
    return {row.submission_id: row for row in rows if row.submission_id in wanted}
