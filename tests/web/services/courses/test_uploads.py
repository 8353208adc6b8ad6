"""An assignment comes as an archive, by people who have that right."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.web.conftest import PEOPLE, ROOT, World, token_of
from web.models import AuditEntry, CourseAssignment, User
from web.services.courses import uploads

EXAMPLE = ROOT / "docs" / "examples" / "pendulum"
PLACE = "/courses/dl/staff/assignments/"
ASSIGNMENT = f"{PLACE}upload"
Archive = zipfile.ZipFile


def files_of(folder: Path) -> dict[str, bytes]:
    """Return a folder's files by their names in an archive."""
    return {
        f"{folder.name}/{path.relative_to(folder)}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def packed(files: dict[str, bytes], more: Callable[[Archive], None] = lambda _: None) -> bytes:
    """Return an archive of files, and of what is added by hand."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        more(archive)
    return target.getvalue()


def upload(client: FlaskClient, content: bytes) -> TestResponse:
    """Send an archive as the form does."""
    data = {
        "csrf_token": token_of(client, "/account"),
        "archive": (io.BytesIO(content), "a.zip"),
    }
    headers = {"Referer": f"http://localhost{PLACE}"}
    return client.post(ASSIGNMENT, data=data, headers=headers, follow_redirects=True)


def give_right(world: World) -> None:
    """Let the instructor upload."""
    client = world.client("admin")
    with world.database.read() as session:
        query = select(User.id).where(User.email == PEOPLE["instructor"][0])
        place = f"/admin/people/{session.scalars(query).one()}/upload-right"
    data = {"csrf_token": token_of(client, "/account"), "allowed": "1"}
    assert client.post(place, data=data, follow_redirects=True).status_code == 200


def names(world: World) -> set[str]:
    """Return the names of the course's assignments."""
    with world.database.read() as session:
        return set(session.scalars(select(CourseAssignment.name)))


def left_behind(world: World) -> list[Path]:
    """Return what is in the folder of versions beside finished ones."""
    return [each for each in world.settings.snapshots.iterdir() if len(each.name) != 64]


def test_an_assignment_is_uploaded_and_validated(world: World) -> None:
    """By an instructor who has the right; it is not released, and the log says who sent it."""
    give_right(world)
    client = world.client("instructor")
    assert "Upload an assignment" in client.get(PLACE).text

    page = upload(client, packed(files_of(EXAMPLE))).text

    assert "added; validation has started." in page
    assert "Validation queued." in page
    assert "Release without validation" in page
    assert names(world) == {"xor", "pendulum"}
    assert left_behind(world) == []
    with world.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "assignment.uploaded")
        ).one()
        assert entry.actor is not None and entry.actor.name == "Instructor"


@pytest.mark.parametrize("who", ["instructor", "grader", "student"])
def test_who_has_not_the_right_uploads_nothing(world: World, who: str) -> None:
    """To instruct a course is not enough, and the right is none without instructing it."""
    if who != "instructor":
        with world.database.write.begin() as session:
            for user in session.scalars(select(User)):
                user.may_upload = True
    client = world.client(who)

    assert upload(client, packed(files_of(EXAMPLE))).status_code == 404
    assert names(world) == {"xor"}
    if who != "student":
        assert "Upload an assignment" not in client.get(PLACE).text


def test_the_same_name_is_a_new_version_that_waits(world: World) -> None:
    """Once it is released; content that is there already is refused."""
    admin = world.client("admin")
    files = files_of(EXAMPLE)
    upload(admin, packed(files))
    token = token_of(admin, "/account")
    admin.post(f"{PLACE}pendulum/release", data={"csrf_token": token})
    assert "already in use" in upload(admin, packed(files)).text
    settings = files["pendulum/assignment.toml"].decode()
    title = next(line for line in settings.splitlines() if line.startswith("title"))
    files["pendulum/assignment.toml"] = settings.replace(title, 'title = "Newer"').encode()

    page = upload(admin, packed(files)).text

    assert "The new version grades as soon as it has passed" in page
    with world.database.read() as session:
        query = select(CourseAssignment).where(CourseAssignment.name == "pendulum")
        assignment = session.scalars(query).one()
        assert assignment.next_snapshot is not None
        assert (assignment.next_snapshot.title, assignment.snapshot.title != "Newer") == (
            "Newer",
            True,
        )


def test_a_name_of_the_servers_own_is_refused(world: World) -> None:
    """Its updates would be taken for those of the uploaded one."""
    page = upload(world.client("admin"), packed(files_of(ROOT / "assignments" / "xor"))).text

    assert "An assignment “xor” is on the server" in page
    assert left_behind(world) == []


def link(archive: Archive) -> None:
    """Add a symbolic link."""
    member = zipfile.ZipInfo("pendulum/hidden/test_link.py")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(member, "/etc/passwd")


def device(archive: Archive) -> None:
    """Add a device."""
    member = zipfile.ZipInfo("pendulum/null")
    member.external_attr = (stat.S_IFCHR | 0o666) << 16
    archive.writestr(member, "")


def called(*given: str) -> Callable[[Archive], None]:
    """Return what adds members with names."""

    def add(archive: Archive) -> None:
        for name in given:
            archive.writestr(name, b"x")

    return add


def lzma(archive: Archive) -> None:
    """Add a member that is compressed otherwise."""
    archive.writestr("pendulum/a", b"x" * 1000, compress_type=zipfile.ZIP_LZMA)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (link, "is a link, or no ordinary file"),
        (device, "is a link, or no ordinary file"),
        (lzma, "compressed in an unusual way"),
        (called("../evil.py"), "has a name that cannot be used"),
        (called("pendulum/../../evil.py"), "has a name that cannot be used"),
        (called("/etc/evil"), "has a name that cannot be used"),
        (called("pendulum//a"), "has a name that cannot be used"),
        (called("pendulum\\..\\a"), "has a name that cannot be used"),
        (called("C:/evil"), "has a name that cannot be used"),
        (called("pendulum/\u202ea"), "has a name that cannot be used"),
        (called("pendulum/" + "a/" * 9 + "b"), "has a name that cannot be used"),
        (called("pendulum/" + "a" * 200), "has a name that cannot be used"),
        (called("pendulum/Data.csv", "pendulum/data.CSV"), "is in the archive twice"),
        (called("pendulum/a", "pendulum/A/b"), "is in the archive twice"),
        (called("pendulum/a/b", "pendulum/a"), "is in the archive twice"),
        (called("other/a.py"), "must hold one folder"),
        (called("a.py"), "must hold one folder"),
        (called(*(f"pendulum/{number}" for number in range(500))), "more than 500 members"),
    ],
)
def test_an_archive_with_something_else_in_it_is_refused(
    world: World, more: Callable[[Archive], None], words: str
) -> None:
    """Before anything of it is written where it does not belong."""
    page = upload(world.client("admin"), packed(files_of(EXAMPLE), more)).text

    assert words in page
    assert names(world) == {"xor"}
    assert left_behind(world) == []
    assert not list(world.settings.data.rglob("*evil*"))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + b"\0" * 17])
def test_what_is_no_archive_is_refused(world: World, content: bytes) -> None:
    """With what to do instead."""
    page = upload(world.client("admin"), content).text

    assert "Pack the assignment" in page or "must hold one folder" in page
    assert left_behind(world) == []


def test_a_damaged_archive_is_refused(world: World) -> None:
    """Bytes that do not match their checksum."""
    content = bytearray(packed({"pendulum/assignment.toml": b"title = 1\n" * 50}))
    content[60] ^= 0xFF
    broken = bytearray(packed({"pendulum/assignment.toml": b"title = 1\n" * 50}))
    broken[54] ^= 0xFF  # what is compressed is no such thing

    for each in (content, broken):
        assert "Pack the assignment" in upload(world.client("admin"), bytes(each)).text


@pytest.mark.parametrize("name", ["validation.json", "student-3.ipynb", "-x", "_"])
def test_a_folder_has_no_name_that_stands_beside_it(world: World, name: str) -> None:
    """Such as that of the file in which its validation is kept."""
    files = {path.replace("pendulum", name): each for path, each in files_of(EXAMPLE).items()}
    notebook = f"{name}/{name}.ipynb"
    files[notebook] = files[notebook].replace(b"name: pendulum", f"name: {name}".encode())

    page = upload(world.client("admin"), packed(files)).text

    assert f"The folder is called “{name}”" in page
    assert names(world) == {"xor"}


def test_a_bomb_is_not_unpacked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes that come out are counted, not what headers promise."""
    monkeypatch.setattr(uploads, "MOST_BYTES", 2**20)
    content = packed({"pendulum/a": b"\0" * (2**20 + 1)})
    assert len(content) < 10_000

    page = upload(world.client("admin"), content).text

    assert "larger than 1 MB together" in page
    assert left_behind(world) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pendulum/assignment.toml", b"title = ", "pendulum/assignment.toml"),
        ("pendulum/pendulum.ipynb", b"{", "This assignment is broken"),
        ("pendulum/pendulum.ipynb", b"[" * 100_000, "This assignment is broken"),
        ("pendulum/hidden/test_pendulum.py", b"x = " + b"(" * 5000, "This assignment is broken"),
        ("pendulum/assignment.toml", b"\xff\xfe", "This assignment is broken"),
    ],
)
def test_a_broken_assignment_is_refused(
    world: World, name: str, content: bytes, words: str
) -> None:
    """By a process of its own, with the place, and without where it was unpacked."""
    page = upload(world.client("admin"), packed(files_of(EXAMPLE) | {name: content})).text

    assert words in page
    assert str(world.settings.data) not in page
    assert names(world) == {"xor"}
    assert left_behind(world) == []


@pytest.mark.parametrize(("megabytes", "fits"), [(8192, True), (8193, False)])
def test_limits_are_bounded(world: World, megabytes: int, *, fits: bool) -> None:
    """A submission of it must not take the machine's memory from all others."""
    files = files_of(EXAMPLE)
    settings = files["pendulum/assignment.toml"].decode()
    assert "[limits]" not in settings
    files["pendulum/assignment.toml"] = f"{settings}\n[limits]\nmemory_mb = {megabytes}\n".encode()

    page = upload(world.client("admin"), packed(files)).text

    assert ("is 8192 at most" in page) is not fits
    assert names(world) == ({"xor", "pendulum"} if fits else {"xor"})


def test_what_takes_too_long_to_read_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal waits for so long and no longer."""
    monkeypatch.setattr(uploads, "CHECK_SECONDS", 0.01)

    page = upload(world.client("admin"), packed(files_of(EXAMPLE))).text

    assert "takes too long" in page
    assert left_behind(world) == []


def test_files_that_systems_add_are_left_out(world: World) -> None:
    """Such as those of a Mac; the assignment is the same."""
    added = called("__MACOSX/._pendulum", "pendulum/.DS_Store", "pendulum/__pycache__/a.pyc")

    assert (
        "validation has started"
        in upload(world.client("admin"), packed(files_of(EXAMPLE), added)).text
    )
