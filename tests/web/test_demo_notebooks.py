"""Notebooks that the demo's students submit."""

from __future__ import annotations

import ast
import json

import pytest

from autograder.assignment import find_assignment, load_assignment
from web.demo import course
from web.demo.notebooks import Work, notebook


@pytest.mark.parametrize("name", course.NAMES)
def test_students_write_no_marks_of_authors(name: str) -> None:
    """What stands around a solution is gone, and the code is what it was."""
    document = json.loads(notebook(load_assignment(find_assignment(name)), Work()))
    sources = [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]

    assert not [source for source in sources if "SOLUTION" in source]
    for source in sources:
        ast.parse(source)
