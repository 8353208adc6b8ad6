"""
Whether an assignment's content has proved itself: kept beside its snapshot, as the hash says which.

A proof is asked for when an assignment is taken up, and made in the background by
`web.workers.validation`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from autograder.files import write_file
from web.models import Snapshot

FILE: Final = "proof.json"
FAULTS_SHOWN: Final = 20


@dataclass(frozen=True)
class ValidationState:
    """
    How far a proof is, and what came of it.

    Args:
        state: ``asked``, ``running``, ``proved``, ``faulty``, or ``failed`` for a fault of ours.
        tried: How many things were tried so far.
        wrong: Typical wrong answers that are caught, and how many there are.
        right: Right answers that get full marks, and how many there are.
        faults: Why it does not prove itself, each in a line.
        remarks: What its author should look at.
    """

    state: str
    tried: int = 0
    wrong: tuple[int, int] = (0, 0)
    right: tuple[int, int] = (0, 0)
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in ("asked", "running")


def ask(snapshots: Path, snapshot: Snapshot) -> None:
    """Ask for the proof of a snapshot, unless it is there or on its way."""
    place = _file(snapshots, snapshot)
    known = read(place)
    if known is None or known.state == "failed":
        write(place, ValidationState("asked"))


def validation_of(snapshots: Path, snapshot: Snapshot) -> ValidationState | None:
    """Return the proof of a snapshot; ``None`` if nobody has asked for it."""
    return read(_file(snapshots, snapshot))


def open_validations(snapshots: Path) -> Iterator[Path]:
    """Return the files of proofs that are asked for or were not brought to their end."""
    for place in sorted(snapshots.glob(f"*/{FILE}")):
        state = read(place)
        if state is not None and not state.done:
            yield place


def read(place: Path) -> ValidationState | None:
    """Read a proof's file."""
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    lists = {name: tuple(data[name]) for name in ("wrong", "right", "faults", "remarks")}
    return ValidationState(**{**data, **lists})


def write(place: Path, state: ValidationState) -> None:
    """Write a proof's file."""
    shown = replace(state, faults=state.faults[:FAULTS_SHOWN], remarks=state.remarks[:FAULTS_SHOWN])
    write_file(place, json.dumps(asdict(shown)).encode())


def _file(snapshots: Path, snapshot: Snapshot) -> Path:
    return snapshots / snapshot.content_hash / FILE
