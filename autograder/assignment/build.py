"""
Build the student notebook and the solution notebook from the master, by otter-assign.

Nothing hidden may get out: the result's metadata is an allow-list, every code cell parses, and no
statement of a solution, hidden test or reference is in it that no given cell holds.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from autograder.assignment.folder import Assignment, public_data, reference_file
from autograder.environments import default_folder
from autograder.errors import AssignmentError, InternalError
from autograder.files import write_file
from autograder.syntax import parse

SHORTEST_SECRET: Final = 20
OTTER_REQUIREMENT: Final = "otter-grader>=7,<8"
BUILD_VERSION: Final = 3
_METADATA: Final = ("kernelspec", "language_info")
_OTTER_METADATA: Final = ("OK_FORMAT", "assignment_name", "tests")
_CELL_METADATA: Final = ("tags", "deletable", "editable")
_TEXT_SUFFIXES: Final = frozenset({".ipynb", ".md", ".py", ".txt"})
_INIT_MARK: Final = "# Initialize Otter"
_TITLE_MARK: Final = "# @title "
_KERNELSPEC: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Built:
    """
    A built notebook.

    Args:
        notebook: Its JSON document.
    """

    notebook: dict[str, Any]

    @property
    def text(self) -> str:
        """The file's text."""
        return json.dumps(self.notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's metadata, public tests included."""
        metadata: dict[str, Any] = self.notebook["metadata"]
        return metadata


def build(assignment: Assignment, target: Path, *, solution: bool = False) -> Path:
    """
    Write the student notebook, or the solved one, and the public data into a folder.

    Returns:
        The notebook's path.

    Raises:
        AssignmentError: If anything hidden would get out; names the place.
    """
    built = build_solution(assignment) if solution else build_student(assignment)
    target.mkdir(parents=True, exist_ok=True)
    notebook = target / f"{assignment.name}.ipynb"
    notebook.write_text(built.text, encoding="utf-8")
    for name, source in public_data(assignment.folder):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    return notebook


def build_student(assignment: Assignment) -> Built:
    """
    Build what students get; of the same assignment only once.

    Raises:
        AssignmentError: If a solution, a hidden test or a reference would get out.
    """
    key = (assignment.folder, assignment.content_hash)
    built = _built.get(key)
    if built is None:
        built = _built[key] = _checked_student(assignment)
    return built


_built: Final[dict[tuple[Path, str], Built]] = {}


def _checked_student(assignment: Assignment) -> Built:
    student, _ = _assigned(assignment)
    built = Built(_cleaned(assignment, student))
    secrets = [*_solution_secrets(assignment), *_hidden_secrets(assignment)]
    _refuse_leaks(assignment, built, secrets)
    return built


def build_solution(assignment: Assignment) -> Built:
    """
    Build the solved notebook, for its release.

    Raises:
        AssignmentError: If a hidden test or a reference would get out.
    """
    _, solved = _assigned(assignment)
    built = Built(_cleaned(assignment, solved))
    solutions = {secret.text for secret in _solution_secrets(assignment)}
    hidden = [secret for secret in _hidden_secrets(assignment) if secret.text not in solutions]
    _refuse_leaks(assignment, built, hidden)
    return built


def _assigned(assignment: Assignment) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run otter-assign, or take what it gave for the same master before."""
    student, solved = _assigned_once(assignment.master.path, assignment.master.path.read_bytes())
    if student["metadata"]["otter"].get("OK_FORMAT", True):
        raise AssignmentError(
            "its first cell must be a raw one, # ASSIGNMENT CONFIG, that says tests: "
            "{ok_format: false, files: false}",
            assignment.master.place("ASSIGNMENT CONFIG"),
        )
    return student, solved


@lru_cache(maxsize=64)
def _assigned_once(master: Path, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    key = hashlib.sha256(f"{BUILD_VERSION}\0{master.name}\0".encode() + content).hexdigest()
    cached = _cache_folder() / f"{key}.json"
    if cached.is_file():
        student, solved = json.loads(cached.read_text(encoding="utf-8"))
        return student, solved
    pair = _run_otter_assign(master, content)
    cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(cached, json.dumps(pair).encode())
    return pair


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "autograder" / "assigned"


def _run_otter_assign(master: Path, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    python = default_folder() / "bin" / "python"
    if not python.exists():
        raise InternalError(f"the notebooks' environment is not set up: {python} is missing")
    with tempfile.TemporaryDirectory(prefix="autograder-build-") as folder:
        source = Path(folder) / master.name
        source.write_bytes(_with_kernelspec(content))
        result = subprocess.run(  # noqa: S603
            [python, "-m", "otter", "assign", source.name, "out", "--no-run-tests"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        outputs = [Path(folder, "out", kind, master.name) for kind in ("student", "autograder")]
        if result.returncode != 0 or not all(path.is_file() for path in outputs):
            reason = (result.stderr or result.stdout).strip().splitlines()[-1:]
            raise AssignmentError(f"otter assign refuses it: {''.join(reason)}", str(master))
        student, solved = (json.loads(path.read_text(encoding="utf-8")) for path in outputs)
    return student, solved


def _with_kernelspec(content: bytes) -> bytes:
    """Return a master that names a kernel, as otter-assign needs; what others write may not."""
    document = json.loads(content)
    metadata = document.setdefault("metadata", {})
    if "kernelspec" in metadata:
        return content
    return json.dumps(document | {"metadata": metadata | {"kernelspec": _KERNELSPEC}}).encode()


def _cleaned(assignment: Assignment, document: dict[str, Any]) -> dict[str, Any]:
    """Keep what a release needs, by name, so that nothing else can ride along."""
    metadata = {key: document["metadata"][key] for key in _METADATA if key in document["metadata"]}
    metadata["kernelspec"] = _KERNELSPEC
    otter = document["metadata"].get("otter", {})
    metadata["otter"] = {key: otter[key] for key in _OTTER_METADATA if key in otter}
    metadata["otter"]["assignment_name"] = assignment.name
    cells = [
        _cleaned_cell(assignment, cell, number) for number, cell in enumerate(document["cells"])
    ]
    for cell in cells:
        if cell["cell_type"] == "code" and cell["source"].startswith(_INIT_MARK):
            cell["source"] = _set_up_cell(assignment.name, metadata["otter"].get("tests", {}))
        if cell["cell_type"] == "code" and cell["source"].startswith(_TITLE_MARK):
            cell["metadata"] |= {"jupyter": {"source_hidden": True}, "cellView": "form"}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cleaned_cell(assignment: Assignment, cell: dict[str, Any], number: int) -> dict[str, Any]:
    source = "".join(cell["source"])
    metadata = {key: cell["metadata"][key] for key in _CELL_METADATA if key in cell["metadata"]}
    clean: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": f"{assignment.name}-{number:03d}",
        "metadata": metadata,
        "source": source,
    }
    if cell["cell_type"] == "code":
        clean |= {"execution_count": None, "outputs": []}
        try:
            parse(source)
        except SyntaxError as error:
            raise AssignmentError(
                f"a code cell of the built notebook does not parse: {error.msg}",
                assignment.master.place(next(iter(source.splitlines()), "")),
            ) from None
    return clean


def _set_up_cell(name: str, tests: dict[str, str]) -> str:
    """
    Write the first cell: installs otter-grader where it is missing, and finds the public checks.

    They stand in the notebook's own file. Where that is out of reach, as in Colab, or was saved
    under another name, they are written where otter looks for them else.
    """
    packed = base64.b85encode(zlib.compress(json.dumps(tests).encode(), 9)).decode()
    return f"""\
# @title Set-up: run this cell first (nothing to do here)
import importlib.util
import pathlib
import subprocess
import sys

if importlib.util.find_spec("otter") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "{OTTER_REQUIREMENT}"])

notebook = "{name}.ipynb"
if not pathlib.Path(notebook).is_file():
    # The file has another name, or is out of reach as in Colab: the public checks come from here.
    notebook = None
    import base64
    import json
    import zlib

    checks = {packed!r}
    pathlib.Path("tests").mkdir(exist_ok=True)
    for question, text in json.loads(zlib.decompress(base64.b85decode(checks))).items():
        pathlib.Path("tests", question + ".py").write_text(text)

import otter

grader = otter.Notebook(notebook)"""


@dataclass(frozen=True)
class _Secret:
    """
    A statement that must not get out, without its white space.

    Args:
        text: The statement.
        place: ``file:line`` of it.
        what: What it is a part of, if the place does not say it.
    """

    text: str
    place: str
    what: str = ""


def _solution_secrets(assignment: Assignment) -> Iterator[_Secret]:
    for question in assignment.questions:
        what = f": it is part of the solution of {question.id}"
        for cell in question.solution:
            if cell.kind == "code":
                for statement, line in _statements(cell.source):
                    yield _Secret(_squeezed(statement), assignment.master.place(line), what)
            else:
                for line in cell.source.splitlines():
                    yield _Secret(_squeezed(line), assignment.master.place(line), what)


def _hidden_secrets(assignment: Assignment) -> Iterator[_Secret]:
    reference = reference_file(assignment.folder)
    files = sorted((assignment.folder / "hidden").rglob("*.py"))
    files += [reference] if reference and reference not in files else []
    for name in ("misconceptions.py", "alternatives.py"):
        path = assignment.folder / name
        files += [path] if path.is_file() else []
    for path in files:
        text = path.read_text(encoding="utf-8")
        for statement, line in _statements(text):
            number = next((n for n, each in enumerate(text.splitlines(), 1) if each == line), 1)
            yield _Secret(_squeezed(statement), f"{path}:{number}")


def _statements(source: str) -> Iterator[tuple[str, str]]:
    """Return each statement, normalised, with the line that it begins on."""
    try:
        tree = parse(source)
    except SyntaxError:
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or isinstance(
            node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        ):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring: students get the signatures and what they promise
        # Of a compound statement only the head; its body's statements come on their own.
        yield ast.unparse(node).splitlines()[0], lines[node.lineno - 1]


def _refuse_leaks(assignment: Assignment, built: Built, secrets: list[_Secret]) -> None:
    shown = _shown_text(built) + _data_text(assignment)
    given = _given_text(assignment)
    for secret in secrets:
        if len(secret.text) < SHORTEST_SECRET or secret.text in given:
            continue
        if secret.text in shown:
            raise AssignmentError(
                f"this would get out with the notebook that students get{secret.what}",
                secret.place,
            )


def _shown_text(built: Built) -> str:
    """Return all text of a built notebook, and its code normalised."""
    parts = []
    for cell in built.notebook["cells"]:
        parts.append(cell["source"])
        if cell["cell_type"] == "code":
            parts += [statement for statement, _ in _statements(cell["source"])]
    parts += built.metadata["otter"].get("tests", {}).values()
    return "\n".join(map(_squeezed, parts))


def _data_text(assignment: Assignment) -> str:
    """Return the text of the public files: a hidden test may have been left among them."""
    files = (path for _, path in public_data(assignment.folder) if path.suffix in _TEXT_SUFFIXES)
    return "\n".join(_squeezed(path.read_text("utf-8", errors="replace")) for path in files)


def _given_text(assignment: Assignment) -> str:
    """Return the text that the author hands out on purpose: given cells, prompts, public tests."""
    inside = False
    parts = [test.source for question in assignment.questions for test in question.public_tests]
    for cell in json.loads(assignment.master.text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "raw":
            marker = source.strip().upper()
            if re.match(r"#\s*BEGIN SOLUTION", marker):
                inside = True
            elif re.match(r"#\s*END SOLUTION", marker):
                inside = False
        elif not inside:
            parts.append(source)
            if cell["cell_type"] == "code":
                parts += [statement for statement, _ in _statements(source)]
    return "\n".join(map(_squeezed, parts))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+|# SOLUTION.*", "", text)
