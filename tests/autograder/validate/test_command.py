"""Which assignments the command takes, and what it does with what it cannot use."""

from pathlib import Path

import pytest

from autograder.cli import main
from autograder.errors import AssignmentError
from autograder.validate.command import chosen_folders
from tests.autograder.validate.example import EXAMPLE, ROOT


def test_without_names_all_assignments_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """All folders under ``assignments/`` that hold an ``assignment.toml``, wherever one stands."""
    everything = sorted(path.parent for path in ROOT.glob("assignments/*/assignment.toml"))

    monkeypatch.chdir(ROOT / "tests")

    assert chosen_folders([]) == everything


def test_names_and_folders_are_found() -> None:
    """A name under ``assignments/`` and a path are both good."""
    assert chosen_folders(["xor", str(EXAMPLE)]) == [ROOT / "assignments" / "xor", EXAMPLE]


def test_an_unknown_assignment_is_unusable_input(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no assignment's exits with 2 and says so."""
    assert main(["validate", "no-such-assignment"]) == 2
    assert "no such assignment" in capsys.readouterr().err


def test_an_empty_folder_of_assignments_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to prove is no trial."""
    tmp_path.joinpath("assignments").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("autograder.validate.command.SHIPPED", tmp_path / "a" / "b")

    with pytest.raises(AssignmentError, match="holds no assignment"):
        chosen_folders([])
