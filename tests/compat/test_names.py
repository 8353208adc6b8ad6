"""Names that assignments and scripts of others import still work, and say what they are now."""

from __future__ import annotations

import importlib
import sys

import pytest

from autograder import sample_answers, student
from autograder.assignment import load_assignment
from autograder.examiner.recognise import load_sample_answers
from autograder.validate.bank import alternatives, misconceptions
from tests.compat.old import OLD

PENDULUM = OLD / "assignments" / "pendulum"


def test_variants_are_sample_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old module hands on the same things under the old names."""
    monkeypatch.delitem(sys.modules, "autograder.variants", raising=False)

    with pytest.warns(DeprecationWarning, match=r"now autograder\.sample_answers"):
        variants = importlib.import_module("autograder.variants")

    assert variants.Variant is sample_answers.SampleAnswer
    for name in (
        "alternative",
        "alternative_cell",
        "misconception",
        "misconception_cell",
        "wrong_values",
    ):
        assert getattr(variants, name) is getattr(sample_answers, name)


def test_reference_is_a_remote_object() -> None:
    """The old name of what stays in the kernel, for tests that ask what something is."""
    with pytest.warns(DeprecationWarning, match="now RemoteObject"):
        found = student.Reference

    assert found is student.RemoteObject
    with pytest.raises(AttributeError, match="Nothing"):
        _ = student.Nothing


def test_an_old_folder_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong and right answers are found, though their files import the old module."""
    monkeypatch.delitem(sys.modules, "autograder.variants", raising=False)
    assert "from autograder.variants import" in (PENDULUM / "misconceptions.py").read_text()
    assignment = load_assignment(PENDULUM)

    with pytest.warns(DeprecationWarning, match="SampleAnswer"):
        inside = load_sample_answers(PENDULUM / "misconceptions.py")
    wrong = misconceptions(assignment)
    right = alternatives(assignment)

    assert len(wrong) == len(inside) == 11
    assert len(right) >= 2
