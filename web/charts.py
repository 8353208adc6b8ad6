"""Bar charts as geometry: what templates draw as SVG, each beside its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.services.gradebook.statistics import Bin, PointsSummary

# Narrow enough for letters to be readable on a phone, where a chart is not scaled up.
WIDTH: Final = 360.0
_HEIGHT: Final = 190.0
_LEFT, _TOP, _BOTTOM = 8.0, 26.0, 34.0
_ROW: Final = 26.0
_LABEL: Final = 64.0
_VALUE: Final = 46.0


@dataclass(frozen=True)
class Bar:
    """A bar: its place, what stands below or before it, and its value in words."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


@dataclass(frozen=True)
class Chart:
    """
    A chart.

    Args:
        height: Of the whole; the width is `WIDTH`.
        bars: In order.
        description: What is to be seen, in a sentence.
        marks: Places of vertical lines, each with its words.
    """

    height: float
    bars: Sequence[Bar]
    description: str
    marks: Sequence[tuple[float, str]] = ()
    width: float = WIDTH


def histogram_chart(bins: Sequence[Bin], summary: PointsSummary) -> Chart:
    """Draw how many attempts have how many points, and where the median is."""
    tallest = max((each.count for each in bins), default=0) or 1
    step = (WIDTH - 2 * _LEFT) / len(bins)
    room = _HEIGHT - _TOP - _BOTTOM
    bars = []
    for number, each in enumerate(bins):
        height = room * each.count / tallest
        x, y = _LEFT + number * step + 1, _TOP + room - height
        bars.append(Bar(x, y, step - 2, height, f"{each.low / 10:g}", str(each.count)))
    most = bins[-1].high or 1
    place = _LEFT + (WIDTH - 2 * _LEFT) * min(max(summary.median / most, 0.0), 1.0)
    return Chart(_HEIGHT, bars, _described(bins, summary), [(place, "median")])


def rate_chart(rates: Sequence[tuple[str, float | None]], description: str) -> Chart:
    """Draw rates from 0 to 1 as bars under one another."""
    room = WIDTH - _LABEL - _VALUE
    bars = [
        Bar(
            _LABEL,
            number * _ROW + 5,
            room * min(max(rate or 0.0, 0.0), 1.0),
            _ROW - 10,
            label,
            "–" if rate is None else f"{rate * 100:.0f} %",
        )
        for number, (label, rate) in enumerate(rates)
    ]
    return Chart(len(bars) * _ROW + 2, bars, description)


def _described(bins: Sequence[Bin], summary: PointsSummary) -> str:
    fullest = max(bins, key=lambda each: each.count)
    return (
        f"{summary.count} attempts; the most frequent range, from {fullest.low / 10:g} to "
        f"{fullest.high / 10:g} points, has {fullest.count}. The median is "
        f"{summary.median / 10:g} points."
    )
