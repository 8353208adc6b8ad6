"""A reference that stands beside its hidden tests, and the number of hidden tests promised."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import content_hash, load_assignment, reference_file
from autograder.assignment.build import build_student
from autograder.errors import AssignmentError
from tests.autograder.validate.example import ROOT


def test_the_own_reference_comes_first(copy_example: Callable[[str], Path]) -> None:
    """A folder's own reference is taken; without one, the project's of the same name."""
    folder = copy_example("own")

    assert reference_file(folder) == folder / "hidden" / "reference.py"
    assert reference_file(ROOT / "assignments" / "xor") == ROOT / "reference" / "xor.py"
    folder.joinpath("hidden", "reference.py").unlink()
    assert reference_file(folder) is None


def test_the_own_reference_decides_about_the_hash(copy_example: Callable[[str], Path]) -> None:
    """Another reference makes another assignment."""
    folder = copy_example("hash")
    before = content_hash(folder)
    with folder.joinpath("hidden", "reference.py").open("a") as file:
        file.write("# another\n")

    assert content_hash(folder) != before


def test_a_line_of_the_reference_does_not_get_out(copy_example: Callable[[str], Path]) -> None:
    """A student notebook that holds a line of the reference is refused, with its place."""
    folder = copy_example("leak")
    path = folder / "pendulum.ipynb"
    notebook = json.loads(path.read_text())
    [solution] = [cell for cell in notebook["cells"] if "def gravity(" in "".join(cell["source"])]
    leaked = "    L, T = np.asarray(lengths, dtype=float), np.asarray(periods, dtype=float)\n"
    solution["source"].insert(2, leaked)
    path.write_text(json.dumps(notebook))

    with pytest.raises(AssignmentError, match="would get out") as caught:
        build_student(load_assignment(folder))

    assert "pendulum" in caught.value.place


@pytest.mark.parametrize(
    ("line", "reason"),
    [("q9 = 1", "no question 'q9'"), ("q1 = -1", "is an integer"), ("q1 = 2.5", "is an integer")],
)
def test_a_promise_is_a_number_for_a_question(
    copy_example: Callable[[str], Path], line: str, reason: str
) -> None:
    """A promised number of hidden tests that cannot be one is refused with file and line."""
    folder = copy_example("promise")
    path = folder / "assignment.toml"
    path.write_text(path.read_text().replace("q1 = 3", line))

    with pytest.raises(AssignmentError, match=reason) as caught:
        load_assignment(folder)

    assert caught.value.place == f"{path}:6"


@pytest.mark.parametrize("name", ["perceptron", "xor"])
def test_every_question_has_a_promise(name: str) -> None:
    """These assignments say of each question how many hidden tests it has."""
    assignment = load_assignment(ROOT / "assignments" / name)

    graded = {question.id for question in assignment.questions if not question.manual}
    assert assignment.promised_tests.keys() == graded
