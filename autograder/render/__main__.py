"""The renderer: loads all that rendering needs, then forks a confined child for each notebook."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
from typing import Any, Final, NoReturn

from autograder.packets import Packets, serve_children
from autograder.render.confinement import (
    SOURCE,
    TARGET,
    RenderLimits,
    compiled_filter,
    confine,
)
from autograder.render.notebooks import (
    load_everything,
    notebook_as_text,
    parse,
    render_notebook,
)

_READ_BYTES: Final = 1 << 20
_NICENESS: Final = 10


def main() -> None:
    """Serve jobs until whoever asks has gone."""
    packets = Packets(socket.socket(fileno=int(sys.argv[1])))
    # What cannot be rendered is said on the page; a child has nowhere to write to.
    logging.disable()
    load_everything()
    system_calls = compiled_filter()
    # Pages come first: somebody may have made a notebook that is slow to render.
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICENESS))
    # A collection of garbage in a child would copy every page that holds an object.
    gc.freeze()
    serve_children(packets, lambda job, given: _fork(job, given, system_calls))


def _fork(job: dict[str, Any], descriptors: list[int], system_calls: bytes) -> int:
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _render(job, descriptors, system_calls, parent)
    return child


def _render(
    job: dict[str, Any], descriptors: list[int], system_calls: bytes, parent: int
) -> NoReturn:
    status = 1
    try:
        render = notebook_as_text if job["as_text"] else render_notebook
        source, target = descriptors
        limits = RenderLimits(**job["limits"])
        confine(limits, parent, system_calls, source, target)
        # Untrusted from here on: whatever parsing and rendering cost, they cost this process.
        rendered = render(parse(_read()), job["questions"])
        _write(rendered.as_text().encode())
        status = 0
    finally:
        os._exit(status)


def _read() -> bytes:
    # Files of Python's own ask for more than a confined process may.
    parts = []
    while part := os.read(SOURCE, _READ_BYTES):
        parts.append(part)
    return b"".join(parts)


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(TARGET, left) :]


if __name__ == "__main__":
    main()
