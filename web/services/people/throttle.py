"""
Bounds guesses of passwords so that nobody can shut others out.

A try counts before its password is verified, so that many at once are not more than as many one
after another; a right one is taken back. Only those are refused who failed too often for this
account from this network, or in this browser if the person has signed in by it before, or who
signed in there again and again. What fails from elsewhere leaves others fewer mistakes, and refuses
nobody. An account that does not exist counts as one that does, so that none of it tells which there
are.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from web.db import now
from web.models import SignInAttempt, User
from web.services.errors import BusyError, TooManyError

MINUTES: Final = 15
MOST_FAILURES: Final = 10
"""For an address from one network, or in one browser."""
MOST_RIGHT: Final = 20
"""Right passwords for an address from one network, or in one browser: each takes time."""
MANY_FAILURES_OF_ADDRESS: Final = 50
"""From everywhere; from then on each network has fewer."""
MOST_FAILURES_OF_MANY: Final = 3
MOST_FAILURES_OF_SITE: Final = 100
"""For an address from one site of IPv6, which may have 65,536 networks."""
MANY_FAILURES_OF_NETWORK: Final = 100
"""For any addresses; from then on tries from there are made one after another."""
MOST_RESETS: Final = 5
"""Links that are asked for, for an address from one network."""
MOST_RESETS_OF_NETWORK: Final = 100
_LONGEST_KEY: Final = 300
_AT_ONCE: Final = timedelta(minutes=1)
# A hash takes time: networks with many failures leave some of it, and of the threads, to others.
_TURN: Final = threading.BoundedSemaphore(1)
_WAITING: Final = threading.BoundedSemaphore(5)


@dataclass(frozen=True)
class Browser:
    """
    Where somebody tries to sign in.

    Args:
        network: Its network address.
        id: Of the browser; empty if nobody has signed in by it yet.
        user_ids: Who has.
    """

    network: str
    id: str = ""
    user_ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """
    A try that counts until it is taken back.

    Args:
        key: Under which too many are refused.
        beside: Further keys under which it counts.
        waits: Whether it waits for others from networks with many failures.
    """

    key: str
    beside: Sequence[str] = ()
    waits: bool = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """
        Wait for one's turn, if the try has to.

        Raises:
            BusyError: If many others wait as well.
        """
        if not self.waits:
            yield
            return
        if not _WAITING.acquire(blocking=False):
            raise BusyError
        try:
            with _TURN:
                yield
        finally:
            _WAITING.release()


def begin(session: Session, address: str, user: User | None, browser: Browser) -> Attempt:
    """
    Count a try to sign in.

    Args:
        session: A writing session; the caller commits.
        address: As it is stored.
        user: Whose it is; ``None`` if nobody's.
        browser: Where.

    Raises:
        TooManyError: If there were too many before.
    """
    if user is not None and user.id in browser.user_ids:
        return begin_for(session, f"browser:{browser.id}|{address}")
    network, site = networks_of(browser.network)
    of_site, of_address = f"site:{site}|{address}", f"address:{address}"
    of_network = f"network:{network}"
    many = _counted(session, of_address) >= MANY_FAILURES_OF_ADDRESS
    if site != network and _counted(session, of_site) >= MOST_FAILURES_OF_SITE:
        raise _too_many()
    attempt = Attempt(
        f"pair:{network}|{address}",
        (of_site, of_address, of_network),
        waits=_counted(session, of_network) >= MANY_FAILURES_OF_NETWORK,
    )
    _count(session, attempt, MOST_FAILURES_OF_MANY if many else MOST_FAILURES)
    return attempt


def begin_for(session: Session, key: str) -> Attempt:
    """
    Count a try under a key alone.

    Raises:
        TooManyError: If there were too many before.
    """
    attempt = Attempt(key)
    _count(session, attempt, MOST_FAILURES)
    return attempt


def begin_reset(session: Session, address: str, network: str) -> None:
    """
    Count that somebody asks for a link that sets a password, whether or not there is an account.

    Raises:
        TooManyError: If there were too many before from this network.
    """
    place, _ = networks_of(network)
    _count(session, Attempt(f"reset:{place}"), MOST_RESETS_OF_NETWORK)
    _count(session, Attempt(f"reset:{place}|{address}"), MOST_RESETS)


def undo(session: Session, attempt: Attempt) -> None:
    """Let a try not count: its password was not looked at."""
    for key in (attempt.key, *attempt.beside):
        newest = select(func.max(SignInAttempt.id)).where(SignInAttempt.key == _stored(key))
        session.execute(delete(SignInAttempt).where(SignInAttempt.id == newest.scalar_subquery()))


def take_back(session: Session, attempt: Attempt) -> None:
    """Let a try not count, nor those that failed here before it: its password was right."""
    undo(session, attempt)
    session.execute(delete(SignInAttempt).where(SignInAttempt.key == _stored(attempt.key)))


def count_right(session: Session, attempt: Attempt) -> None:
    """Count that somebody has signed in by this try."""
    session.add(SignInAttempt(key=_stored(_right(attempt.key))))


def networks_of(address: str) -> tuple[str, str]:
    """
    Return the network that an address stands for, and the site that this belongs to.

    With IPv6 one line has 2^64 addresses, and a site 65,536 such networks; with IPv4 both are the
    address itself.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address, address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, ipaddress.IPv4Address):
        return str(found), str(found)
    network, site = (ipaddress.ip_network((found, bits), strict=False) for bits in (64, 48))
    return str(network), str(site)


def _count(session: Session, attempt: Attempt, most: int) -> None:
    session.execute(delete(SignInAttempt).where(_too_old()))
    if session.get_bind().dialect.name == "postgresql":
        # Two tries at once are not both the last one allowed. SQLite lets one write at a time.
        number = func.hashtextextended(attempt.key, 0)
        session.execute(select(func.pg_advisory_xact_lock(number)))
    signed_in = _counted(session, _right(attempt.key))
    if signed_in >= MOST_RIGHT or _counted(session, attempt.key) >= most:
        raise _too_many()
    keys = (attempt.key, *attempt.beside)
    session.add_all(SignInAttempt(key=_stored(key)) for key in keys)


def _too_many() -> TooManyError:
    return TooManyError(f"Too many attempts. Wait {MINUTES} minutes, then try again.")


def _right(key: str) -> str:
    return f"right:{key}"


def _stored(key: str) -> str:
    return key[:_LONGEST_KEY]


def _since() -> datetime:
    return now() - timedelta(minutes=MINUTES)


def _too_old() -> ColumnElement[bool]:
    # What seems to come from the future was counted before the clock was set back; but what others
    # count at this moment may be a little later than what we take for now.
    return or_(SignInAttempt.at < _since(), SignInAttempt.at > now() + _AT_ONCE)


def _counted(session: Session, key: str) -> int:
    counted = SignInAttempt.key == _stored(key), SignInAttempt.at >= _since()
    return session.scalar(select(func.count()).where(*counted)) or 0
