"""What a use case refuses, in words for the person who asked."""

from __future__ import annotations


class RuleError(Exception):
    """The portal's rules do not allow it; the text says why and what to do next."""


class BusyError(Exception):
    """Others ask for so much of the same that this cannot be done now; later it can."""
