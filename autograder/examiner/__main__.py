"""The examiner: collects an assignment's tests, then serves jobs until the grader has gone."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Final

import pytest

from autograder.errors import AssignmentError
from autograder.examiner.bounds import limit_resources
from autograder.examiner.plugin import ExaminerPlugin
from autograder.examiner.protocol import CollectionRefused, Started, encoded
from autograder.packets import Packets

_UNUSED_PLUGINS: Final = (
    "cacheprovider",
    "doctest",
    "junitxml",
    "pastebin",
    "stepwise",
    "setuponly",
    "setupplan",
)


def main() -> None:
    """Be the examiner: collect, then serve jobs until the grader has gone."""
    folder, public_folder = Path(sys.argv[1]), Path(sys.argv[2])
    # Hidden tests may share modules that stand beside them, such as a reference of their own.
    sys.path.insert(0, str(folder / "hidden"))
    packets = Packets(socket.socket(fileno=int(sys.argv[3])))
    limit_resources()
    packets.send(encoded(Started()))
    try:
        plugin = ExaminerPlugin(packets, folder / "misconceptions.py")
    except AssignmentError as error:
        packets.send(encoded(CollectionRefused(error.place, error.reason)))
        sys.exit(1)
    settings = public_folder / "pytest.ini"
    arguments = ["-c", str(settings), f"--rootdir={public_folder}", "--import-mode=importlib"]
    # Nobody reads pytest's own account of a failure, and its other styles parse the test files.
    arguments += ["--strict-markers", "-q", "-s", "--tb=native"]
    for unused in _UNUSED_PLUGINS:
        arguments += ["-p", f"no:{unused}"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    tests = [
        str(public_folder / "test_public.py"),
        *map(str, sorted((folder / "hidden").glob("test_*.py"))),
    ]
    sys.exit(pytest.main([*arguments, *tests], plugins=[plugin]))


if __name__ == "__main__":
    main()
