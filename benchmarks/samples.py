"""Five submissions of "perceptron", made from the built notebooks by editing their cells."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.build import build_solution, build_student

ASSIGNMENT: Final = "perceptron"
Document = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """
    One submission.

    Args:
        name: Name of its file.
        text: What it is, in one sentence.
        blank: Functions whose cells are as students get them; ``None`` for all.
        edits: What to replace in the solved cell of a function: old text and new.
    """

    name: str
    text: str
    blank: frozenset[str] | None = frozenset()
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)


_SHAPE_RULE: Final = """\
    if W.shape != (len(b), x.shape[1]):
        raise ValueError("the shapes of x, W and b do not fit")
"""
SAMPLES: Final = (
    Sample("perfect", "Every question is solved."),
    Sample(
        "partial",
        "Question 2 accepts shapes that do not fit, and question 7 was not started.",
        blank=frozenset({"fit"}),
        edits={"dense": (_SHAPE_RULE, "")},
    ),
    Sample("blank", "The notebook as students get it.", blank=None),
    Sample(
        "misconception",
        "Question 3 forgets the biases, question 5 lets NumPy broadcast, "
        "question 6 moves the bias with weights that are already new.",
        edits={
            "n_parameters": ("n_in * n_out + n_out", "n_in * n_out"),
            "mse": ("np.reshape(y_true, -1), np.reshape(y_pred, -1)", "y_true, y_pred"),
            "gd_step": (
                "gradient_b = 2 * np.mean(residual)",
                "gradient_b = 2 * np.mean(x @ (w - lr * gradient_w) + b - y)",
            ),
        },
    ),
    Sample(
        "endless_loop",
        "Before question 6 a loop waits for 0.1 + 0.1 + ... to be exactly 1.",
        edits={
            "gd_step": ("def gd_step", "lr = 0.1\nwhile lr != 1:\n    lr += 0.1\n\n\ndef gd_step")
        },
    ),
)


def write_samples(assignment: Assignment, folder: Path) -> list[tuple[Sample, Path]]:
    """
    Write the submissions as notebooks.

    Args:
        assignment: The assignment ``perceptron``.
        folder: Where to; it is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    solved = build_solution(assignment).notebook
    student = build_student(assignment).notebook
    written = []
    for sample in SAMPLES:
        path = folder / f"{sample.name}.ipynb"
        document = _submission(sample, solved, student)
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        written.append((sample, path))
    return written


def _submission(sample: Sample, solved: Document, student: Document) -> Document:
    if sample.blank is None:
        return student
    document = copy.deepcopy(solved)
    for name in sample.blank:
        _cell(document, name)["source"] = _cell(student, name)["source"]
    for name, (old, new) in sample.edits.items():
        cell = _cell(document, name)
        assert cell["source"].count(old) == 1, f"{sample.name}: {old!r} is not in {name} once"
        cell["source"] = cell["source"].replace(old, new)
    return document


def _cell(document: Document, function: str) -> Document:
    """Find the cell that defines a function."""
    found: list[Document] = [
        cell
        for cell in document["cells"]
        if cell["cell_type"] == "code" and f"def {function}(" in cell["source"]
    ]
    assert len(found) == 1, f"{len(found)} cells define {function}"
    return found[0]
