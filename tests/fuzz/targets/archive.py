"""Any file is unpacked, into its folder and no more than it names, or refused as no backup."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from autograder.errors import InputError
from web.backup.archive import MANIFEST, Manifest, Member, extract

MAX_BYTES = 8192
IS_JSON = False
_BLOCK = 512
_GZIP = b"\x1f\x8b"


def seeds() -> Iterator[bytes]:
    """Return a whole archive, damaged ones, and members that are no files."""
    body = b"{}\n"
    members = [
        Member(name, len(body), hashlib.sha256(body).hexdigest())
        for name in ("database/user.jsonl", "files/a")
    ]
    manifest = Manifest("2026-01-01", "0001", {"user": 1}, tuple(members)).as_json()
    whole = _tar([(MANIFEST, manifest, b"0"), *((member.name, body, b"0") for member in members)])
    yield whole
    yield gzip.compress(whole)[:-9]
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE):
        yield _tar([(MANIFEST, manifest, b"0"), (members[0].name, body, kind)])
    yield _tar([(MANIFEST, manifest.replace(b"files/a", b"../../a"), b"0")])
    yield _tar([("pax", b"20 path=manifest.jso\n", b"x"), (MANIFEST, manifest, b"0")])
    yield _tar([("././@LongLink", MANIFEST.encode() + b"\0", b"L"), ("a", manifest, b"0")])


def _tar(entries: list[tuple[str, bytes, bytes]]) -> bytes:
    file = io.BytesIO()
    for name, body, kind in entries:
        header = tarfile.TarInfo(name)
        header.size, header.type = len(body), kind
        file.write(header.tobuf() + body + bytes(-len(body) % _BLOCK))
    return file.getvalue()


def check(data: bytes) -> None:
    """Unpack it, as it is or with the sums of its headers put right, as an attacker would."""
    with tempfile.TemporaryDirectory(prefix="autograder-fuzz-") as outer:
        folder = Path(outer, "folder")
        folder.mkdir()
        file = Path(outer, "file")
        file.write_bytes(data if data[:2] == _GZIP else gzip.compress(_with_sums(data), 1))
        with suppress(InputError):
            manifest = extract(file, folder)
            named = {member.name: member.size_bytes for member in manifest.members}
            assert {
                str(path.relative_to(folder)): path.lstat().st_size
                for path in folder.rglob("*")
                if not path.is_dir() or path.is_symlink()
            } == named
        assert {path.name for path in Path(outer).iterdir()} == {"folder", "file"}
        unpacked = [path for path in folder.rglob("*") if not path.is_dir()]
        assert not [path for path in unpacked if path.is_symlink() or not path.is_file()]


def _with_sums(data: bytes) -> bytes:
    """Put the sum of each header right that the sizes before it lead to."""
    mended, at = bytearray(data), 0
    while at + _BLOCK <= len(mended):
        header = mended[at : at + _BLOCK]
        total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
        mended[at + 148 : at + 156] = b"%06o\0 " % total
        digits = bytes(header[124:136]).strip(b" \0")
        size = int(digits, 8) if digits and not digits.strip(b"01234567") else 0
        at += _BLOCK + size + -size % _BLOCK
    return bytes(mended)
