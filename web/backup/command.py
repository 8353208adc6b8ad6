"""`autograder backup` and `autograder restore`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from autograder.errors import InputError
from autograder.files import UNFINISHED, whole_file
from web.backup import rows
from web.backup.archive import (
    DATABASE,
    FILES,
    Manifest,
    extract,
    member_of,
    write,
)
from web.config import make_private, places
from web.db import now, open_database
from web.services.notices import outgoing
from web.services.overview.system import note_backup
from web.setup import migrations, upgrade

_SUBMISSIONS: Final = "submissions"
_FOLDERS: Final = (_SUBMISSIONS, "snapshots")
_STAGE: Final = ".autograder-"
_COMPLETE, _INCOMPLETE = 0, 3
# Untrusted: what drivers and migrations raise on rows that the portal would not have written.
_UNFIT: Final = (
    SQLAlchemyError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    RecursionError,
)


def backup(target: Path) -> int:
    """
    Write a backup while the portal runs; says what is missing.

    Rows come first, in one transaction that sees one state; then files. A submission's file is
    written before its row and does not change, so that each row's file is there.

    Raises:
        InputError: If there is no database, or the target is there already.
    """
    data, url = places()
    if not data.is_dir():
        raise InputError(f"{data}: there is nothing; set AUTOGRADER_DATA to the portal's folder")
    if target.exists():
        raise InputError(f"{target} is there already; a backup is written to a new file")
    with tempfile.TemporaryDirectory(prefix=_STAGE, dir=target.resolve().parent) as folder:
        stage = Path(folder)
        revision, counts, submissions = _dump(url, stage / DATABASE)
        sources = {
            f"{DATABASE}/{name}.jsonl": stage / DATABASE / f"{name}.jsonl" for name in counts
        }
        sources |= _files(data, url, target, submissions)
        members = tuple(member_of(name, path) for name, path in sources.items())
        manifest = Manifest(now().isoformat(), revision, counts, members)
        with whole_file(target) as file:
            write(file, manifest, sources)
    missing = submissions - {path.stem for path in sources.values()}
    _note(data, target, complete=not missing)
    print(f"{sum(counts.values())} rows and {len(members) - len(counts)} files are in {target}.")
    print("It holds secrets and marks: keep it where only its owner can read it.")
    for name in sorted(missing):
        print(f"autograder: the file of submission {name} is missing", file=sys.stderr)
    return _INCOMPLETE if missing else _COMPLETE


def _note(data: Path, target: Path, *, complete: bool) -> None:
    try:
        note_backup(data, target.resolve(), complete=complete)
    except OSError as error:
        # The backup is there all the same; the pages of admins do not know of it.
        print(f"autograder: {error.filename}: {error.strerror}", file=sys.stderr)


def restore(source: Path) -> int:
    """
    Bring a backup back into an empty place; an older schema is brought forward.

    Everything is unpacked and checked before the database is touched.

    Raises:
        InputError: If the place is not empty, or the backup is damaged or of a newer release.
    """
    data, url = places()
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise InputError(f"{data} is not empty; a backup is restored into an empty place")
    make_private(data)
    with tempfile.TemporaryDirectory(prefix=_STAGE, dir=data) as folder:
        stage = Path(folder)
        manifest = extract(source, stage)
        _check_revision(manifest.revision)
        _check_places(manifest, data, url)
        (stage / FILES).mkdir(exist_ok=True)
        with _empty_database(url):
            _load(url, manifest, stage / DATABASE)
            _move(stage / FILES, data, manifest)
    names = [PurePosixPath(member.name).parts for member in manifest.members]
    count = sum(parts[0] == FILES and _is_ours(parts[1:]) for parts in names)
    print(f"{sum(manifest.rows.values())} rows and {count} files are restored to {data},")
    print(f"as they were at {manifest.made_at}.")
    return _COMPLETE


def _is_ours(parts: Sequence[str]) -> bool:
    """Return whether a file of a data folder is the portal's, the database's own ones aside."""
    unfinished = any(part.startswith((UNFINISHED, _STAGE)) for part in parts)
    in_folder = len(parts) > 1 and parts[0] in _FOLDERS
    return not unfinished and (in_folder or tuple(parts) == ("secret",))


def _check_places(manifest: Manifest, data: Path, url: str) -> None:
    """
    Name what is not taken over, since no backup holds it.

    Raises:
        InputError: If something would lie where the database's own files do.
    """
    # Untrusted: a journal that an archive plants would be played back into the database.
    left_out = []
    reserved = {path.name for path in _sqlite_files(url) if path.parent == data}
    for member in manifest.members:
        place, *parts = PurePosixPath(member.name).parts
        if place != FILES:
            continue
        if parts and parts[0] in reserved:
            raise InputError(
                f"the backup holds {parts[0]!r}, where the database's own file is there already"
            )
        if not _is_ours(parts):
            left_out.append(member.name)
    if left_out:
        print(
            f"autograder: {len(left_out)} files are no part of a portal's data and are not taken "
            f"over, {left_out[0]!r} among them",
            file=sys.stderr,
        )


def _move(source: Path, data: Path, manifest: Manifest) -> None:
    """Take over the portal's files, and no others that an archive may hold."""
    names = (PurePosixPath(member.name).parts for member in manifest.members)
    for parts in (parts[1:] for parts in names if parts[0] == FILES and _is_ours(parts[1:])):
        target = data.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.joinpath(*parts).rename(target)


def _dump(url: str, folder: Path) -> tuple[str, dict[str, int], set[str]]:
    """Write all tables; returns revision, number of rows, and the submissions' names."""
    folder.mkdir(mode=0o700)
    engine = open_database(url).engine
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is None:
                raise InputError("there is no database yet; `autograder init` makes one")
            counts = {}
            for table in (part.table for part in rows.parts_of(connection)):
                with (folder / f"{table.name}.jsonl").open("xb") as file:
                    counts[table.name] = rows.dump(connection, table, file)
            names = connection.scalars(text("SELECT public_id FROM submission"))
            return revision, counts, set(names)
    except SQLAlchemyError as error:
        raise InputError(f"the database cannot be read: {error}") from None
    finally:
        engine.dispose()


def _files(data: Path, url: str, target: Path, submissions: set[str]) -> dict[str, Path]:
    """Return the portal's files in the data folder, by their names in the archive."""
    skipped = {*_sqlite_files(url), target.absolute()}
    found = {}
    for folder, _, names in os.walk(data):
        for name in names:
            path = Path(folder, name)
            parts = path.relative_to(data).parts
            # What came after the rows were read belongs to the next backup.
            newer = parts[0] == _SUBMISSIONS and path.stem not in submissions
            ours = _is_ours(parts) and path not in skipped
            if ours and not newer and path.is_file() and not path.is_symlink():
                found["/".join((FILES, *parts))] = path
    return found


def _check_revision(revision: str) -> None:
    known = {each.revision for each in ScriptDirectory.from_config(migrations()).walk_revisions()}
    if revision not in known:
        raise InputError(
            f"the backup's schema {revision!r} is not known here; it was made by a newer release"
        )


@contextmanager
def _empty_database(url: str) -> Iterator[None]:
    """Make sure that the database is empty before, and empty again if it goes wrong."""
    with _tables(url) as (_, names):
        if names:
            raise InputError("the database is not empty; a backup is restored into an empty one")
    try:
        yield
    except BaseException as error:
        _forget(url)
        if isinstance(error, _UNFIT):
            raise InputError(f"the database does not take the backup: {error}") from None
        raise


@contextmanager
def _tables(url: str) -> Iterator[tuple[Connection, list[str]]]:
    """Open a database and look which tables it has."""
    engine = open_database(url).engine
    try:
        with engine.begin() as connection:
            yield connection, inspect(connection).get_table_names()
    except OperationalError as error:
        raise InputError(f"the database cannot be reached: {error}") from None
    finally:
        engine.dispose()


def _forget(url: str) -> None:
    """Leave the database as empty as it was found."""
    if make_url(url).get_backend_name() == "sqlite":
        for path in _sqlite_files(url):
            path.unlink(missing_ok=True)
        return
    with _tables(url) as (connection, _):
        metadata = MetaData()
        metadata.reflect(connection)
        metadata.drop_all(connection)


def _sqlite_files(url: str) -> list[Path]:
    """Return the files of an SQLite database; none of another one."""
    found = make_url(url)
    if found.get_backend_name() != "sqlite" or not found.database:
        return []
    path = str(Path(found.database).absolute())
    return [Path(path + ending) for ending in ("", "-wal", "-shm", "-journal")]


def _load(url: str, manifest: Manifest, folder: Path) -> None:
    upgrade(url, manifest.revision)
    database = open_database(url)
    try:
        with database.write.begin() as session:
            _load_tables(session.connection(), manifest, folder)
        upgrade(url)
        with database.write.begin() as session:
            outgoing.hold_back(session)
    finally:
        database.engine.dispose()


def _load_tables(connection: Connection, manifest: Manifest, folder: Path) -> None:
    parts = rows.parts_of(connection)
    files = {part.table.name: folder / f"{part.table.name}.jsonl" for part in parts}
    if set(files) != set(manifest.rows) or not all(path.is_file() for path in files.values()):
        raise InputError("the backup's tables are not those of its schema")
    for part in parts:
        name = part.table.name
        with files[name].open("rb") as lines:
            if rows.load(connection, part, lines) != manifest.rows[name]:
                raise InputError(f"{name} has not as many rows as the manifest says")
    for part in parts:
        with files[part.table.name].open("rb") as lines:
            rows.load_late(connection, part, lines)
    rows.set_sequences(connection, parts)
