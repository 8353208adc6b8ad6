"""
The mutation operators: how a right answer is made wrong in one place.

They are the slips of physics students: a sign, a factor, an axis, a transpose, an index off by one,
a term forgotten, a comparison turned round, an error not raised. Ours, because no maintained
library fits. cosmic-ray's operators can be called alone, but most of its 127 mutants of a ten-line
gradient step put a shift or a bitwise operator between floats, which no test lets pass: they would
only flatter the kill rate. It has none for ``@``, ``.T``, axes, dropped terms or removed raises,
and brings a database and a web client along. mutmut and mutatest want a package on disk that
pytest imports, not the cell of a notebook.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

Replacements = Iterator[ast.AST | None]
Operator = Callable[[ast.AST], Replacements]
Node = TypeVar("Node", bound=ast.AST)

_SIGNS: Final[dict[type[ast.operator], type[ast.operator]]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_FACTORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
_COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_SIBLINGS: Final = {
    "all": "any",
    "any": "all",
    "argmax": "argmin",
    "argmin": "argmax",
    "ceil": "floor",
    "floor": "ceil",
    "cumsum": "cumprod",
    "max": "min",
    "maximum": "minimum",
    "mean": "sum",
    "min": "max",
    "minimum": "maximum",
    "ones": "zeros",
    "std": "var",
    "sum": "mean",
    "tanh": "sin",
    "zeros": "ones",
}
"""Functions and methods of NumPy that are mistaken for each other."""


def sign(node: ast.AST) -> Replacements:
    """``a + b`` becomes ``a - b``; ``-a`` becomes ``a``."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _SIGNS:
        yield _with(node, op=_SIGNS[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def factor(node: ast.AST) -> Replacements:
    """``a * b`` becomes ``a / b``; ``a**2`` becomes ``a`` and ``a**3``."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _FACTORS:
        yield _with(node, op=_FACTORS[type(node.op)]())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield node.left
        yield _with(node, right=ast.BinOp(node.right, ast.Add(), ast.Constant(1)))


def dropped_term(node: ast.AST) -> Replacements:
    """``a + b`` becomes ``a``, and ``b``; so does every other operation with two sides."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
        yield node.left
        yield node.right


def transpose(node: ast.AST) -> Replacements:
    """``a.T`` becomes ``a``; ``a @ b`` becomes ``a.T @ b``, and ``b @ a``."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield _with(node, left=node.right, right=node.left)
        yield _with(node, left=ast.Attribute(node.left, "T", ast.Load()))


def axis(node: ast.AST) -> Replacements:
    """``axis=0`` becomes ``axis=1``, and is left out; so is ``keepdims``."""
    if not isinstance(node, ast.Call):
        return
    for number, keyword in enumerate(node.keywords):
        if keyword.arg in {"axis", "keepdims", "ddof"}:
            yield _with(node, keywords=[k for n, k in enumerate(node.keywords) if n != number])
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            other = ast.keyword("axis", ast.Constant(1 if keyword.value.value == 0 else 0))
            keywords = [other if n == number else k for n, k in enumerate(node.keywords)]
            yield _with(node, keywords=keywords)


def off_by_one(node: ast.AST) -> Replacements:
    """An integer becomes its neighbours; a slice's bound and `range`'s end move by one."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    if isinstance(node, ast.Slice):
        for side in ("lower", "upper"):
            if getattr(node, side) is not None:
                yield _with(node, **{side: None})
    if _is_call_of(node, "range"):
        assert isinstance(node, ast.Call)
        end = 0 if len(node.args) == 1 else 1
        for step in (ast.Add(), ast.Sub()):
            arguments = list(node.args)
            arguments[end] = ast.BinOp(arguments[end], step, ast.Constant(1))
            yield _with(node, args=arguments)


def wrong_constant(node: ast.AST) -> Replacements:
    """A fraction is doubled and loses its sign; True becomes False."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        yield ast.Constant(2 * node.value if node.value else 1.0)
        if node.value:
            yield ast.UnaryOp(ast.USub(), node)


def comparison(node: ast.AST) -> Replacements:
    """``<`` becomes ``<=``, and ``>``."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                ops = [other() if n == number else each for n, each in enumerate(node.ops)]
                yield _with(node, ops=ops)


def condition(node: ast.AST) -> Replacements:
    """A part of a condition is left out; ``and`` becomes ``or``; ``not a`` becomes ``a``."""
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
        for number in range(len(node.values)):
            rest = [value for n, value in enumerate(node.values) if n != number]
            yield rest[0] if len(rest) == 1 else _with(node, values=rest)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse


def removed_raise(node: ast.AST) -> Replacements:
    """An error is not raised, or is of another type."""
    if isinstance(node, ast.Raise):
        yield ast.Pass()
        if isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            other = "TypeError" if node.exc.func.id != "TypeError" else "ValueError"
            yield _with(node, exc=_with(node.exc, func=ast.Name(other, ast.Load())))


def removed_statement(node: ast.AST) -> Replacements:
    """A step, a jump or a call for its effect is left out."""
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if called or isinstance(node, ast.AugAssign | ast.Break | ast.Continue):
        yield ast.Pass()


def sibling(node: ast.AST) -> Replacements:
    """``mean`` becomes ``sum``, ``maximum`` becomes ``minimum``."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SIBLINGS:
            yield _with(node, func=_with(node.func, attr=_SIBLINGS[node.func.attr]))
        if isinstance(node.func, ast.Name) and node.func.id in {"all", "any", "max", "min"}:
            yield _with(node, func=ast.Name(_SIBLINGS[node.func.id], ast.Load()))


OPERATORS: Final[dict[str, Operator]] = {
    "sign": sign,
    "factor": factor,
    "dropped term": dropped_term,
    "transpose": transpose,
    "axis": axis,
    "off by one": off_by_one,
    "wrong constant": wrong_constant,
    "comparison": comparison,
    "condition": condition,
    "removed raise": removed_raise,
    "removed statement": removed_statement,
    "sibling": sibling,
}


def _with(node: Node, **changes: object) -> Node:
    """Return a copy of a node with other fields."""
    other = copy.copy(node)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _is_call_of(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
        and bool(node.args)
    )
