"""Parse Python from any thread."""

from __future__ import annotations

import ast
import threading
from typing import Final

# Before Python 3.12 the parser counts its depth for all threads together, and fails with
# "AST constructor recursion depth mismatch" where two parse at once.
_one_at_a_time: Final = threading.Lock()


def parse(source: str) -> ast.Module:
    """
    Parse a module's text.

    Raises:
        SyntaxError: If it is not valid Python.
    """
    with _one_at_a_time:
        return ast.parse(source)
