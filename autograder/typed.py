"""Whether values that were read from JSON have the types that a dataclass's fields name."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_INTEGER: Final = 2**64
"""Beyond which no number is counted with; a longer one may take seconds to be written."""


def check_types(value: DataclassInstance) -> None:
    """
    Look at each field, and at those of the dataclasses in it.

    Numbers must be finite, and text such as can be written: JSON can spell half a character.

    Raises:
        TypeError: If one has another type than is annotated.
    """
    for name, conforms in _conditions(type(value)):
        if not conforms(getattr(value, name)):
            raise TypeError(f"{type(value).__name__}.{name} has another type")


# A class's statistics read thousands of tests.
@cache
def _conditions(kind: type[DataclassInstance]) -> tuple[tuple[str, Callable[[object], bool]], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _condition(hints[field.name])) for field in fields(kind))


def _condition(hint: Any) -> Callable[[object], bool]:
    """Return what a value of an annotated type fulfils."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        some = tuple(map(_condition, arguments))
        return lambda value: any(conforms(value) for conforms in some)
    if origin is tuple and arguments[1:] == (...,):
        each = _condition(arguments[0])
        return lambda value: type(value) is tuple and all(map(each, value))
    if origin is tuple:
        parts = tuple(map(_condition, arguments))
        return lambda value: (
            type(value) is tuple
            and len(value) == len(parts)
            and all(conforms(part) for conforms, part in zip(parts, value, strict=True))
        )
    if origin is Mapping:
        key, item = map(_condition, arguments)
        return lambda value: (
            type(value) is dict and all(map(key, value)) and all(map(item, value.values()))
        )
    if is_dataclass(hint):
        return lambda value: type(value) is hint and _all_fields_conform(value)
    return _PLAIN.get(hint, lambda value: type(value) is hint)


def _all_fields_conform(value: DataclassInstance) -> bool:
    return all(conforms(getattr(value, name)) for name, conforms in _conditions(type(value)))


def _is_text(value: object) -> bool:
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_integer(value: object) -> bool:
    return type(value) is int and abs(value) <= MAX_INTEGER


def _is_number(value: object) -> bool:
    return _is_integer(value) or (type(value) is float and math.isfinite(value))


_PLAIN: Final[dict[Any, Callable[[object], bool]]] = {
    str: _is_text,
    int: _is_integer,
    float: _is_number,
}
