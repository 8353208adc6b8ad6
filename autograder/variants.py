"""The old name of `autograder.sample_answers`, kept for assignments that import it; warns."""

from __future__ import annotations

import warnings

from autograder.sample_answers import (
    SampleAnswer,
    alternative,
    alternative_cell,
    misconception,
    misconception_cell,
    wrong_values,
)

Variant = SampleAnswer

warnings.warn(
    "autograder.variants is now autograder.sample_answers, and Variant is SampleAnswer",
    DeprecationWarning,
    stacklevel=2,
)

__all__ = [
    "Variant",
    "alternative",
    "alternative_cell",
    "misconception",
    "misconception_cell",
    "wrong_values",
]
