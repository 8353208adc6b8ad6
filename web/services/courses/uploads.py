"""
An assignment that comes as an archive, by people whom an admin has given that right.

Every member is checked before anything is written, and the folder that comes of them is loaded and
built in a process of its own first, which may use so much time and memory and no more. Its tests
run where those of all assignments do: in the examiner's sandbox.
"""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from autograder.files import UNFINISHED
from web.models import User
from web.services.errors import RuleError
from web.services.turns import Turns

MOST_MEMBERS: Final = 500
MOST_BYTES: Final = 100 * 2**20
"""Of all files together, unpacked."""
DEEPEST: Final = 8
LONGEST_PART: Final = 100
CHECK_SECONDS: Final = 90.0
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
)
_NAME: Final = re.compile(r"[^\W_][\w -]*")
_PIECE: Final = 2**16
# What systems add by themselves, and nobody means to send.
_NOT_MEANT: Final = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})
_TURNS: Final = Turns("You are uploading an assignment already. Wait until it has been read.")


@contextmanager
def unpacked(archive: IO[bytes], actor: User, place: Path) -> Iterator[Path]:
    """
    Unpack an archive, checked, for as long as it takes to import what is in it.

    Args:
        archive: A ZIP file with one folder in it, the assignment's. Nothing in it is trusted.
        actor: Who sent it; one archive of theirs is read at a time.
        place: Where it is unpacked to.

    Yields:
        The assignment's folder.

    Raises:
        RuleError: If it is no such archive, holds something else than ordinary files, or too much,
            or is an assignment that takes too long to read.
    """
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        _TURNS.turn(actor.id),
        tempfile.TemporaryDirectory(dir=place, prefix=UNFINISHED) as temporary,
    ):
        folder = _unpack(archive, Path(temporary))
        _check_alone(folder)
        yield folder


def _unpack(archive: IO[bytes], target: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = dict(_members(opened))
            name = _common_folder(list(members))
            left = MOST_BYTES
            for path, member in members.items():
                left = _write(opened, member, target / path, left)
    except _DAMAGED as error:
        # Untrusted: whatever is wrong with it, `zipfile` says so by one of these.
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the archive's
        raise RuleError(
            "This is no ZIP archive, or a damaged one. Pack the assignment's folder as a .zip file."
        ) from None
    return target / name


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """Return the files of an archive by where they go, each checked; folders follow from them."""
    if len(archive.infolist()) > MOST_MEMBERS:
        raise RuleError(f"The archive has more than {MOST_MEMBERS} members.")
    seen: set[str] = set()
    folders: set[str] = set()
    for member in archive.infolist():
        path = _checked_path(member.filename)
        if member.is_dir() or any(part in _NOT_MEANT or part[0] == "." for part in path.parts):
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise RuleError(f"“{path}” in the archive is a link, or no ordinary file.")
        if member.flag_bits & _ENCRYPTED:
            raise RuleError("The archive is encrypted. Pack it without a password.")
        if member.compress_type not in _METHODS:
            raise RuleError("The archive is compressed in an unusual way. Pack it as a plain .zip.")
        key, above = _key(path), {_key(each) for each in path.parents}
        if key in seen | folders or above & seen:
            raise RuleError(f"“{path}” is in the archive twice.")
        seen.add(key)
        folders |= above
        yield path, member


def _key(path: PurePosixPath) -> str:
    """Return what two paths have in common that are one file on some systems."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _checked_path(name: str) -> PurePosixPath:
    """
    Return where a member goes.

    Raises:
        RuleError: If that is outside of where the archive is unpacked, or no plain name.
    """
    parts = name.removesuffix("/").split("/")
    plain = all(
        part not in ("", ".", "..")
        and len(part) <= LONGEST_PART
        and part.isprintable()
        and not set(part) & set('\\:"<>|?*')
        for part in parts
    )
    if not plain or len(parts) > DEEPEST:
        shown = "".join(letter for letter in name if letter.isprintable())[:60]
        raise RuleError(f"“{shown}” in the archive has a name that cannot be used.")
    return PurePosixPath(*parts)


def _common_folder(paths: list[PurePosixPath]) -> str:
    tops = {path.parts[0] for path in paths}
    if len(tops) != 1 or any(len(path.parts) == 1 for path in paths):
        raise RuleError(
            "The archive must hold one folder, the assignment's, with everything else in it."
        )
    name = tops.pop()
    # Files that have names of ours stand beside it.
    if _NAME.fullmatch(name) is None:
        raise RuleError(
            f"The folder is called “{name}”. Give it, and its notebook, a name of letters, digits, "
            "spaces, “-” and “_” that begins with a letter or digit."
        )
    return name


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write a file; returns how many bytes may follow, whatever headers say of sizes."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with archive.open(member) as source, target.open("xb") as file:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise RuleError(
                    f"The files of the archive are larger than {MOST_BYTES // 2**20} MB together."
                )
            file.write(piece)
    return left


def _check_alone(folder: Path) -> None:
    """
    Load and build an assignment in a process of its own, so that no file can stop the portal.

    Raises:
        RuleError: If it is broken, or takes too much time or memory.
    """
    command = [sys.executable, "-m", "web.services.courses.upload_process", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603  # our own program
            command, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuleError("Reading this assignment takes too long. Make it smaller.") from None
    if done.returncode != 0:
        reason = done.stdout.strip().replace(f"{folder.parent}/", "")
        if not reason:
            raise RuleError("Reading this assignment takes too much time or memory.")
        raise RuleError(f"This assignment is broken: {reason[:1000]}")
