"""Accounts: passwords, invitations and resets, throttled sign-in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from web.config import SESSION_HOURS
from web.db import Database, now
from web.models import BrowserSession, Invitation, Membership, User
from web.services import audit
from web.services.errors import BusyError, RuleError, TooManyError
from web.services.people import hashing, throttle
from web.services.people.names import normalised
from web.services.people.throttle import Browser
from web.services.people.tokens import digest, new_token
from web.services.turns import Turns

INVITATION_DAYS: Final = 14
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1000
_AT_ONCE: Final = Turns("Somebody is signing in to this account right now. Try again in a moment.")
_NOT_VALID: Final = (
    "This link is no longer valid. If you have already set your password, sign in with it. Ask "
    "your instructor for a new link otherwise."
)


class SignInRefused(RuleError):
    """
    One message for every reason, so that it does not tell which accounts exist.

    Args:
        message: In words for the person.
        too_many: Whether they try again and again.
    """

    def __init__(self, message: str, *, too_many: bool = False) -> None:
        super().__init__(message)
        self.too_many = too_many


def sign_in(
    database: Database, email: str, password: str, network: str, browser: Browser | None = None
) -> User:
    """
    Check an e-mail address and a password; nobody waits for the database meanwhile.

    Args:
        database: Written to before the password is verified, and afterwards.
        email: As typed.
        password: As typed.
        network: The browser's network address.
        browser: What is known of the browser beside it.

    Raises:
        SignInRefused: If they do not belong together, or there were too many failures.
        BusyError: If many try at once; the try does not count then.
    """
    address = normalised(email)
    here = browser or Browser(network)
    # Others in the same network know no browser of the account's: they hold no turn of theirs.
    place = "its own browsers" if _knows(database, here, address) else network
    try:
        with _AT_ONCE.turn((place, address)):
            return _sign_in(database, address, password, here)
    except TooManyError as error:
        raise SignInRefused(str(error), too_many=True) from None


def _knows(database: Database, browser: Browser, address: str) -> bool:
    """Return whether the person whose address it is has signed in by this browser."""
    if not browser.user_ids:
        return False
    with database.read() as session:
        query = select(User.id).where(User.email == address, User.active.is_(True))
        return session.scalar(query) in browser.user_ids


def _sign_in(database: Database, address: str, password: str, browser: Browser) -> User:
    with database.write.begin() as session:
        known = session.scalar(select(User).where(User.email == address, User.active.is_(True)))
        attempt = throttle.begin(session, address, known, browser)
    stored = known.password_hash if known and known.password_hash else hashing.NOBODY
    try:
        with attempt.turn():
            matches = _is_right(stored, password)
        renewed = hashing.hashed(password) if matches and hashing.is_outdated(stored) else stored
    except BusyError:
        _undo(database, attempt)
        raise
    if known is not None and matches:
        with database.write.begin() as session:
            user = session.get_one(User, known.id)
            # Whoever was locked out or got a new password meanwhile does not get in by the old one.
            if user.active and user.password_hash == stored:
                throttle.take_back(session, attempt)
                throttle.count_right(session, attempt)
                user.password_hash = renewed
                _record(session, user, "signed_in")
                return user
    raise SignInRefused("Wrong e-mail address or password.")


def set_password(user: User, password: str) -> None:
    """
    Set a password and end all sessions of this person.

    Raises:
        RuleError: If it is too short, too long, or the person's own address.
    """
    _set_hash(user, checked_hash(user, password))


def checked_hash(user: User, password: str) -> str:
    """
    Return the hash of a new password; it takes a while, in which no transaction may be open.

    Raises:
        RuleError: If it is too short, too long, or the person's own address.
        BusyError: If many passwords are hashed at the moment.
    """
    _check(user, password)
    return hashing.hashed(password)


def _check(user: User, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise RuleError(f"The password must have at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise RuleError(f"The password can have at most {LONGEST_PASSWORD} characters.")
    if password.lower() in (user.email, user.name.lower()):
        raise RuleError("Do not use your name or address as the password. Choose another one.")


def change_password(database: Database, user: User, current: str, password: str) -> User:
    """
    Change somebody's own password; all of their sessions end.

    Args:
        database: Written to once both passwords are hashed.
        user: Whose, as they were read.
        current: The present password.
        password: The new one.

    Raises:
        RuleError: If the current one is wrong or was too often, or the new one will not do.
        BusyError: If many passwords are hashed at the moment; the try does not count then.
    """
    _check(user, password)
    stored = user.password_hash
    with database.write.begin() as session:
        # A browser that was left open lets nobody try all passwords.
        attempt = throttle.begin_for(session, f"account:{user.id}")
    try:
        if stored is None or not _is_right(stored, current):
            raise RuleError("The current password is wrong.")
        hashed = hashing.hashed(password)
    except BusyError:
        _undo(database, attempt)
        raise
    with database.write.begin() as session:
        person = session.get_one(User, user.id)
        if person.password_hash != stored:
            raise RuleError("The current password is wrong.")
        throttle.take_back(session, attempt)
        _end_password_links(session, person)
        _set_hash(person, hashed)
        ended = end_sessions(session, person)
        _record(session, person, "password_changed", sessions_ended=ended)
        return person


def invite(
    session: Session, user: User, created_by: User | None, membership: Membership | None = None
) -> str:
    """
    Make a link's token by which somebody sets a password; earlier unused links end.

    Args:
        session: A writing session; the caller commits.
        user: For whom.
        created_by: By whom; ``None`` for the operator.
        membership: Whose offered role the link accepts; a password that is there stays.

    Returns:
        The token; it is not stored and cannot be shown again.
    """
    end_links(session, user)
    return _invite(session, user, created_by, membership)


def invite_all(session: Session, users: Sequence[User], created_by: User) -> list[str]:
    """Make a token for each of several people, as `invite` does for one."""
    end_links_of(session, users)
    return [_invite(session, user, created_by) for user in users]


def _invite(
    session: Session, user: User, created_by: User | None, membership: Membership | None = None
) -> str:
    token = new_token()
    session.add(
        Invitation(
            user_id=user.id,
            token_hash=digest(token),
            membership_id=membership.id if membership else None,
            created_by_id=created_by.id if created_by else None,
            expires_at=now() + timedelta(days=INVITATION_DAYS),
        )
    )
    return token


def end_links(session: Session, user: User) -> None:
    """End somebody's links that have not been used."""
    end_links_of(session, [user])


def end_links_of(session: Session, users: Sequence[User]) -> None:
    """End the links of several people that have not been used."""
    ids = [user.id for user in users]
    unused = Invitation.used_at.is_(None)
    session.execute(delete(Invitation).where(Invitation.user_id.in_(ids), unused))


def _end_password_links(session: Session, user: User) -> None:
    """End somebody's links that set a password; a role that a course offers stays offered."""
    unused = Invitation.used_at.is_(None), Invitation.membership_id.is_(None)
    session.execute(delete(Invitation).where(Invitation.user_id == user.id, *unused))


def invited(session: Session, token: str) -> User:
    """
    Return whom an invitation is for.

    Raises:
        RuleError: If the link is wrong, used or too old, or does not set this person's password.
    """
    return _invitation_for_password(session, token).user


def accept(database: Database, token: str, password: str) -> User:
    """
    Use an invitation: set the password.

    Raises:
        RuleError: If the link or the password will not do.
    """
    with database.read() as session:
        invitee = invited(session, token)
    hashed = checked_hash(invitee, password)
    with database.write.begin() as session:
        invitation = _invitation_for_password(session, token)
        user = invitation.user
        _set_hash(user, hashed)
        if invitation.membership_id is None:
            use(invitation)
        _end_password_links(session, user)
        made_by = session.get(User, invitation.created_by_id or 0)
        _record(
            session,
            user,
            "link_used",
            made_by=made_by.email if made_by else None,
            sessions_ended=end_sessions(session, user),
            **({"self_requested": True} if invitation.self_requested else {}),
        )
        return user


def begin_session(session: Session, user: User) -> str:
    """
    Begin a session of a browser's.

    Args:
        session: A writing session; the caller commits.
        user: Who has signed in.

    Returns:
        The token that the browser shows from now on; only its hash is stored.
    """
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at < now()))
    token = new_token()
    expires_at = now() + timedelta(hours=SESSION_HOURS)
    session.add(BrowserSession(user_id=user.id, token_hash=digest(token), expires_at=expires_at))
    return token


def end_session(session: Session, token: str) -> None:
    """End a session; a copy of its cookie is of no use any more."""
    found = session.scalar(select(BrowserSession).where(BrowserSession.token_hash == digest(token)))
    if found is not None:
        _record(session, session.get_one(User, found.user_id), "signed_out")
        session.delete(found)


def end_sessions(session: Session, user: User) -> int:
    """End all sessions of somebody; returns how many there were."""
    own = select(BrowserSession).where(BrowserSession.user_id == user.id)
    going_on = session.scalars(own.where(BrowserSession.expires_at > now())).all()
    for each in going_on:
        session.delete(each)
    return len(going_on)


def _record(session: Session, user: User, what: str, **details: Any) -> None:
    audit.record(session, user, f"account.{what}", target=user.email, **details)


def user_by_session_key(session: Session, key: str, token: str) -> User | None:
    """Return whose session this is; nobody's after its end, a new password, or a closed account."""
    return session.scalar(
        select(User)
        .join(BrowserSession, BrowserSession.user_id == User.id)
        .where(
            User.session_key == key,
            User.active.is_(True),
            BrowserSession.token_hash == digest(token),
            BrowserSession.expires_at > now(),
        )
    )


def use(invitation: Invitation) -> None:
    """Let a link be used up."""
    invitation.used_at = now()


def open_invitation(session: Session, token: str) -> Invitation:
    """
    Return what a link stands for.

    Raises:
        RuleError: If the link is wrong, used or too old.
    """
    invitation = session.scalar(select(Invitation).where(Invitation.token_hash == digest(token)))
    if invitation is None or invitation.used_at is not None or invitation.expires_at < now():
        raise RuleError(_NOT_VALID)
    return invitation


def _invitation_for_password(session: Session, token: str) -> Invitation:
    invitation = open_invitation(session, token)
    if invitation.membership_id is not None and invitation.user.password_hash is not None:
        raise RuleError(_NOT_VALID)
    return invitation


def _set_hash(user: User, hashed: str) -> None:
    user.password_hash = hashed
    user.session_key = secrets.token_hex(16)


def _undo(database: Database, attempt: throttle.Attempt) -> None:
    with database.write.begin() as session:
        throttle.undo(session, attempt)


def _is_right(stored: str, password: str) -> bool:
    return hashing.matches(stored, password[: LONGEST_PASSWORD + 1])
