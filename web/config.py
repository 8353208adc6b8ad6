"""Settings of the portal, from the environment; secrets are made at first start."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from autograder.errors import InputError

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
        max_upload_bytes: The largest submission.
        workers: Grading workers of `autograder serve`.
    """

    data: Path
    database_url: str
    assignment_folders: tuple[Path, ...]
    secret_key: str = field(repr=False)
    https: bool = False
    trusted_proxies: int = 0
    max_upload_bytes: int = 30 * MEGABYTE
    workers: int = 1

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment; makes the data folder and the secret if they are not there."""
        data, database_url = places()
        make_private(data)
        folders = _get("ASSIGNMENTS", "assignments").split(os.pathsep)
        return cls(
            data=data,
            database_url=database_url,
            assignment_folders=tuple(Path(folder).resolve() for folder in folders),
            secret_key=secret_from_file(data / "secret"),
            https=_get("HTTPS", "0") == "1",
            trusted_proxies=_number("TRUSTED_PROXIES", 0),
            max_upload_bytes=_number("MAX_UPLOAD_MB", 30) * MEGABYTE,
            workers=_number("WORKERS", max(1, os.cpu_count() or 1)),
        )

    @property
    def submissions(self) -> Path:
        """Folder of the submitted bytes, exactly as they came."""
        return self.data / "submissions"

    @property
    def snapshots(self) -> Path:
        """Folder of the imported versions of assignments, each under its hash."""
        return self.data / "snapshots"


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


def _get(name: str, default: str) -> str:
    return os.environ.get(f"{_PREFIX}{name}", default)


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
