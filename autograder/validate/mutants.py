"""
Mutants of a solution.

The solved cell with one operator applied in one place; and its functions, each made wrong where few
tests look (`partly_right`).
"""

from __future__ import annotations

import ast
import copy
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from autograder.assignment import Assignment
from autograder.assignment.master import Question
from autograder.errors import AssignmentError
from autograder.syntax import parse
from autograder.validate import partly_right
from autograder.validate.operators import OPERATORS
from autograder.validate.partly_right import KINDS

EQUIVALENT_MUTANTS: Final = "equivalent_mutants.toml"
_KEYS: Final = frozenset({"question", "original", "mutated", "reason"})
_WRAPPERS: Final = Path(partly_right.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Mutant:
    """
    One mutant.

    Args:
        question: Id of the question whose solution it changes.
        operator: Name of the operator.
        source: The whole cell, mutated.
        original: The changed line, as it was.
        mutated: The changed line, as it is; an empty one if it is gone.
        place: ``file:line`` of the line in the master notebook.
        probe: The cell with a function that raises wherever the mutant could be wrong; if no test
            fails it, the mutant is none. Empty where every mutant counts.
    """

    question: str
    operator: str
    source: str
    original: str
    mutated: str
    place: str
    probe: str = ""

    @property
    def title(self) -> str:
        """What was done, in one line."""
        return f"{self.operator}: {self.original}  →  {self.mutated or '(nothing)'}"


@dataclass(frozen=True)
class EquivalentMutant:
    """
    A mutant that gives the same answers as the solution, as its author has judged.

    Args:
        question: Id of the question.
        original: The line as it is in the solution.
        mutated: The line as it is in the mutant.
        reason: Why no test can tell them apart.
        place: ``file:line`` of the entry.
    """

    question: str
    original: str
    mutated: str
    reason: str
    place: str

    def declares(self, mutant: Mutant) -> bool:
        """Return whether the entry is about a mutant."""
        return (self.question, self.original, self.mutated) == (
            mutant.question,
            mutant.original,
            mutant.mutated,
        )


def mutants_of(assignment: Assignment) -> list[Mutant]:
    """Return all mutants of an assignment's solutions, in the notebook's order."""
    return [
        mutant
        for question in assignment.questions
        if not question.manual
        for mutant in (*_of_question(assignment, question), *_partly_right(assignment, question))
    ]


def equivalent_mutants(folder: Path) -> list[EquivalentMutant]:
    """
    Read the mutants that the author declares to be equivalent.

    Raises:
        AssignmentError: If the file is broken; names file and line.
    """
    path = folder / EQUIVALENT_MUTANTS
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    try:
        entries = tomllib.loads(text).get("mutant", [])
    except tomllib.TOMLDecodeError as error:
        raise AssignmentError(f"is not valid TOML: {error}", str(path)) from None
    heads = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[mutant]]"]
    return [_entry(entry, f"{path}:{line}") for entry, line in zip(entries, heads, strict=True)]


def _entry(entry: dict[str, Any], place: str) -> EquivalentMutant:
    if set(entry) != _KEYS or not all(isinstance(value, str) for value in entry.values()):
        raise AssignmentError(f"an entry has the keys {', '.join(sorted(_KEYS))}", place)
    if not entry["reason"].strip():
        raise AssignmentError("an equivalent mutant needs a reason", place)
    return EquivalentMutant(**entry, place=place)


def _of_question(assignment: Assignment, question: Question) -> Iterator[Mutant]:
    seen = set()
    for cell in question.solution:
        if cell.kind != "code":
            continue
        tree = parse(cell.source)
        before, lines = ast.unparse(tree).splitlines(), cell.source.splitlines()
        for operator, line, mutated in mutated_trees(tree):
            source = ast.unparse(ast.fix_missing_locations(mutated))
            after = source.splitlines()
            if source in seen or after == before:
                continue
            seen.add(source)
            original, changed = _difference(before, after)
            place = assignment.master.place(lines[line - 1].strip())
            yield Mutant(question.id, operator, source, original, changed, place)


def _partly_right(assignment: Assignment, question: Question) -> Iterator[Mutant]:
    """Return each function of a solution as right only where tests are likely to look."""
    for cell in question.solution:
        functions = parse(cell.source).body if cell.kind == "code" else []
        for function in functions:
            if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
                continue
            line = cell.source.splitlines()[function.lineno - 1].strip()
            for kind in KINDS:
                yield Mutant(
                    question.id,
                    "partly right",
                    _wrapped(cell.source, function.name, "partly_right", kind),
                    f"def {function.name}",
                    kind,
                    assignment.master.place(line),
                    _wrapped(cell.source, function.name, "probe", kind),
                )


def _wrapped(source: str, function: str, wrapper: str, kind: str) -> str:
    # In a module of its own: its names must not replace the notebook's.
    return "\n".join(
        [
            source,
            "import types as _types",
            '_module = _types.ModuleType("partly_right")',
            f"exec({_WRAPPERS!r}, _module.__dict__)",
            f"{function} = _module.{wrapper}({function}, {kind!r})",
        ]
    )


def mutated_trees(tree: ast.Module) -> Iterator[tuple[str, int, ast.Module]]:
    """Return each mutant of a module, with its operator's name and the line that it changes."""
    for number, node in _mutable(tree):
        for name, operator in OPERATORS.items():
            for replacement in operator(node):
                yield name, getattr(node, "lineno", 1), _replaced(tree, number, replacement)


def _mutable(tree: ast.Module) -> Iterator[tuple[int, ast.AST]]:
    """Return the nodes that may change, numbered as `ast.walk` meets them."""
    roots = [root for node in ast.walk(tree) for root in _texts(node)]
    kept = {id(inner) for root in roots for inner in ast.walk(root)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in kept:
            yield number, node


def _texts(node: ast.AST) -> Iterator[ast.AST]:
    """Return what holds texts for people below a node: docstrings, messages, annotations."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.Raise):
        yield from (each for each in (node.exc, node.cause) if each is not None)
    if isinstance(node, ast.Assert) and node.msg is not None:
        yield node.msg
    if isinstance(node, ast.JoinedStr):
        yield node
    if isinstance(node, ast.FunctionDef) and node.returns is not None:
        yield node.returns
    if isinstance(node, ast.arg) and node.annotation is not None:
        yield node.annotation


def _replaced(tree: ast.Module, number: int, replacement: ast.AST | None) -> ast.Module:
    clone = copy.deepcopy(tree)
    target = next(node for n, node in enumerate(ast.walk(clone)) if n == number)
    mutated = _Replacer(target, copy.deepcopy(replacement)).visit(clone)
    assert isinstance(mutated, ast.Module)
    return mutated


class _Replacer(ast.NodeTransformer):
    """Puts one node in another's place."""

    def __init__(self, target: ast.AST, replacement: ast.AST | None) -> None:
        self._target = target
        self._replacement = replacement

    def visit(self, node: ast.AST) -> Any:
        if node is self._target:
            return self._replacement
        return self.generic_visit(node)


def _difference(before: list[str], after: list[str]) -> tuple[str, str]:
    """Return the lines that differ, without their indentation."""
    removed, added = [], []
    for line in difflib.ndiff(before, after):
        if line.startswith("- "):
            removed.append(line[2:].strip())
        elif line.startswith("+ "):
            added.append(line[2:].strip())
    return "; ".join(removed), "; ".join(added)
