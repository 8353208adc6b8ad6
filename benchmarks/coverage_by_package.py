"""
How much of each package the tests run, from the data that `make coverage` has collected.

    python -m benchmarks.coverage_by_package
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

# What runs there cannot write its measurements out: a kernel sees no folder of the machine, and the
# launcher starts without site-packages. Only calls by unit tests outside are counted.
NOT_MEASURED: Final = (
    "autograder/doctor/inside.py",
    "autograder/sandbox/launcher.py",
    "autograder/sandbox/runtime/",
)
COLUMNS: Final = ("statements", "% run", "branches", "% taken", "% of both")


@dataclass(frozen=True)
class Covered:
    """How many statements and branches there are, and how many were run and taken."""

    statements: int = 0
    run: int = 0
    branches: int = 0
    taken: int = 0

    def __add__(self, other: Covered) -> Covered:
        """Add the numbers of another file."""
        return Covered(
            self.statements + other.statements,
            self.run + other.run,
            self.branches + other.branches,
            self.taken + other.taken,
        )

    def row(self, name: str) -> str:
        """Return a row of a Markdown table."""
        cells = (
            name,
            str(self.statements),
            _percent(self.run, self.statements),
            str(self.branches),
            _percent(self.taken, self.branches),
            _percent(self.run + self.taken, self.statements + self.branches),
        )
        return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a Markdown table with a row for each package, and the sums."""
    files = {path: _covered(entry["summary"]) for path, entry in _measured().items()}
    packages: defaultdict[str, Covered] = defaultdict(Covered)
    for path, covered in files.items():
        packages[".".join(PurePosixPath(path).parent.parts)] += covered
    measured = [files[path] for path in files if not path.startswith(NOT_MEASURED)]

    print(f"| package | {' | '.join(COLUMNS)} |")
    print("|---" * (1 + len(COLUMNS)) + "|")
    for name in sorted(packages):
        print(packages[name].row(name))
    print(sum(files.values(), Covered()).row("**all**"))
    print(sum(measured, Covered()).row("**all but what runs in the sandbox only**"))


def _measured() -> dict[str, Any]:
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    files: dict[str, Any] = json.loads(result.stdout)["files"]
    return files


def _covered(summary: dict[str, int]) -> Covered:
    return Covered(
        summary["num_statements"],
        summary["covered_lines"],
        summary["num_branches"],
        summary["covered_branches"],
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


if __name__ == "__main__":
    main()
