"""Settings of the portal, from the environment; secrets are made at first start."""

from __future__ import annotations

import ipaddress
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from autograder.errors import InputError
from web.mail import MailServer

MEGABYTE: Final = 2**20
SESSION_HOURS: Final = 12
_PREFIX: Final = "AUTOGRADER_"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Settings:
    """
    All settings; ``docs/operators.md`` explains each, under the name ``AUTOGRADER_<NAME>``.

    Args:
        data: Folder of the database, submissions, snapshots and the secret.
        database_url: SQLAlchemy's URL; SQLite in the data folder by default.
        assignment_folders: Where an instructor finds assignments to import.
        secret_key: Signs sessions; kept in a file that only its owner can read.
        https: Whether browsers reach the portal by HTTPS: cookies become secure, HSTS is sent.
        trusted_proxies: How many proxies in front set ``X-Forwarded-*``.
        public_url: Where browsers reach the portal, such as ``https://portal.example.org``; begins
            every absolute link. Empty: as the browser says.
        trusted_hosts: Further names by which it may be asked for; ``*`` stands for any.
        max_upload_bytes: The largest submission.
        workers: Grading workers of `autograder serve`.
        mail_server: Who takes the portal's e-mail; ``None``: it sends none.
    """

    data: Path
    database_url: str
    assignment_folders: tuple[Path, ...]
    secret_key: str = field(repr=False)
    https: bool = False
    trusted_proxies: int = 0
    public_url: str = ""
    trusted_hosts: frozenset[str] = frozenset()
    max_upload_bytes: int = 30 * MEGABYTE
    workers: int = 1
    mail_server: MailServer | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment; makes the data folder and the secret if they are not there."""
        data, database_url = places()
        make_private(data)
        folders = _get("ASSIGNMENTS", "assignments").split(os.pathsep)
        public_url = _address(_get("PUBLIC_URL", ""))
        return cls(
            data=data,
            database_url=database_url,
            assignment_folders=tuple(Path(folder).resolve() for folder in folders),
            secret_key=secret_from_file(data / "secret"),
            https=_get("HTTPS", "1" if public_url.startswith("https:") else "0") == "1",
            trusted_proxies=_number("TRUSTED_PROXIES", 0),
            public_url=public_url,
            trusted_hosts=frozenset(_get("TRUSTED_HOSTS", "").lower().replace(",", " ").split()),
            max_upload_bytes=_number("MAX_UPLOAD_MB", 30) * MEGABYTE,
            workers=_number("WORKERS", max(1, os.cpu_count() or 1)),
            mail_server=_mail_server(public_url),
        )

    @property
    def submissions(self) -> Path:
        """Folder of the submitted bytes, exactly as they came."""
        return self.data / "submissions"

    @property
    def snapshots(self) -> Path:
        """Folder of the imported versions of assignments, each under its hash."""
        return self.data / "snapshots"

    def answers_to(self, host: str) -> bool:
        """
        Return whether the portal answers who asks for this host, whatever the port.

        By this machine's own names only programs on it get here, or a proxy that passes no name.
        """
        name = _host_of(f"//{host}") or ""
        known = name != "" and name in {_host_of(self.public_url), *self.trusted_hosts}
        return known or is_own_name(name) or "*" in self.trusted_hosts


def places() -> tuple[Path, str]:
    """Return the data folder and the database's URL, as the environment says; makes neither."""
    data = Path(_get("DATA", "var")).resolve()
    return data, _get("DATABASE_URL", f"sqlite:///{data / 'portal.sqlite3'}")


def make_private(folder: Path) -> None:
    """
    Make a folder that only its owner can enter; one that others can enter is closed.

    Raises:
        InputError: If it cannot be made, closed or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & _OTHERS:
            folder.chmod(0o700)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made a folder that only its owner can enter: {error.strerror}"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{folder}: cannot be written to by the user that runs the portal")


def is_own_name(host: str) -> bool:
    """Return whether a name or an address is this machine's own, which no other one reaches."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _get(name: str, default: str) -> str:
    return os.environ.get(f"{_PREFIX}{name}", default)


def _address(text: str) -> str:
    """Return scheme and host of the public address; empty if there is none."""
    address = text.rstrip("/")
    scheme, _, host = address.partition("://")
    if address and not (
        scheme in ("http", "https") and _host_of(address) and not set(host) & set("/?#@ ")
    ):
        raise InputError(
            f"{_PREFIX}PUBLIC_URL={text}: is not an address such as https://portal.example.org"
        )
    return address.lower()


def _mail_server(public_url: str) -> MailServer | None:
    """
    Return who takes the portal's e-mail, if the settings name somebody.

    Raises:
        InputError: If they cannot be used, or links in messages would lead nowhere.
    """
    url = _get("SMTP_URL", "")
    if not url:
        return None
    if not public_url:
        raise InputError(
            f"{_PREFIX}PUBLIC_URL is not set: e-mail needs it, since its links begin with it"
        )
    return MailServer.from_url(url, _get("MAIL_FROM", ""))


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _number(name: str, default: int) -> int:
    text = _get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{_PREFIX}{name}={text}: is not a whole number") from None


def secret_from_file(path: Path) -> str:
    """Read the secret, or make one that only the file's owner can read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_hex(32)
        file.write(secret)
    return secret
