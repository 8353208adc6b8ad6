"""
What a master notebook may tell otter-assign, which runs as the operator's user.

Other settings of otter's import code of the notebook, read files or write them, so what is not
known here is refused. Each check finds at least what otter finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from autograder.errors import AssignmentError
from autograder.notebook import Cell

Complain = Callable[[str, str], AssignmentError]
"""Makes an error of a message and of a text that stands where the fault is."""
_HEAD: Final = re.compile(r"#\s*ASSIGNMENT\s+CONFIG", re.IGNORECASE)
# By key the values that it may have.
_TESTS: Final[Mapping[str, tuple[bool, ...]]] = {
    "ok_format": (True, False),
    "files": (True, False),
}
_SWITCHES: Final[Mapping[str, tuple[bool, ...]]] = {
    "init_cell": (True, False),
    "export_cell": (True, False),
    "check_all_cell": (True, False),
    # They would run the solution outside of the sandbox.
    "run_tests": (False,),
    "generate": (False,),
}


def is_config(cell: Cell) -> bool:
    """Return whether a cell holds the notebook's settings."""
    return cell.kind == "raw" and _HEAD.match(cell.source.strip()) is not None


def check_config(config: Mapping[Any, Any], complain: Complain) -> None:
    """
    Check the notebook's settings.

    Args:
        config: The settings as YAML gives them.
        complain: Makes the error.

    Raises:
        AssignmentError: If there is a setting or a value that is not allowed.
    """
    # Untrusted: whoever may write tests may not run code as the operator's user.
    for key, value in config.items():
        if key == "name":
            if not isinstance(value, str):
                raise complain("the notebook's name must be text", "name")
        elif key == "tests":
            if not isinstance(value, dict):
                raise complain(f"'tests' must be a table of {_listed(_TESTS)}", "tests")
            _check_switches(value, _TESTS, "tests", complain)
        else:
            _check_switches({key: value}, _SWITCHES, "the notebook", complain)


def refuse_fence(cell: Cell, complain: Complain) -> None:
    """
    Refuse a block of settings within a cell: we read settings of raw cells only.

    Raises:
        AssignmentError: If the cell holds one.
    """
    for line in cell.source.splitlines():
        if line.strip() == "```otter":
            raise complain("settings stand in raw cells of their own, not behind ```otter", line)


def _check_switches(
    table: Mapping[Any, Any],
    known: Mapping[str, tuple[bool, ...]],
    owner: str,
    complain: Complain,
) -> None:
    for key, value in table.items():
        if key not in known:
            allowed = _listed(known) if known is _TESTS else _listed(("name", *known, "tests"))
            raise complain(f"unknown setting {key!r} of {owner}: there are {allowed}", str(key))
        if not isinstance(value, bool) or value not in known[key]:
            values = " or ".join(str(each).lower() for each in known[key])
            raise complain(f"{key!r} must be {values}", key)


def _listed(names: Any) -> str:
    return ", ".join(names)
