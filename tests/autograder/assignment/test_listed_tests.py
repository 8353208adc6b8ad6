"""What an assignment tests is read off its files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from autograder.assignment import load_assignment
from autograder.assignment.listed_tests import list_tests
from autograder.grade import Grader

ROOT = Path(__file__).parents[3]
XOR = ROOT / "assignments" / "xor"
HIDDEN = '''
import pytest
raise RuntimeError("this never runs")

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.question("q2", weight=2)
def test_sizes(student, n):
    """Right for every size.

    And more.
    """
    assert student

class TestMore:
    @pytest.mark.question("q1")
    def test_in_a_class(self, student):
        assert student

def helper():
    pass
'''


def test_every_test_of_an_assignment_is_listed() -> None:
    """As grading finds them: the same titles by question, visible ones first."""
    assignment = load_assignment(XOR)
    with Grader(spares=0) as grader:
        examined = grader.grade((XOR / "xor.ipynb").read_bytes(), assignment, seed=1)
    graded = {
        (question.id, test.title, test.public)
        for question in examined.questions
        for test in question.tests
    }

    listed = list_tests(assignment)

    assert {(each.question, each.title, each.visible) for each in listed} == graded
    order = [question.id for question in assignment.questions]
    assert [each.question for each in listed] == sorted(
        (each.question for each in listed), key=order.index
    )


def test_nothing_of_hidden_tests_runs(tmp_path: Path) -> None:
    """A file is parsed, not imported."""
    folder = tmp_path / "xor"
    shutil.copytree(XOR, folder)
    for file in (folder / "hidden").iterdir():
        file.unlink()
    (folder / "hidden" / "test_a.py").write_text(HIDDEN, encoding="utf-8")

    assignment = load_assignment(XOR)
    listed = list_tests(replace(assignment, folder=folder))
    listed = [each for each in listed if not each.visible]

    assert [(each.question, each.title, each.several, each.place) for each in listed] == [
        ("q1", "test_in_a_class", False, "test_a.py:16"),
        ("q2", "Right for every size.", True, "test_a.py:7"),
    ]
    assert listed[1].source.startswith('@pytest.mark.parametrize("n", [1, 2])\n')
    assert listed[1].source.endswith("    assert student")
