"""What of a kernel's outputs is kept: what pages show, at the size that it takes there."""

from __future__ import annotations

from typing import Any, Final

from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.cells import SHOWN_TYPES

_MAX_TYPE_CHARACTERS: Final = 100


class OutputClient(NotebookClient):
    """
    nbclient, with bounds on what a notebook's outputs become.

    Attributes:
        repeated_bytes: What outputs take beyond the messages that they came in: an update of a
            display reaches every place where that display stands.
    """

    repeated_bytes: int = 0

    def handle_comm_msg(
        self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int
    ) -> None:
        """
        Pass over what widgets say: what a cell prints into one is printed below the cell.

        nbclient would keep such output for the widget and answer the kernel in the middle of the
        cell, by a socket on which it waits for the cell's end: it often misses that end then, and
        an `interact` is waited for until its time is over.
        """

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Keep an output, without what no page shows."""
        _reduce(msg["content"])
        return super().output(outs, msg, display_id, cell_index)

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        _reduce(msg["content"])
        places = sum(map(len, self._display_id_map.get(display_id, {}).values()))
        # Untrusted: one picture, shown at ten thousand places and updated once, is written out
        # ten thousand times.
        self.repeated_bytes += places * _size(msg["content"].get("data"))
        super()._update_display_id(display_id, msg)


def _reduce(content: dict[str, Any]) -> None:
    """Leave in a message's content what a page shows: a type for each line of data costs time."""
    data = content.get("data")
    if isinstance(data, dict):
        kept = {name: data[name] for name in SHOWN_TYPES if _is_text(data.get(name))}
        if not kept:
            # Its name is told; an empty text is not shown.
            kept = {str(name)[:_MAX_TYPE_CHARACTERS]: "" for name in [*data][:1]}
        content["data"] = kept
        content["metadata"] = {}


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(line, str) for line in value)
    )


def _size(data: object) -> int:
    if not isinstance(data, dict):
        return 0
    texts = (text for text in data.values() if isinstance(text, str | list))
    return sum(sum(map(len, text)) if isinstance(text, list) else len(text) for text in texts)
