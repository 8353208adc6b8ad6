"""What a student reads holds nothing hidden, whatever their code tries."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from autograder.assignment import Assignment
from autograder.grade import Grader
from tests.autograder.grade.reports import (
    ROOT,
    Cells,
    bare_answers,
    graded,
    questions_that_define,
)

RECORDER = """
import sys
import numpy as np
recorded, ways = [], 0

def remember(values):
    for value in values:
        try:
            recorded.extend(np.asarray(value, dtype=float).reshape(-1)[:50].tolist())
        except Exception:
            recorded.append(repr(value))

def carry_out(args, kwargs):
    global ways
    ways += 1
    remember([*args, *kwargs.values()])
    text = " ".join(map(str, recorded[-200:]))
    print(text)
    print(text, file=sys.stderr)
    with open("/tmp/carried", "a") as file:
        file.write(text)
    way = ways % 8
    if way == 0:
        raise ValueError(text)
    if way == 1:
        raise type("E" + text, (ValueError,), {"__module__": text})(text)
    if way == 2:
        raise NameError(f"name {text!r} is not defined", name=text)
    if way == 3:
        raise KeyError(text)
    if way == 4:
        return text
    if way == 5:
        return np.array([value for value in recorded if isinstance(value, float)])
    if way == 6:
        return np.zeros((len(recorded), 3, 1))
    import matplotlib.pyplot as plt
    plt.figure(figsize=(1, 1))
    plt.title(text)
    plt.show()
    return type("T" + text, (), {"__repr__": lambda self: text})()
"""
CARRY_OUT = """
def {name}(*args, **kwargs):
    return carry_out(args, kwargs)
"""


def hidden_lines(assignment: Assignment) -> Iterator[str]:
    """Return the statements of hidden tests and reference that the master does not hold."""
    files = [*assignment.hidden_tests, ROOT / "reference" / f"{assignment.name}.py"]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assert | ast.Assign | ast.Return):
                line = ast.unparse(node).splitlines()[0]
                if len(line) >= 15 and line not in assignment.master.text:
                    yield line


def test_nothing_hidden_is_shown(grader: Grader, assignment: Assignment) -> None:
    """
    What a student reads holds no hidden source, path, input, output or expected value.

    The notebook records what its functions are called with and puts that wherever it can: into
    texts and names of exceptions, prints, files, values, shapes, names of types, pictures.
    """
    names = sorted(assignment.master.solution_names)
    names = [name for name in names if questions_that_define(assignment, name)]
    carriers: Cells = [("code", CARRY_OUT.format(name=name)) for name in names]
    cells = [*bare_answers(assignment), ("code", RECORDER), *carriers]
    report = graded(grader, assignment, cells)
    view = report.student_view().as_json()
    text = json.dumps(view, ensure_ascii=False)
    shown = {test["title"] for each in view["questions"] for test in each["tests"]}
    shown |= {str(test["hint"]) for each in view["questions"] for test in each["tests"]}
    # What a question is called stands in the student notebook.
    shown |= {each["title"] for each in view["questions"] if each["title"]}
    for title in shown:
        text = text.replace(json.dumps(title, ensure_ascii=False)[1:-1], "")
    staff = json.dumps(report.staff_view().as_json(), ensure_ascii=False)
    carried = set(re.findall(r"\d+\.\d{4,}", staff))
    # Staff see them: without any, the rest of this test would prove nothing.
    assert len(carried) > 50
    assert not {number for number in carried if number in text}
    assert not re.findall(r"\d\.\d{4,}", text)
    assert not {line for line in hidden_lines(assignment) if line in text}
    for secret in ("hidden", "test_", "reference", str(ROOT), "/tmp", "carried"):
        assert secret not in text, secret
    # Of other kinds, and of further tests, a student reads that an exception was raised.
    allowed = {"ValueError", "NameError", "KeyError", "TypeError", "an"}
    assert set(re.findall(r"raised (\w+)", text)) <= allowed
