"""What the comparison measured: medians, ratios, targets, and one table."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from benchmarks.measure import Taken


class Way(enum.StrEnum):
    """A way to grade a notebook, or a class of them."""

    OTTER = "otter run"
    NBGRADER = "nbgrader autograde"
    COLD = "autograder grade, cold"
    WARM = "autograder, warm worker"
    BARE = "the bare cells, warm"
    NBGRADER_CLASS = "nbgrader autograde, class"
    OUR_CLASS = "autograder grade, class"


SINGLE: Final = (Way.OTTER, Way.NBGRADER, Way.COLD, Way.WARM, Way.BARE)
CLASS: Final = (Way.NBGRADER_CLASS, Way.OUR_CLASS)
PROMISED_CLASS: Final = 20
BUSY: Final = 0.5  # processes for each core
LIBRARY: Final = {"small_numpy": "NumPy", "small_tensorflow": "TensorFlow"}


@dataclass(frozen=True)
class Target:
    """
    What was promised, and what was measured.

    Args:
        text: The promise.
        measured: The measured value, as text.
        met: Whether it is kept.
        aim: What we would like, if that is more.
        aim_met: Whether that is reached.
    """

    text: str
    measured: str
    met: bool
    aim: str = ""
    aim_met: bool = False


@dataclass(frozen=True)
class Results:
    """
    All that was measured.

    Args:
        taken: For each assignment and way, what each round took.
        class_size: How many notebooks a class has.
        cores: The machine's.
        load: Processes that wanted a core before the comparison began, a mean over one minute.
    """

    taken: Mapping[tuple[str, Way], list[Taken]]
    class_size: int
    cores: int
    load: float = 0.0

    @property
    def names(self) -> list[str]:
        """The assignments, in order."""
        return list(dict.fromkeys(name for name, _ in self.taken))

    @property
    def rounds(self) -> int:
        """How often each grader graded."""
        return min(map(len, self.taken.values()))

    def wall(self, name: str, way: Way) -> float:
        """Return the median of the wall seconds."""
        return median(each.wall_seconds for each in self.taken[name, way])

    def cpu(self, name: str, way: Way) -> float:
        """Return the median of the CPU seconds."""
        return median(each.cpu_seconds for each in self.taken[name, way])

    def ratio(self, name: str, way: Way, to: Way) -> float:
        """Return the median over the rounds of how much longer one way takes than another."""
        pairs = zip(self.taken[name, way], self.taken[name, to], strict=True)
        return median(one.wall_seconds / other.wall_seconds for one, other in pairs)

    def overhead(self, name: str) -> float:
        """Return the median over the rounds of what grading adds to the bare cells, in seconds."""
        pairs = zip(self.taken[name, Way.WARM], self.taken[name, Way.BARE], strict=True)
        return median(warm.wall_seconds - bare.wall_seconds for warm, bare in pairs)

    def targets(self, name: str) -> Iterator[Target]:
        """Return what was promised for one of the notebooks."""
        library = LIBRARY[name]
        peers = (Way.OTTER, Way.NBGRADER) if library == "NumPy" else (Way.OTTER,)
        factor = 8 if library == "NumPy" else 4
        for peer in peers:
            ratio = self.ratio(name, peer, Way.WARM)
            aim = "16 x" if library == "NumPy" else ""
            text = f"{library}: warm, {factor} x {peer.split()[0]}'s speed"
            yield Target(text, f"{ratio:.1f} x", ratio >= factor, aim, ratio >= 16)
        extra = self.overhead(name)
        text = f"{library}: < 0.5 s over bare cells"
        # Grading cannot take less than no time: such a number says that the machine was busy.
        measured = f"{extra:.2f} s" if extra > 0 else "noise"
        yield Target(text, measured, 0 < extra < 0.5, "0.2 s", 0 < extra <= 0.2)
        ratio = self.ratio(name, Way.COLD, Way.OTTER)
        yield Target(f"{library}: cold, otter's speed", f"{1 / ratio:.1f} x", ratio <= 1)
        if self.class_size < PROMISED_CLASS:
            return
        ratio = self.ratio(name, Way.NBGRADER_CLASS, Way.OUR_CLASS)
        text = f"{library}: class, 8 x nbgrader's"
        yield Target(text, f"{ratio:.1f} x", ratio >= 8)


def print_results(results: Results, console: Console) -> None:
    """Print the table, and below it each target with what was measured."""
    console.print(_table(results))
    console.print(_targets(results))
    note = (
        f"Medians of {_counted(results.rounds, 'round')} on {_counted(results.cores, 'core')}. "
        "Ratios are of wall times, the median over the rounds; a class is compared with our class. "
        "CPU seconds are those of all processes, of the warm worker also those of the spare kernel "
        "that it makes for the next notebook."
    )
    console.print(Padding(f"[dim]{note}[/]", (1, 1)))
    if results.load > BUSY * results.cores:
        console.print(
            f" [bold yellow]The machine had other work (load {results.load:.1f}): wall times and "
            "what is judged by them are worth little.[/]"
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(results: Results) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for heading in ("wall s", "CPU s", "each s", "x ours"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in results.names:
        table.add_row(f"[bold]{LIBRARY[name]} notebook[/]")
        for way in (*SINGLE, *CLASS):
            table.add_row(*_row(results, name, way), style=_style(way))
        table.add_section()
    return table


def _targets(results: Results) -> Table:
    table = Table(box=None, show_header=False, pad_edge=True)
    for name in results.names:
        for target in results.targets(name):
            mark = "[green]✔ met[/]" if target.met else "[bold red]✘ missed[/]"
            reached = "reached" if target.aim_met else "not reached"
            aim = f"[dim]aim {target.aim}: {reached}[/]" if target.aim else ""
            table.add_row(mark, target.text, f"[bold]{target.measured}[/]", aim)
        table.add_section()
    return table


def _row(results: Results, name: str, way: Way) -> tuple[str, ...]:
    wall = results.wall(name, way)
    size = results.class_size if way in CLASS else 1
    ours = Way.OUR_CLASS if way in CLASS else Way.WARM
    label = f"  {way} of {size}" if way in CLASS else f"  {way}"
    ratio = f"{results.ratio(name, way, ours):.1f}"
    return label, f"{wall:.2f}", f"{results.cpu(name, way):.2f}", f"{wall / size:.2f}", ratio


def _style(way: Way) -> str:
    if way is Way.BARE:
        return "dim"
    return "green" if way in (Way.WARM, Way.COLD, Way.OUR_CLASS) else ""
