"""Backup and restore: every row and every byte, or a refusal that leaves nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from autograder.cli import main
from tests.web.conftest import PEOPLE, World
from web.db import open_database
from web.models import (
    AuditEntry,
    CourseAssignment,
    Mail,
    MailKind,
    MailState,
    Result,
    Submission,
    User,
)
from web.services.notices import outgoing
from web.services.overview.system import LAST_BACKUP, last_backup
from web.services.submissions import submitting
from web.setup import upgrade

NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command of `autograder` on a data folder."""

    def run(data: Path, *arguments: object) -> int:
        monkeypatch.setenv("AUTOGRADER_DATA", str(data))
        monkeypatch.delenv("AUTOGRADER_DATABASE_URL", raising=False)
        return main([str(argument) for argument in arguments])

    return run


def submit(world: World, number: int) -> str:
    """One attempt, each with bytes of its own; returns the public id."""
    content = json.dumps({**NOTEBOOK, "metadata": {"number": number, "name": "Zoë ✓"}}).encode()
    with world.database.write.begin() as session:
        assignment = session.scalars(select(CourseAssignment)).one()
        assignment.attempts_per_hour = None
        user = session.scalars(select(User).where(User.email == PEOPLE["student"][0])).one()
        submission = submitting.submit(
            session, world.settings.submissions, user, assignment, "a.ipynb", content
        )
        return submission.public_id


def grade(world: World, public_id: str) -> None:
    """A result with what JSON can hold: no value, null, nesting, order of keys."""
    with world.database.write.begin() as session:
        submission = session.query(Submission).filter_by(public_id=public_id).one()
        result = Result(
            submission_id=submission.id,
            snapshot_id=submission.snapshot_id,
            score_tenths=75,
            question_tenths={"q2": 25, "q1": None},
            staff_view={"z": None, "a": [1, 2.5, "é\n"], "b": {"c": True}},
            student_view={},
            notebook='{"cells": []}',
            seconds=0.1 + 0.2,
        )
        session.add(result)
        session.flush()
        submission.result, submission.state, submission.progress = result, "graded", None
        session.add(AuditEntry(action="x", details={"from": None}))


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as SQLite stores it, types of the cells included."""
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {}
        for (name,) in names:
            columns = [each[1] for each in connection.execute(f'PRAGMA table_info("{name}")')]
            cells = ", ".join(f'"{column}", typeof("{column}")' for column in columns)
            found[name] = sorted(connection.execute(f'SELECT {cells} FROM "{name}"'), key=repr)
    connection.close()
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the database's own, and what is said of the backup itself."""
    left_out = ("portal.sqlite3", LAST_BACKUP)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(left_out)
    }


def test_every_row_and_byte_comes_back(
    world: World, command: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A restored portal is the same portal: cells with their types, files, the secret."""
    place = tmp_path_factory.mktemp("other")
    data = world.settings.data
    (data / "secret").write_text("s" * 64)
    (data / "snapshots" / "tmp").mkdir()
    (data / "snapshots" / "tmp" / "tmp_values.csv").write_text("1,2")
    for number in range(3):
        grade(world, submit(world, number))

    assert command(data, "backup", place / "portal.tar.gz") == 0
    assert command(place / "new", "restore", place / "portal.tar.gz") == 0

    noted = last_backup(data)
    assert noted is not None
    assert (noted.file, noted.complete) == (str(place / "portal.tar.gz"), True)
    assert rows(place / "new" / "portal.sqlite3") == rows(data / "portal.sqlite3")
    assert len(rows(data / "portal.sqlite3")["result"]) == 3
    assert files(place / "new") == files(data)
    assert len([name for name in files(data) if name.startswith("submissions/")]) == 3
    assert any(name.startswith("snapshots/") for name in files(data))


def test_messages_that_waited_are_not_sent_by_the_restored_portal(
    world: World, command: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """They may have gone since the backup was made."""
    place = tmp_path_factory.mktemp("other")
    with world.database.write.begin() as session:
        for state in MailState:
            session.add(Mail(kind=MailKind.DIGEST, user_id=4, state=state))
    command(world.settings.data, "backup", place / "portal.tar.gz")

    command(place / "new", "restore", place / "portal.tar.gz")

    database = open_database(f"sqlite:///{place / 'new' / 'portal.sqlite3'}")
    with database.read() as session:
        found = {each.state for each in session.scalars(select(Mail))}
        assert not outgoing.any_due(session)
    database.engine.dispose()
    assert found == {MailState.SENT, MailState.FAILED, MailState.UNKNOWN}


def test_archive_and_what_comes_of_it_are_for_the_owner_only(
    world: World, command: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Secrets and marks are in it, so nobody else may read archive, folder or files."""
    place = tmp_path_factory.mktemp("other")
    (world.settings.data / "secret").write_text("s" * 64)
    command(world.settings.data, "backup", place / "portal.tar.gz")
    command(place / "new", "restore", place / "portal.tar.gz")

    for path in (place / "portal.tar.gz", place / "new", place / "new" / "secret"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_backup_while_a_writer_is_at_work_is_one_state(
    world: World, command: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rows are of one moment, and each submission among them has its file with its bytes."""
    place = tmp_path_factory.mktemp("other")
    started, over = threading.Event(), threading.Event()

    def write() -> None:
        for number in range(10_000):
            submit(world, number)
            started.set()
            if over.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert started.wait(20)
        for number in range(3):
            assert command(world.settings.data, "backup", place / f"{number}.tar.gz") == 0
    finally:
        over.set()
        writer.join(20)
    counts = []
    for number in range(3):
        assert command(place / f"{number}", "restore", place / f"{number}.tar.gz") == 0
        counts.append(check_state(place / f"{number}"))
    with world.database.read() as session:
        assert 0 < counts[0] < (session.scalar(select(func.count(Submission.id))) or 0)


def check_state(data: Path) -> int:
    """Attempts are numbered without a gap, and files are exactly those of the rows."""
    database = open_database(f"sqlite:///{data / 'portal.sqlite3'}")
    with database.read() as session:
        found = session.scalars(select(Submission).order_by(Submission.number)).all()
        assert [each.number for each in found] == list(range(1, len(found) + 1))
        for each in found:
            stored = submitting.stored_file(data / "submissions", each).read_bytes()
            assert hashlib.sha256(stored).hexdigest() == each.sha256
    database.engine.dispose()
    assert len(list((data / "submissions").rglob("*.ipynb"))) == len(found)
    return len(found)


def test_missing_file_is_told_and_the_rest_is_saved(
    world: World,
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A backup of a damaged portal is still made; its exit code and a line say what lacks."""
    lost = submit(world, 1)
    (world.settings.submissions / lost[:2] / f"{lost}.ipynb").unlink()

    assert command(world.settings.data, "backup", tmp_path / "b.tar.gz") == 3
    assert f"the file of submission {lost} is missing" in capsys.readouterr().err
    assert (tmp_path / "b.tar.gz").is_file()


def test_older_schema_is_brought_forward(command: Callable[..., int], tmp_path: Path) -> None:
    """A backup made before a migration is restored to the present schema."""
    old = tmp_path / "old"
    old.mkdir()
    upgrade(f"sqlite:///{old / 'portal.sqlite3'}", "0001")
    with sqlite3.connect(old / "portal.sqlite3") as connection:
        connection.execute(
            "INSERT INTO course (slug, title, time_zone, created_at)"
            " VALUES ('dl', 'Deep learning', 'Europe/Berlin', '2026-01-01 00:00:00.000000')"
        )
    connection.close()

    assert command(old, "backup", tmp_path / "b.tar.gz") == 0
    assert command(tmp_path / "new", "restore", tmp_path / "b.tar.gz") == 0

    upgrade(f"sqlite:///{old / 'portal.sqlite3'}")
    assert rows(tmp_path / "new" / "portal.sqlite3") == rows(old / "portal.sqlite3")


def test_place_that_is_not_empty_is_left_alone(
    world: World, command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither data that is there nor a backup that is there is written over."""
    data = world.settings.data
    assert command(data, "backup", tmp_path / "b.tar.gz") == 0
    before = (tmp_path / "b.tar.gz").read_bytes()

    assert command(data, "backup", tmp_path / "b.tar.gz") == 2
    assert command(data, "restore", tmp_path / "b.tar.gz") == 2
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "b.tar.gz").read_bytes() == before


Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def good_members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The members of a small backup."""
    data = tmp_path_factory.mktemp("good")
    upgrade(f"sqlite:///{data / 'portal.sqlite3'}")
    (data / "secret").write_text("s" * 64)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AUTOGRADER_DATA", str(data))
        assert main(["backup", str(data / "b.tar.gz")]) == 0
    with tarfile.open(data / "b.tar.gz") as tar:
        return [(each, (tar.extractfile(each) or io.BytesIO()).read()) for each in tar]


def archive(path: Path, members: Members) -> None:
    """Pack members."""
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))


def plain(name: str, data: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    """A member as it should be."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def special(name: str, kind: bytes, size: int = 0) -> tuple[tarfile.TarInfo, bytes]:
    """A link, a device or what extends a header in the place of a member."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, "/etc/passwd", size
    return info, bytes(size)


def sparse_file_without_its_map() -> bytes:
    """An archive that ends where the map of a sparse file is to go on."""
    info = tarfile.TarInfo("files/a")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    header[148:156] = b"%06o\0 " % total
    return gzip.compress(header, mtime=0)


def named(members: Members, name: str) -> Members:
    """Let the manifest name one more file."""
    manifest = json.loads(members[0][1])
    entry = {"name": name, "size_bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    manifest["members"].append(entry)
    return [plain("manifest.json", json.dumps(manifest).encode()), *members[1:]]


def edited(members: Members, /, **changes: object) -> Members:
    """Change the manifest."""
    manifest = json.loads(members[0][1]) | changes
    return [plain("manifest.json", json.dumps(manifest).encode()), *members[1:]]


def changed_last(members: Members) -> Members:
    """Change one byte of the last file."""
    info, data = members[-1]
    return [*members[:-1], plain(info.name, bytes([data[0] ^ 1]) + data[1:])]


def planted(members: Members, name: str) -> Members:
    """Add a file, with a manifest that names it."""
    return [*named(members, name), plain(name)]


def member_with(members: Members, /, **changes: object) -> Members:
    """Change what the manifest says of the last file."""
    manifest = json.loads(members[0][1])
    manifest["members"][-1] |= changes
    return edited(members, members=manifest["members"])


def with_rows(members: Members, content: bytes, table: str = "user") -> Members:
    """Put rows into a table, with a manifest that fits."""
    manifest, name = json.loads(members[0][1]), f"database/{table}.jsonl"
    for each in manifest["members"]:
        if each["name"] == name:
            each["size_bytes"] = len(content)
            each["sha256"] = hashlib.sha256(content).hexdigest()
    manifest["rows"][table] = content.count(b"\n")
    others = [each for each in members[1:] if each[0].name != name]
    head = plain("manifest.json", json.dumps(manifest).encode())
    return [head, plain(name, content), *others]


def with_user(members: Members, /, **cells: object) -> Members:
    """Put one person into the backup, with some of their cells changed."""
    row = dict.fromkeys(User.__table__.columns.keys()) | {
        "id": 1,
        "email": "ada@example.org",
        "name": "Ada",
        "student_number": None,
        "password_hash": None,
        "is_admin": False,
        "may_upload": False,
        "active": True,
        "session_key": "0" * 32,
        "created_at": "2026-01-01T00:00:00",
    }
    return with_rows(members, json.dumps(row | cells).encode() + b"\n")


def test_rows_that_are_put_in_come_back(
    good_members: Members, command: Callable[..., int], tmp_path: Path
) -> None:
    """The refusals below are for the cells that are changed there."""
    archive(tmp_path / "good.tar.gz", with_user(good_members))

    assert command(tmp_path / "new", "restore", tmp_path / "good.tar.gz") == 0
    assert len(rows(tmp_path / "new" / "portal.sqlite3")["user"]) == 1


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda m: [*m, plain("files/more")], "does not name"),
        (lambda m: [*m, m[-1]], "or only once"),
        (lambda m: [*named(m, "files/../../evil"), plain("files/../../evil")], "no place"),
        (lambda m: [*named(m, "/evil"), plain("/evil")], "no place"),
        (lambda m: [*named(m, "evil"), plain("evil")], "no place"),
        (lambda m: [*named(m, "files/l"), special("files/l", tarfile.SYMTYPE)], "no plain file"),
        (lambda m: [*named(m, "files/l"), special("files/l", tarfile.LNKTYPE)], "no plain file"),
        (lambda m: [*named(m, "files/l"), special("files/l", tarfile.CHRTYPE)], "no plain file"),
        (lambda m: [*named(m, "files/l"), special("files/l", tarfile.DIRTYPE)], "no plain file"),
        (lambda m: [*m, special("files/l", tarfile.XHDTYPE, 70_000)], "no plain file"),
        (lambda m: [*m, special("files/l", tarfile.GNUTYPE_LONGNAME, 70_000)], "no plain file"),
        (lambda m: [*named(m, "files/l"), plain("files/l", b"xx")], "size"),
        (
            lambda m: [*named(m, "files/portal.sqlite3"), plain("files/portal.sqlite3")],
            "there already",
        ),
        (changed_last, "damaged"),
        (lambda m: m[:-1], "missing"),
        (lambda m: m[1:], "manifest does not come first"),
        (lambda m: edited(m, format=2), "format 2"),
        (lambda m: edited(m, revision="9999"), "newer release"),
        (lambda m: edited(m, rows={}), "not those of its schema"),
        (lambda m: edited(m, members=5), "cannot be read"),
        (lambda m: edited(m, members=[{"name": "files/secret", "size_bytes": "1"}]), "cannot be"),
        (lambda m: member_with(m, size_bytes="1"), "no size"),
        (lambda m: member_with(m, size_bytes=-1), "no size"),
        (lambda m: member_with(m, size_bytes=True), "no size"),
        (lambda m: member_with(m, size_bytes=10**30), "no size"),
        (lambda m: member_with(m, size_bytes=1e999), "no size"),
        (lambda m: member_with(m, sha256="x"), "no SHA-256"),
        (lambda m: member_with(m, sha256=None), "cannot be read"),
        (lambda m: member_with(m, name="files/submissions/\ud800"), "no place"),
        (lambda m: member_with(m, name="/".join(["files", *["a"] * 2000])), "no place"),
        (lambda m: edited(m, made_at="\ud800"), "cannot be read"),
        (lambda m: edited(m, made_at=5), "cannot be read"),
        (lambda m: edited(m, rows={"user": 1e999}), "cannot be read"),
        (lambda m: edited(m, rows={"user": "9" * 5000}), "cannot be read"),
        (lambda m: [plain("manifest.json", b'{"format":' + b"[" * 100_000), *m[1:]], "cannot be"),
        (lambda m: [plain("manifest.json", b'{"format": ' + b"9" * 5000), *m[1:]], "cannot be"),
        (lambda m: planted(m, "files/portal.sqlite3-wal"), "there already"),
        (lambda m: planted(m, "files/portal.sqlite3-journal"), "there already"),
        (lambda m: planted(m, "files/portal.sqlite3-shm/x"), "there already"),
        (lambda m: with_user(m, name="\ud800"), "cannot be read"),
        (lambda m: with_user(m, name=5), "name is no str"),
        (lambda m: with_user(m, id=10**30), "id is too large"),
        (lambda m: with_user(m, id="1"), "id is no int"),
        (lambda m: with_user(m, is_admin=2), "is_admin is no bool"),
        (lambda m: with_user(m, created_at="9" * 40), "cannot be read"),
        (lambda m: with_user(m, name=float("nan")), "NaN is no number"),
        (lambda m: with_user(m, name=json.loads("[" * 900 + "]" * 900)), "name is no str"),
        (lambda m: with_rows(m, b"[" * 100_000 + b"\n"), "cannot be read"),
        (lambda m: with_user(m, email=None), "does not take"),
    ],
)
def test_archive_that_was_tampered_with_is_refused_and_leaves_nothing(
    good_members: Members,
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[Members], Members],
    words: str,
) -> None:
    """Whatever is not exactly what the manifest says is refused, and the place stays empty."""
    archive(tmp_path / "bad.tar.gz", tamper(good_members))

    assert command(tmp_path / "new", "restore", tmp_path / "bad.tar.gz") == 2
    assert words in capsys.readouterr().err
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "files/.autograder-x/y",
        "files/submissions/.autograder-x",
        "files/snapshots/.unfinished-x",
        "files/notes.txt",
        "files/submissions",
    ],
)
def test_what_no_backup_holds_is_not_taken_over(
    good_members: Members,
    command: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """It is named; the portal's own files come."""
    archive(tmp_path / "odd.tar.gz", planted(good_members, name))

    assert command(tmp_path / "new", "restore", tmp_path / "odd.tar.gz") == 0
    assert repr(name) in capsys.readouterr().err
    found = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert found == ["portal.sqlite3", "secret"]


def test_archive_that_was_packed_anew_is_as_good(
    good_members: Members, command: Callable[..., int], tmp_path: Path
) -> None:
    """The refusals above are for what was changed, not for who has packed it."""
    archive(tmp_path / "good.tar.gz", good_members)

    assert command(tmp_path / "new", "restore", tmp_path / "good.tar.gz") == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00broken",
        b"\x1f\x8b\x08\xfc\xfc\x00\xd9",
        sparse_file_without_its_map(),
    ],
    ids=lambda content: repr(content[:8]),
)
def test_file_that_is_no_archive_is_refused(
    command: Callable[..., int], tmp_path: Path, content: bytes
) -> None:
    """A wrong or cut file is an unusable input, exit code 2."""
    (tmp_path / "b.tar.gz").write_bytes(content)

    assert command(tmp_path / "new", "restore", tmp_path / "b.tar.gz") == 2
    assert command(tmp_path / "new", "restore", tmp_path / "absent.tar.gz") == 2
