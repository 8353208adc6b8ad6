"""No other user of the machine reads what the portal keeps."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.cli import main
from autograder.errors import InputError
from tests.web.conftest import World
from web.config import Settings


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """As an operator's shell has it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[Path]:
    """All that others on the machine could read."""
    places = [folder, *folder.rglob("*")]
    return [path for path in places if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.usefixtures("usual_umask")
def test_a_folder_that_the_operator_made_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made as the recipe for systemd needs it, by `mkdir`: readable for everybody at first."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    monkeypatch.setenv("AUTOGRADER_DATA", str(data))
    monkeypatch.delenv("AUTOGRADER_DATABASE_URL", raising=False)

    assert main(["init", "--email", "root@example.org"]) == 0

    assert (data / "portal.sqlite3").is_file()
    assert open_to_others(data) == []


@pytest.mark.usefixtures("usual_umask")
def test_neither_a_backup_nor_what_it_restores_is_for_others(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive holds the secret and all marks."""
    place = tmp_path_factory.mktemp("place")
    monkeypatch.setenv("AUTOGRADER_DATA", str(world.settings.data))
    monkeypatch.delenv("AUTOGRADER_DATABASE_URL", raising=False)
    assert main(["backup", str(place / "portal.tar.gz")]) == 0
    (place / "new").mkdir(mode=0o755)
    monkeypatch.setenv("AUTOGRADER_DATA", str(place / "new"))

    assert main(["restore", str(place / "portal.tar.gz")]) == 0

    assert (place / "new" / "portal.sqlite3").is_file()
    assert open_to_others(place) == []


def test_a_place_that_cannot_be_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence, rather than by a traceback."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path / "file"))

    with pytest.raises(InputError, match="file: cannot be made a folder"):
        Settings.from_environment()


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`autograder serve` ends with a sentence, and the code of a wrong setting."""
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert main(["serve", "--port", "0"]) == 2
    assert f"{tmp_path}: cannot be written to" in capsys.readouterr().err
