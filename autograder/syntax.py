"""Parse Python from any thread."""

from __future__ import annotations

import ast
import re
import threading
from typing import Final

# Before Python 3.12 the parser counts its depth for all threads together, and fails with
# "AST constructor recursion depth mismatch" where two parse at once.
_one_at_a_time: Final = threading.Lock()
_LINE_END: Final = re.compile(r"\r\n?|\n")


def lines_of(source: str) -> list[str]:
    """Return a text's lines as Python counts them: a form feed, or U+2028 in a text, ends none."""
    return _LINE_END.split(source)


def parse(source: str) -> ast.Module:
    """
    Parse a module's text.

    Raises:
        SyntaxError: If it is not valid Python.
    """
    with _one_at_a_time:
        return ast.parse(source)
