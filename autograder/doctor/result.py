"""What came of trying one layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerResult:
    """
    What came of trying one layer.

    Args:
        layer: Its name.
        holds: Whether it holds; ``None`` for one that is a bonus and is not there.
        detail: What it is, or what was seen instead.
        advice: What to do about it, if it does not hold.
        tried: Whether it could be tried at all.
    """

    layer: str
    holds: bool | None
    detail: str
    advice: str = ""
    tried: bool = True
