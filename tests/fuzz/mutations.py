"""Changes of JSON that leave it JSON: values come, go, move and turn into others."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any, Final

_STRANGE: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**300,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "\ud800",
    "1/0",
    "1e9",
    "../a",
    [],
    {},
    [[]],
    {"a": 1},
)
_RAW_SHARE: Final = 0.25
"""Of all changes, those of the bytes themselves."""


def mutate(data: bytes, max_bytes: int, seed: int, mutate_bytes: Callable[[bytes], bytes]) -> bytes:
    """
    Change an input.

    Args:
        data: The input.
        max_bytes: How long the changed one may be.
        seed: Of the choices.
        mutate_bytes: Changes bytes, as the fuzzer does.
    """
    chosen = random.Random(seed)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return mutate_bytes(data)
    if chosen.random() < _RAW_SHARE:
        return mutate_bytes(data)
    box = [document]
    for _ in range(chosen.choice((1, 1, 2, 4))):
        _change(chosen.choice(_places(box)), box, chosen, mutate_bytes)
    changed = json.dumps(box[0], separators=(",", ":")).encode()
    return changed if len(changed) <= max_bytes else data[:max_bytes]


def _places(box: list[Any]) -> list[tuple[Any, Any]]:
    """Return each value's container and its key or index there."""
    found, left = [], [box]
    while left:
        container: Any = left.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        found += [(container, key) for key in keys]
        left += [container[key] for key in keys if isinstance(container[key], dict | list)]
    return found


def _change(
    place: tuple[Any, Any],
    box: list[Any],
    chosen: random.Random,
    mutate_bytes: Callable[[bytes], bytes],
) -> None:
    container, key = place
    match chosen.randrange(6):
        case 0:
            container[key] = copy.deepcopy(chosen.choice(_STRANGE))
        case 1 if container is not box:
            del container[key]
        case 2:
            other, name = chosen.choice(_places(box))
            container[key] = copy.deepcopy(other[name])
        case 3 if isinstance(container, list) and container is not box:
            container.insert(key, copy.deepcopy(container[key]))
        case 4 if isinstance(container, dict):
            container[_changed_text(str(key), mutate_bytes)] = container.pop(key)
        case _:
            container[key] = _changed(container[key], chosen, mutate_bytes)


def _changed(value: Any, chosen: random.Random, mutate_bytes: Callable[[bytes], bytes]) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return chosen.choice((value + 1, -value, value * 2, str(value)))
        case str():
            return _changed_text(value, mutate_bytes)
        case _:
            return [value]


def _changed_text(text: str, mutate_bytes: Callable[[bytes], bytes]) -> str:
    return mutate_bytes(text.encode(errors="surrogatepass")).decode(errors="replace")
