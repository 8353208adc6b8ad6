"""The assignments of this project are valid, at a quick look; the workflow does all of it."""

from pathlib import Path

import pytest

from autograder.validate.command import chosen_folders
from autograder.validate.gate import validate
from autograder.validate.results import AssignmentValidation
from tests.sweeps import chosen

FOLDERS = chosen_folders([])


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> dict[str, AssignmentValidation]:
    """The gate's result for each assignment of this run: all in one quick run."""
    folders = chosen(request, "folder")
    validated = validate(folders, lambda _, __: None, quick=True)
    return {folder.name: result for folder, result in zip(folders, validated, strict=True)}


@pytest.mark.sweep(2)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_assignment_is_valid(folder: Path, results: dict[str, AssignmentValidation]) -> None:
    """The quick gate finds no fault in the assignment."""
    result = results[folder.name]

    faults = [
        (trial.assignment, fault.question or trial.question, fault.reason, fault.place)
        for trial in result.trials
        for fault in trial.faults
    ]
    assert faults == []
    assert result.valid


def test_there_are_assignments() -> None:
    """A gate that tries nothing would find no fault."""
    assert len(FOLDERS) >= 5
