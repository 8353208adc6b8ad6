"""
One process of libFuzzer, which `tests.fuzz.campaign` starts: it ends the process by itself.

    python -m tests.fuzz.child TARGET [libFuzzer's options] [folders of inputs]
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

import atheris

from tests.fuzz import targets
from tests.fuzz.mutations import mutate

_TRACED: Final = ("autograder", "web", "mistune", "latex2mathml", "tarfile")
"""Whose branches are inputs' merit: the project's own, and of others those that parse."""


def main() -> None:
    """Fuzz a target: what runs is traced from its import on."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=_TRACED):
        target = targets.load(name)
    mutator = {"custom_mutator": _mutate_json} if target.IS_JSON else {}
    check = partial(targets.check_within_bounds, target)
    atheris.Setup([sys.argv[0], *options], check, **mutator)
    atheris.Fuzz()


def _mutate_json(data: bytes, max_bytes: int, seed: int) -> bytes:
    return mutate(data, max_bytes, seed, lambda part: atheris.Mutate(part, max_bytes))


if __name__ == "__main__":
    main()
