"""A master notebook in otter-assign's format: questions, points, public tests, given cells."""

from __future__ import annotations

import ast
import functools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import yaml

from autograder.assignment.otter_config import check_config, is_config, refuse_fence
from autograder.errors import AssignmentError, NotebookError
from autograder.notebook import Cell, parse_notebook
from autograder.syntax import parse

_MARKER: Final = re.compile(
    r"^#\s*(BEGIN|END)\s+(QUESTION|SOLUTION|TESTS|PROMPT|TEST CONFIG)", re.IGNORECASE
)
_MAGIC: Final = re.compile(r"^\s*[%!].*$", re.MULTILINE)
_CELL_START: Final = re.compile(r'(?<!\\)"cell_type"\s*:')
_NAMED: Final = re.compile(r"\s*(?:#+|\*\*)\s*Question\b", re.IGNORECASE)
# Around a title: marks of a heading, the question's number, its points; marks of code and emphasis.
_TITLE_PARTS: Final = re.compile(
    r"^\s*#+\s*(?:Question\s+[\w.]+\s*[:.]?)?|\((?:[^()]*\W)?points?\b[^()]*\)\s*$|[`*$]",
    re.IGNORECASE,
)
_QUESTION_KEYS: Final = frozenset({"name", "points", "manual", "check_cell", "export"})


@dataclass(frozen=True)
class PublicTest:
    """
    One public test: a function whose parameters are names of the notebook's.

    Args:
        name: Name of the function.
        title: First line of its docstring.
        source: Its text.
        parameters: The names that it asks for.
    """

    name: str
    title: str
    source: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One question, as the master notebook states it, and the line where it begins."""

    id: str
    points: Fraction
    manual: bool
    public_tests: tuple[PublicTest, ...]
    solution: tuple[Cell, ...] = field(repr=False, default=())
    prompt: tuple[Cell, ...] = field(repr=False, default=())
    place: str = field(repr=False, default="")

    @property
    def heading(self) -> str:
        """The line of its prompt that names it, or else the first; empty if it has none."""
        lines = [line for cell in self.prompt for line in cell.source.splitlines()]
        shown = [line for line in lines if line.strip() and not line.startswith("<!--")]
        return next(filter(_NAMED.match, shown), next(iter(shown), ""))

    @property
    def title(self) -> str:
        """What its heading says beside its number and its points, as plain text."""
        if not self.heading.lstrip().startswith("#"):
            return ""
        return _TITLE_PARTS.sub("", self.heading).strip().rstrip(".")


@dataclass(frozen=True)
class MasterNotebook:
    """
    A parsed master notebook.

    Args:
        path: Where it is.
        assignment_name: The name in its configuration cell.
        questions: In order.
        given: Code cells that students get as they are.
    """

    path: Path
    text: str = field(repr=False)
    assignment_name: str | None
    questions: tuple[Question, ...]
    given: tuple[Cell, ...] = field(repr=False)

    def place(self, text: str, cell: int = 0) -> str:
        """
        Return ``file:line`` of the first line of the file that holds `text`.

        Args:
            text: What to look for.
            cell: Number of the cell, from 0, in which to begin.
        """
        starts = [match.start() for match in _CELL_START.finditer(self.text)]
        start = starts[cell] if cell < len(starts) else 0
        # JSON may hold a character as it is, or escaped.
        spellings = (json.dumps(text, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
        pattern = re.compile(rf"({'|'.join(map(re.escape, spellings))})(?!\w)")
        match = pattern.search(self.text, start) or pattern.search(self.text)
        if match is None:
            return str(self.path)
        return f"{self.path}:{self.text.count(chr(10), 0, match.start()) + 1}"

    @property
    def solution_names(self) -> frozenset[str]:
        """The names that solution cells define: these are the student's."""
        return frozenset(name for cell in self._solution for name in defined_names(cell.source))

    @functools.cached_property
    def packages(self) -> frozenset[str]:
        """The packages that the notebook imports."""
        cells = (*self.given, *self._solution)
        return frozenset(name for cell in cells for name in imported_packages(cell.source))

    @property
    def _solution(self) -> list[Cell]:
        return [cell for question in self.questions for cell in question.solution]


def read_master(path: Path) -> MasterNotebook:
    """
    Read a master notebook.

    Raises:
        AssignmentError: If it is missing or not in otter-assign's format; names file and line.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise AssignmentError("is missing", str(path)) from None
    try:
        cells = parse_notebook(data, path.name).cells
    except NotebookError as error:
        raise AssignmentError(str(error), str(path)) from None
    text = data.decode("utf-8-sig", errors="replace")
    reader = _Reader(MasterNotebook(path, text, None, (), ()))
    return reader.read(cells)


class _Reader:
    """Walks through the cells once, keeping track of the blocks that raw cells open and close."""

    def __init__(self, empty: MasterNotebook) -> None:
        self._master = empty
        self._questions: list[Question] = []
        self._given: list[Cell] = []
        self._config: dict[str, Any] = {}
        self._open: dict[str, Any] | None = None
        self._open_place = ""
        self._block: str | None = None
        self._block_place = ""
        self._cell = 0
        self._tests: list[PublicTest] = []
        self._solution: list[Cell] = []
        self._prompt: list[Cell] = []

    def read(self, cells: tuple[Cell, ...]) -> MasterNotebook:
        for self._cell, cell in enumerate(cells):
            refuse_fence(cell, self._error)
            marker = _MARKER.match(cell.source.strip()) if cell.kind == "raw" else None
            if marker:
                self._mark(marker[1].upper(), marker[2].upper(), cell)
            elif is_config(cell):
                self._config = self._yaml(cell)
                check_config(self._config, self._error)
            else:
                self._content(cell)
        if self._open is not None or self._block is not None:
            place = self._block_place if self._block else self._open_place
            raise AssignmentError(f"the block {self._block or 'QUESTION'} is never closed", place)
        name = self._config.get("name")
        return MasterNotebook(
            self._master.path,
            self._master.text,
            name if isinstance(name, str) else None,
            tuple(self._questions),
            tuple(self._given),
        )

    def _mark(self, edge: str, block: str, cell: Cell) -> None:
        first_line = _first_line(cell)
        if block == "QUESTION" and edge == "BEGIN":
            if self._open is not None:
                raise self._error("a question begins inside another", first_line)
            self._open = self._yaml(cell)
            self._open_place = self._place(first_line)
            name = self._open.get("name")
            if not isinstance(name, str):
                raise self._error("a question has no name", first_line)
            if not re.fullmatch(r"\w+", name):
                raise self._error(f"{name!r} is no name: letters, digits and _ only", first_line)
            # otter-assign passes over what it does not know; its `all_or_nothing` is not kept here.
            if unknown := self._open.keys() - _QUESTION_KEYS:
                key = min(map(str, unknown))
                raise self._error(f"unknown key {key!r} of the question {name}", key)
        elif block == "QUESTION":
            if self._open is None:
                raise self._error("a question ends that never began", first_line)
            if self._block is not None:
                raise self._error(f"a question ends within its {self._block} block", first_line)
            self._questions.append(self._question(self._open))
            self._open, self._tests, self._solution, self._prompt = None, [], [], []
        else:
            expected = "END" if self._block else "BEGIN"
            if self._open is None or edge != expected or self._block not in (None, block):
                raise self._error(f"{edge} {block} is out of place", first_line)
            self._block = block if edge == "BEGIN" else None
            self._block_place = self._place(first_line)

    def _content(self, cell: Cell) -> None:
        if self._block == "TESTS":
            if cell.kind == "code":
                self._tests.append(self._test(cell))
        elif self._block == "SOLUTION":
            self._solution.append(cell)
        elif cell.kind == "code":
            if "# BEGIN SOLUTION" in cell.source or "# SOLUTION" in cell.source:
                raise self._error(
                    "a solution stands outside of BEGIN SOLUTION and END SOLUTION cells",
                    next(line for line in cell.source.splitlines() if "SOLUTION" in line),
                )
            self._given.append(cell)
        elif self._block is None and self._open is not None:
            self._prompt.append(cell)

    def _question(self, config: dict[str, Any]) -> Question:
        points = number_of(config.get("points", 1))
        if points is None or points < 0:
            raise AssignmentError("points must be a number", self._open_place)
        if any(question.id == config["name"] for question in self._questions):
            raise AssignmentError(f"two questions are called {config['name']!r}", self._open_place)
        return Question(
            config["name"],
            points,
            bool(config.get("manual", False)),
            tuple(self._tests),
            tuple(self._solution),
            tuple(self._prompt),
            self._open_place,
        )

    def _test(self, cell: Cell) -> PublicTest:
        try:
            function = parse(cell.source).body[-1]
        except (SyntaxError, IndexError):
            function = ast.Pass()
        if isinstance(function, ast.Expr) and len(parse(cell.source).body) == 2:
            function = parse(cell.source).body[0]
        if not isinstance(function, ast.FunctionDef):
            raise self._error(
                "a public test cell holds one function and at most a call of it",
                _first_line(cell),
            )
        title = (ast.get_docstring(function) or function.name).splitlines()[0]
        parameters = tuple(argument.arg for argument in function.args.args)
        return PublicTest(function.name, title, ast.unparse(function), parameters)

    def _yaml(self, cell: Cell) -> dict[str, Any]:
        # The whole cell, as otter-assign reads it: to both, the first line is a comment.
        try:
            config = yaml.safe_load(cell.source) or {}
        except yaml.YAMLError as error:
            reason = getattr(error, "problem", None) or "it cannot be read"
            raise self._error(f"is not valid YAML: {reason}", _first_line(cell)) from None
        if not isinstance(config, dict):
            raise self._error("is no table of settings", _first_line(cell))
        return config

    def _error(self, message: str, near: str) -> AssignmentError:
        return AssignmentError(message, self._place(near))

    def _place(self, near: str) -> str:
        return self._master.place(near, self._cell)


def _first_line(cell: Cell) -> str:
    return next(iter(cell.source.strip().splitlines()), "")


def number_of(value: object) -> Fraction | None:
    """Return a number of a settings file exactly, or ``None`` if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Fraction(str(value))


def imported_packages(source: str) -> Iterator[str]:
    """Return the packages that a cell imports; a cell that does not parse imports none."""
    try:
        nodes = list(ast.walk(parse(_MAGIC.sub("", source))))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def defined_names(source: str) -> Iterator[str]:
    """Return the names that a cell's top level binds; a cell that does not parse binds none."""
    try:
        statements = parse(source).body
    except SyntaxError:
        return
    for statement in statements:
        yield from bound_names(statement)


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Return the names that one top-level statement binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield (alias.asname or alias.name).split(".")[0]
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
