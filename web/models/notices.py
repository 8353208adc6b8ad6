"""What people are told: in the portal, by e-mail, and what of it they wish to get."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from web.db import Base, Word, now
from web.models.courses import CourseAssignment
from web.models.people import Invitation, User
from web.models.submissions import Submission


class NoticeKind(enum.StrEnum):
    """What happened."""

    GRADED = "graded"
    """The tests have graded a submission."""
    RELEASED = "released"
    """What people gave can be seen."""
    ANSWERED = "answered"
    """Somebody has replied to a request."""
    REGRADED = "regraded"
    """Corrected tests have changed the points of a submission."""
    DEADLINE = "deadline"
    """The reader's own deadline has moved."""
    REMINDER = "reminder"
    """A deadline is near, and nothing has been submitted."""


class Delivery(enum.StrEnum):
    """How somebody gets notices of a kind by e-mail; the portal shows all of them."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    """Once a day, all together."""
    NONE = "none"


class Notice(Base):
    """
    Something to tell somebody; written with what happened, told once its reader may know it.

    It goes with what it is about: with the course, the assignment, the submission, the person.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_waiting", "told_at", "look_at"),
        Index("ix_notice_reader", "user_id", "read_at"),
        Index("ix_notice_assignment", "assignment_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    assignment_id: Mapped[int] = mapped_column(
        ForeignKey("course_assignment.id", ondelete="CASCADE")
    )
    submission_id: Mapped[int | None] = mapped_column(
        ForeignKey("submission.id", ondelete="CASCADE")
    )
    before: Mapped[datetime | None]
    """The reader's deadline before it moved."""
    key: Mapped[str | None] = mapped_column(String(100), unique=True)
    """Of what is told once only."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    look_at: Mapped[datetime] = mapped_column(default=now)
    """When to look next whether its reader may know it."""
    told_at: Mapped[datetime | None]
    """Since when it is told; ``None``: it waits, and nobody sees it."""
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(String(300), default="")
    """Of the page that it leads to."""
    read_at: Mapped[datetime | None]
    digest_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the digest goes that it belongs to; ``None``: to none that is still to be sent."""
    user: Mapped[User] = relationship(lazy="joined")
    assignment: Mapped[CourseAssignment] = relationship(lazy="joined")
    submission: Mapped[Submission | None] = relationship()


class NoticeChoice(Base):
    """How somebody wishes to get a kind of notices; no row: as is usual for the kind."""

    __tablename__ = "notice_choice"
    __table_args__ = (UniqueConstraint("user_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    delivery: Mapped[Delivery] = mapped_column(Word(Delivery))


class MailKind(enum.StrEnum):
    """What a message is."""

    NOTICE = "notice"
    DIGEST = "digest"
    INVITATION = "invitation"
    """Brings a link that staff have made; the link is made when the message goes."""
    RESET = "reset"
    """Brings a link that its reader has asked for; likewise."""


class MailState(enum.StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """A worker hands it over."""
    SENT = "sent"
    FAILED = "failed"
    """It was refused for good, or too often."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was taken; it is not sent again."""


class Mail(Base):
    """
    A message to be sent, or one that was: written in the transaction of what it tells.

    Where it brings a link it holds no token: whoever reads the database, or a backup, gets none.
    """

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_queue", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(
        String(32), unique=True, default=lambda: uuid.uuid4().hex
    )
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    """To whom, at their address when it goes; ``None``: an address that nobody has, since asking
    for a link takes as long for one as for another."""
    kind: Mapped[MailKind] = mapped_column(Word(MailKind))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    invitation_id: Mapped[int | None] = mapped_column(
        ForeignKey("invitation.id", ondelete="CASCADE")
    )
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[MailState] = mapped_column(Word(MailState), default=MailState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime] = mapped_column(default=now)
    """When to try next; of one that is being sent, since when."""
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(300), default="")
    """Why it was not taken the last time."""
    user: Mapped[User | None] = relationship(lazy="joined")
    notice: Mapped[Notice | None] = relationship()
    invitation: Mapped[Invitation | None] = relationship()
