"""
Variants of a solution: typical wrong answers, and right answers written differently.

`misconceptions.py` and `alternatives.py` of an assignment hold them as code. The grader compares a
failed answer with the misconceptions to give the student a hint; `autograder validate` puts each
sample into the solution notebook, one at a time, to prove that the hidden tests catch every wrong
one and accept every right one.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from autograder.syntax import parse

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class SampleAnswer:
    """
    One sample of the answer to one question.

    Args:
        question: Id of the question, such as ``"q5"``.
        title: What the sample does, for staff.
        source: Code of the cell that is put behind the question's solution.
        hint: What a student with this misconception is told; ``None`` for a right answer.
        name: Name of the notebook that `function` replaces, if it is one function.
        function: The wrong function, callable in the grader.
        values: The wrong variables by name.
        recognised_by: Whether variables have the property that is wrong, called with them by name;
            without one, only equal variables are recognised.
        follow_ups: Other questions that lose points too, each with the reason.
    """

    question: str
    title: str
    source: str
    hint: str | None = None
    name: str | None = None
    function: Callable[..., Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    recognised_by: Callable[..., bool] | None = None
    follow_ups: Mapping[str, str] = field(default_factory=dict)


def misconception(
    question: str, *, hint: str, follow_ups: Mapping[str, str] | None = None
) -> Callable[[Function], Function]:
    """
    Register a wrong version of a student's function, under the function's own name.

    Args:
        question: Id of the question that must lose points.
        hint: Names the symptom and leads the student on without giving the answer.
        follow_ups: Questions that unavoidably lose points too, with the reason.
    """

    def register(function: Function) -> Function:
        _add(function, _of_function(question, function, hint, follow_ups or {}))
        return function

    return register


def alternative(question: str) -> Callable[[Function], Function]:
    """Register a right but unusual version of a student's function."""

    def register(function: Function) -> Function:
        _add(function, _of_function(question, function, None, {}))
        return function

    return register


def wrong_values(
    question: str,
    *,
    hint: str,
    title: str,
    recognised_by: Callable[..., bool] | None = None,
    **values: Any,
) -> SampleAnswer:
    """
    Register wrong variables; each keyword is a name of the notebook.

    Args:
        question: Id of the question that must lose points.
        hint: Names the symptom and leads the student on without giving the answer.
        title: What is wrong, for staff.
        recognised_by: Whether a student's variables are wrong in this way, though they are not
            these; called with them under the same keywords. Register it behind those that are
            recognised by their values: the first that explains the most gives the hint.
        values: The variables: those of one wrong answer.
    """
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    return _add_to_caller(
        SampleAnswer(
            question, title, "\n".join(lines), hint, values=values, recognised_by=recognised_by
        )
    )


def misconception_cell(
    question: str,
    *,
    title: str,
    hint: str,
    source: str,
    follow_ups: Mapping[str, str] | None = None,
) -> SampleAnswer:
    """Register a wrong answer that is more than one function, as the text of a cell."""
    code = textwrap.dedent(source).strip("\n")
    return _add_to_caller(SampleAnswer(question, title, code, hint, follow_ups=follow_ups or {}))


def alternative_cell(question: str, *, title: str, source: str) -> SampleAnswer:
    """Register a right answer that is more than one function, as the text of a cell."""
    return _add_to_caller(SampleAnswer(question, title, textwrap.dedent(source).strip("\n")))


def registered_in(namespace: Mapping[str, Any]) -> tuple[SampleAnswer, ...]:
    """Return the samples that an executed module registered, in order."""
    return tuple(namespace.get("__sample_answers__", ()))


def _of_function(
    question: str, function: Callable[..., Any], hint: str | None, follow_ups: Mapping[str, str]
) -> SampleAnswer:
    source = textwrap.dedent(inspect.getsource(function))
    definition = parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    lines = source.splitlines()[definition.lineno - 1 :]
    title = (inspect.getdoc(function) or function.__name__).splitlines()[0]
    return SampleAnswer(
        question,
        title,
        "\n".join(lines),
        hint,
        name=function.__name__,
        function=function,
        follow_ups=follow_ups,
    )


def _add(function: Callable[..., Any], sample: SampleAnswer) -> None:
    function.__globals__.setdefault("__sample_answers__", []).append(sample)


def _add_to_caller(sample: SampleAnswer) -> SampleAnswer:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None and frame.f_back.f_back is not None
    frame.f_back.f_back.f_globals.setdefault("__sample_answers__", []).append(sample)
    return sample
