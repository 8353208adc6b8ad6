"""
The archive: a tar file, compressed by gzip, whose first member says what the others are.

    manifest.json          the schema's revision; name, size and SHA-256 of every other member
    database/TABLE.jsonl   a table's rows
    files/…                the data folder: submissions, snapshots, secrets
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, Self

from autograder.errors import InputError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE, FILES = "database", "files"
_MAX_MANIFEST_BYTES: Final = 256 * 2**20
_MAX_DEPTH: Final = 32
_MAX_SIZE: Final = 2**62
_SHA256: Final = re.compile("[0-9a-f]{64}")
_MAX_HEADER_BYTES: Final = 2**16
_CHUNK: Final = 2**20
_UNREADABLE: Final = (tarfile.TarError, zlib.error, EOFError, OSError)


@dataclass(frozen=True)
class Member:
    """A file of the archive: its name, size and SHA-256."""

    name: str
    size_bytes: int
    sha256: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """
        Read what stands in a manifest.

        Raises:
            InputError: If it names a place outside.
            ValueError: If it is no member.
        """
        member = cls(**data)
        _check_name(member.name)
        if not _is_count(member.size_bytes) or not _SHA256.fullmatch(member.sha256):
            raise ValueError(f"{member.name!r} has no size or no SHA-256")
        return member


@dataclass(frozen=True)
class Manifest:
    """
    What an archive holds.

    Args:
        made_at: When its rows were read, in UTC.
        revision: Of the database's schema.
        rows: How many, by table.
        members: All other files of the archive, in its order.
    """

    made_at: str
    revision: str
    rows: dict[str, int]
    members: tuple[Member, ...]

    def as_json(self) -> bytes:
        """Return what stands in the archive."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """
        Read what stands in an archive.

        Raises:
            InputError: If it is not what `as_json` writes, or names a place outside.
        """
        try:
            # Untrusted: whoever holds the archive can write anything into it.
            document = json.loads(data)
            if document["format"] != FORMAT:
                raise InputError(f"this backup has format {document['format']!r}, not {FORMAT}")
            members = tuple(Member.from_json(each) for each in document["members"])
            rows = dict(document["rows"].items())
            if not all(map(_is_count, rows.values())):
                raise ValueError("a number of rows is none")
            made_at = datetime.fromisoformat(document["made_at"]).isoformat()
            return cls(made_at, str(document["revision"]), rows, members)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"the backup's manifest cannot be read: {error}") from None


def member_of(name: str, path: Path) -> Member:
    """Describe a file as a member of the archive."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Member(name, file.tell(), digest)


def write(file: IO[bytes], manifest: Manifest, sources: Mapping[str, Path]) -> None:
    """Write an archive from the files that its manifest names."""
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as tar:
        head = manifest.as_json()
        tar.addfile(_header(MANIFEST, len(head)), io.BytesIO(head))
        for member in manifest.members:
            with sources[member.name].open("rb") as source:
                tar.addfile(_header(member.name, member.size_bytes), source)


def extract(path: Path, folder: Path) -> Manifest:
    """
    Unpack an archive into an empty folder; nothing that its manifest does not name.

    Raises:
        InputError: If it is no backup, or is damaged, or was tampered with.
    """
    try:
        # tarfile's own reader of gzip stumbles over the end of a file in its header.
        with gzip.open(path) as file, _open(file) as tar:
            return _extract(tar, folder)
    except (*_UNREADABLE, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as a backup: {error}") from None


class _PlainMember(tarfile.TarInfo):
    """A member as `write` makes them, with a name of any length."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """
        Read a header, before what follows it is looked at.

        Raises:
            tarfile.ReadError: If it is of a kind that no backup has.
        """
        member = super().frombuf(buf, encoding, errors)
        # Untrusted: tarfile stumbles over maps of sparse files, and takes all that extends a header
        # into memory, which may be gigabytes of nothing.
        extends = not member.isreg() and member.size > _MAX_HEADER_BYTES
        if extends or member.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError(f"{member.name!r} is no plain file")
        return member


def _open(file: gzip.GzipFile) -> tarfile.TarFile:
    # As a stream: what comes is checked before anything after it is looked at.
    return tarfile.open(fileobj=file, mode="r|", tarinfo=_PlainMember)


def _extract(tar: tarfile.TarFile, folder: Path) -> Manifest:
    # Untrusted: an archive may hold links, devices, names with "..", and more than it says.
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        raise InputError("the file is no backup: its manifest does not come first")
    if first.size > _MAX_MANIFEST_BYTES:
        raise InputError("the backup's manifest is too large")
    manifest = Manifest.from_json(_reader(tar, first).read())
    _check_room(manifest, folder)
    missing = {member.name: member for member in manifest.members}
    while (found := tar.next()) is not None:
        member = missing.pop(found.name, None)
        if member is None:
            raise InputError(f"the manifest does not name {found.name!r}, or only once")
        if not found.isreg() or found.issparse():
            raise InputError(f"{found.name!r} is no plain file")
        if found.size != member.size_bytes:
            raise InputError(f"{found.name!r} has not the size that the manifest names")
        _copy(_reader(tar, found), folder / found.name, member)
    if missing:
        raise InputError(f"{len(missing)} files are missing, {next(iter(missing))!r} among them")
    return manifest


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MAX_SIZE


def _check_name(name: str) -> None:
    # Folders are made and removed one inside the other, which has an end.
    path = PurePosixPath(name)
    plain = str(path) == name and not path.is_absolute() and ".." not in path.parts
    plain = plain and len(path.parts) <= _MAX_DEPTH and name.isprintable()
    if not plain or path.parts[0] not in (DATABASE, FILES):
        raise InputError(f"the manifest names {name!r}, which is no place in a backup")


def _check_room(manifest: Manifest, folder: Path) -> None:
    needed = sum(member.size_bytes for member in manifest.members)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(f"{needed} bytes are needed, and {free} are free")


def _reader(tar: tarfile.TarFile, found: tarfile.TarInfo) -> IO[bytes]:
    reader = tar.extractfile(found)
    if reader is None:
        raise InputError(f"{found.name!r} is no plain file")
    return reader


def _copy(reader: IO[bytes], target: Path, member: Member) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != member.sha256:
        raise InputError(f"{member.name!r} is damaged: its SHA-256 is not the manifest's")


def _header(name: str, size_bytes: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size_bytes, 0o600
    return header
