"""An assignment folder, loaded and checked."""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from autograder.assignment.master import MasterNotebook, Question, number_of, read_master
from autograder.environments import SHIPPED
from autograder.errors import AssignmentError, InternalError
from autograder.limits import Limits
from autograder.sandbox.plain_files import refuse_links
from autograder.syntax import parse

PUBLIC_SHARE: Final = Fraction(1, 5)
HIDDEN_SEEDS: Final = 1000
_KEYS: Final = {
    "title": str,
    "environment": str,
    "points": (int, float),
    "hidden_seeds": int,
    "limits": dict,
    "public_share": dict,
    "hidden_tests": dict,
    "rubric": dict,
}
_IGNORED_FOLDERS: Final = frozenset({"__pycache__", ".ipynb_checkpoints"})


@dataclass(frozen=True)
class RubricItem:
    """One line of the rubric of a written question."""

    points: Fraction
    text: str


@dataclass(frozen=True)
class Assignment:
    """
    An assignment, ready to be built, graded or validated.

    Args:
        name: Name of the folder.
        folder: Where it is.
        title: What people call it.
        environment: Name of the environment its notebooks run in.
        limits: What a submission may use.
        questions: In the notebook's order.
        public_share: Share of a question's points that its public tests carry together.
        rubric: Items of the written questions.
        hidden_seeds: How many seeds the pool holds from which each submission gets one.
        promised_tests: How many hidden tests each question is said to have, by id.
        master: The master notebook.
        content_hash: SHA-256 over every file that decides about marks.
    """

    name: str
    folder: Path
    title: str
    environment: str
    limits: Limits
    questions: tuple[Question, ...]
    public_share: Mapping[str, Fraction]
    rubric: Mapping[str, tuple[RubricItem, ...]]
    hidden_seeds: int
    promised_tests: Mapping[str, int]
    master: MasterNotebook = field(repr=False)
    content_hash: str = ""

    @property
    def points(self) -> Fraction:
        """Points of all questions together, written ones too."""
        return sum((question.points for question in self.questions), Fraction(0))

    @property
    def hidden_tests(self) -> tuple[Path, ...]:
        """The files of hidden tests."""
        return tuple(sorted((self.folder / "hidden").glob("test_*.py")))

    def question(self, question_id: str) -> Question:
        """Find a question by its id."""
        return next(question for question in self.questions if question.id == question_id)

    def stretched(self, factor: float) -> Assignment:
        """Return the same assignment for a student with a time multiplier."""
        return replace(self, limits=self.limits.stretched(factor))


def find_assignment(name: str, folders: tuple[Path, ...] | None = None) -> Path:
    """
    Find an assignment's folder by path, or by name under ``assignments/``.

    Raises:
        AssignmentError: If there is none.
    """
    places = folders or (Path("assignments"), SHIPPED.parent.parent / "assignments")
    for candidate in (Path(name), *(place / name for place in places)):
        if candidate.is_dir():
            return candidate.resolve()
    raise AssignmentError("no such assignment", name)


def load_assignment(folder: Path) -> Assignment:
    """
    Load and check an assignment folder.

    Raises:
        AssignmentError: If it is broken; names file and line.
    """
    refuse_links(folder)
    name = folder.name
    settings_file = folder / "assignment.toml"
    settings = _Settings(settings_file)
    master = read_master(folder / f"{name}.ipynb")
    if master.assignment_name not in (None, name):
        raise AssignmentError(
            f"the notebook calls itself {master.assignment_name!r}, its folder {name!r}",
            master.place("name:"),
        )
    assignment = Assignment(
        name=name,
        folder=folder,
        title=settings.get("title"),
        environment=settings.get("environment"),
        limits=settings.limits(),
        questions=master.questions,
        public_share=settings.public_share(master),
        rubric=settings.rubric(master),
        hidden_seeds=settings.get("hidden_seeds", HIDDEN_SEEDS),
        promised_tests=settings.promised_tests(master),
        master=master,
        content_hash=content_hash(folder),
    )
    _check(assignment, settings)
    return assignment


def content_hash(folder: Path) -> str:
    """Hash every file that decides about marks: the folder's own and its reference."""
    digest = hashlib.sha256()
    reference = reference_file(folder)
    files = [(path.relative_to(folder).as_posix(), path) for path in _files(folder)]
    if reference is not None and not reference.is_relative_to(folder):
        files.append((f"reference/{reference.name}", reference))
    for name, path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """
    Return what changes whenever a file does that `content_hash` reads, without reading any.

    A file's time of change cannot be set back by whoever writes it.
    """
    reference = reference_file(folder)
    files = [*_files(folder), *([reference] if reference else [])]
    return tuple(sorted(_state(path) for path in files))


def _state(path: Path) -> tuple[str, int, int]:
    try:
        state = path.lstat()
    except FileNotFoundError:  # an editor replaces it at this moment
        return str(path), 0, 0
    return str(path), state.st_ctime_ns, state.st_size


def reference_file(folder: Path) -> Path | None:
    """
    Find the reference module of an assignment, if it has one.

    An assignment of an instructor's own keeps it beside its hidden tests, which can import all
    modules there; those of this project stand in the package `reference`.
    """
    shipped = SHIPPED.parent.parent / "reference" / f"{folder.name}.py"
    places = (folder / "hidden" / "reference.py", shipped)
    return next((path for path in places if path.is_file()), None)


def public_data(folder: Path) -> Iterator[tuple[str, Path]]:
    """Return the files that students get too, by the name under which a notebook opens them."""
    for path in _files(folder / "data"):
        yield path.relative_to(folder).as_posix(), path


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not _IGNORED_FOLDERS.intersection(path.parts)
    )


class _Settings:
    """``assignment.toml``, with the line of each complaint."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self._table: dict[str, Any] = tomllib.loads(self._text)
        except FileNotFoundError:
            raise AssignmentError("is missing", str(path)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            line = re.search(r"line (\d+)", str(error))
            place = f"{path}:{line[1]}" if line else str(path)
            raise AssignmentError(f"is not valid TOML: {error}", place) from None
        for key, value in self._table.items():
            if key not in _KEYS:
                raise AssignmentError(_unknown("key", key, _KEYS), self.place(key))
            if not isinstance(value, _KEYS[key]) or isinstance(value, bool):  # type: ignore[arg-type]  # types by key
                raise AssignmentError(f"{key!r} has a value of the wrong type", self.place(key))
        if self._table.get("hidden_seeds", 1) < 1:
            raise AssignmentError("one seed is needed at least", self.place("hidden_seeds"))

    def place(self, *keys: str) -> str:
        """Return ``file:line`` of a key, or of one in a table."""
        found = None
        for key in keys:
            pattern = rf"^[ \t]*(\[+[\w.]*\b)?{re.escape(key)}\b|[{{,]\s*{re.escape(key)}\s*="
            start = found.start() if found else 0
            found = re.compile(pattern, re.MULTILINE).search(self._text, start) or found
        if found is None:
            return str(self._path)
        return f"{self._path}:{self._text.count(chr(10), 0, found.start()) + 1}"

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self._table and default is None:
            raise AssignmentError(f"the key {key!r} is missing", str(self._path))
        return self._table.get(key, default)

    def limits(self) -> Limits:
        defaults = {item.name: item.default for item in fields(Limits)}
        changes = self._table.get("limits", {})
        for key, value in changes.items():
            place = self.place("limits", key)
            if key not in defaults:
                raise AssignmentError(_unknown("limit", key, defaults), place)
            if (number_of(value) or 0) <= 0:
                raise AssignmentError(f"{key!r} must be a number above 0", place)
            if isinstance(defaults[key], int) and not isinstance(value, int):
                raise AssignmentError(f"{key!r} must be an integer", place)
        return Limits(**changes)

    def public_share(self, master: MasterNotebook) -> dict[str, Fraction]:
        shares = {
            question.id: PUBLIC_SHARE if question.public_tests else Fraction(0)
            for question in master.questions
        }
        for key, value in self._table.get("public_share", {}).items():
            place, share = self.place("public_share", key), number_of(value)
            if key not in shares:
                raise AssignmentError(f"there is no question {key!r}", place)
            if share is None or not 0 <= share <= 1:
                raise AssignmentError("a share is a number from 0 to 1", place)
            shares[key] = share
        return shares

    def promised_tests(self, master: MasterNotebook) -> dict[str, int]:
        promised = self._table.get("hidden_tests", {})
        known = {question.id for question in master.questions}
        for key, value in promised.items():
            place = self.place("hidden_tests", key)
            if key not in known:
                raise AssignmentError(f"there is no question {key!r}", place)
            if type(value) is not int or value < 0:
                raise AssignmentError("a number of hidden tests is an integer", place)
        return dict(promised)

    def rubric(self, master: MasterNotebook) -> dict[str, tuple[RubricItem, ...]]:
        rubric = {}
        written = {question.id for question in master.questions if question.manual}
        for key, items in self._table.get("rubric", {}).items():
            place = self.place("rubric", key)
            if key not in written:
                raise AssignmentError(f"there is no written question {key!r}", place)
            rubric[key] = tuple(_rubric_item(item, key, place) for item in items)
        return rubric

    def check_points(self, points: Fraction) -> None:
        if "points" in self._table and number_of(self._table["points"]) != points:
            raise AssignmentError(
                f"says {self._table['points']} points, but the questions of the notebook add up "
                f"to {float(points):g}",
                self.place("points"),
            )


def _rubric_item(item: object, question: str, place: str) -> RubricItem:
    points = number_of(item.get("points")) if isinstance(item, dict) else None
    text = item.get("text") if isinstance(item, dict) else None
    if points is None or not isinstance(text, str):
        raise AssignmentError(f"each rubric item of {question!r} has points and text", place)
    return RubricItem(points, text)


def _check(assignment: Assignment, settings: _Settings) -> None:
    settings.check_points(assignment.points)
    tested = _tested_questions(assignment)
    known = {question.id for question in assignment.questions}
    for question_id, place in tested.items():
        if question_id not in known:
            raise AssignmentError(f"there is no question {question_id!r}", place)
    for question in assignment.questions:
        place = question.place
        if question.manual:
            _check_rubric(assignment, question, settings)
        elif question.id not in tested and not question.public_tests:
            raise AssignmentError(f"question {question.id!r} has no tests", place)
        elif question.id not in tested and assignment.public_share[question.id] != 1:
            raise AssignmentError(
                f"question {question.id!r} has no hidden test; write one, or give its public "
                "tests the whole share in [public_share]",
                place,
            )
        elif not question.public_tests and assignment.public_share[question.id] != 0:
            raise AssignmentError(f"question {question.id!r} has no public tests", place)
    try:
        from autograder.environments import load_environment

        load_environment(assignment.environment)
    except InternalError as error:
        if "no environment" in str(error):
            raise AssignmentError(str(error), settings.place("environment")) from None


def _check_rubric(assignment: Assignment, question: Question, settings: _Settings) -> None:
    items = assignment.rubric.get(question.id, ())
    total = sum((item.points for item in items), Fraction(0))
    if items and total != question.points:
        raise AssignmentError(
            f"the rubric of {question.id!r} adds up to {float(total):g} points, the question has "
            f"{float(question.points):g}",
            settings.place("rubric", question.id),
        )


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Describe an unknown name, and which one it may have meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"unknown {what} {name!r}" + (f": did you mean {near[0]!r}?" if near else "")


def _tested_questions(assignment: Assignment) -> dict[str, str]:
    """Find the questions that hidden tests name, each with the place of its first test."""
    tested: dict[str, str] = {}
    if not assignment.hidden_tests:
        raise AssignmentError("holds no hidden tests (test_*.py)", f"{assignment.folder}/hidden")
    for path in assignment.hidden_tests:
        try:
            tree = parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            reason = getattr(error, "msg", error)
            raise AssignmentError(f"is not valid Python: {reason}", f"{path}:{line}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                question_id = question_of(node)
                if question_id is None:
                    raise AssignmentError(
                        f'{node.name} names no question: @pytest.mark.question("q1") is missing',
                        f"{path}:{node.lineno}",
                    )
                tested.setdefault(question_id, f"{path}:{node.lineno}")
                if not _weight_holds(node):
                    raise AssignmentError(
                        f"the weight of {node.name} is no number above 0", f"{path}:{node.lineno}"
                    )
    return tested


def question_of(function: ast.FunctionDef) -> str | None:
    """Return the id of the question that a hidden test names; ``None`` if it names none."""
    for marker in _question_markers(function):
        argument = marker.args[0] if marker.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return None


def _weight_holds(function: ast.FunctionDef) -> bool:
    """Return whether a test's weight is a number above 0, if it is written as a plain number."""
    weights = [
        keyword.value.value
        for marker in _question_markers(function)
        for keyword in marker.keywords
        if keyword.arg == "weight" and isinstance(keyword.value, ast.Constant)
    ]
    return all((number_of(weight) or 0) > 0 for weight in weights)


def _question_markers(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".question"):
            yield decorator
