"""Mutants of an assignment's solutions, and the ones that its author declares equivalent."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.errors import AssignmentError
from autograder.validate.mutants import equivalent_mutants, mutants_of


def test_mutants_carry_question_line_and_difference(example: Assignment) -> None:
    """A mutant tells its question, the changed line and where it stands in the notebook."""
    mutant = next(
        each
        for each in mutants_of(example)
        if each.mutated == "return 2 * np.pi * np.sqrt(length * g)"
    )

    assert mutant.question == "q1"
    assert mutant.original == "return 2 * np.pi * np.sqrt(length / g)"
    path, line = mutant.place.rsplit(":", 1)
    assert "np.sqrt(length / g)" in Path(path).read_text().splitlines()[int(line) - 1]


def test_a_mutant_changes_one_place_of_one_cell(example: Assignment) -> None:
    """Each mutant's source is the whole cell and defines what the cell defines."""
    for mutant in mutants_of(example):
        name = "period" if mutant.question == "q1" else "gravity"
        assert f"def {name}(" in mutant.source
        assert mutant.original != mutant.mutated


def test_declared_mutants_are_read(copy_example: Callable[[str], Path]) -> None:
    """An entry declares the mutant with its question and lines, and no other."""
    folder = copy_example("declared")
    folder.joinpath("equivalent_mutants.toml").write_text(
        '# one of them\n[[mutant]]\nquestion = "q1"\n'
        'original = "return 2 * np.pi * np.sqrt(length / g)"\n'
        'mutated = "return 2 * np.pi * np.sqrt(length * g)"\nreason = "for the test"\n'
    )

    [entry] = equivalent_mutants(folder)

    from autograder.assignment import load_assignment

    declared = [each for each in mutants_of(load_assignment(folder)) if entry.declares(each)]
    assert len(declared) == 1
    assert entry.place.endswith("equivalent_mutants.toml:2")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[mutant]]\nquestion = 3", "keys"),
        ('[[mutant]]\nquestion="q1"\noriginal="a"\nmutated="b"\nreason=" "', "reason"),
        ("[[mutant", "TOML"),
    ],
)
def test_a_broken_declaration_names_its_file(tmp_path: Path, text: str, reason: str) -> None:
    """A declaration without a reason, or that is no TOML, is refused with its place."""
    tmp_path.joinpath("equivalent_mutants.toml").write_text(text)

    with pytest.raises(AssignmentError, match=reason) as caught:
        equivalent_mutants(tmp_path)

    assert "equivalent_mutants.toml" in caught.value.place


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[3].glob("assignments/*/equivalent_mutants.toml"))
)
def test_reasons_are_sentences(path: Path) -> None:
    """Each declared mutant of this project has a reason that is more than a word."""
    for entry in tomllib.loads(path.read_text())["mutant"]:
        assert len(entry["reason"].split()) >= 3, entry
