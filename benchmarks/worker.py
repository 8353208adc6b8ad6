"""
A process that grades as a worker of the portal does: one `Grader` that lives, one job at a time.

    python -m benchmarks.worker ASSIGNMENT…    then a line of JSON with "assignment" and "notebook"
                                               for each job; each is answered by a line of JSON
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from autograder.assignment import find_assignment, load_assignment
from autograder.grade import Grader
from autograder.notebook import read_notebook


def main(names: list[str]) -> None:
    """Warm up for the assignments, then answer requests until there are no more."""
    assignments = {name: load_assignment(find_assignment(name)) for name in names}
    with Grader() as grader:
        for assignment in assignments.values():
            grader.prepare(assignment)
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            job = json.loads(line)
            began = time.perf_counter()
            data = read_notebook(Path(job["notebook"]))
            report = grader.grade(data, assignments[job["assignment"]])
            view = report.staff_view().as_json()
            stored = json.dumps(view)  # a worker stores it, so this belongs to its work
            wall = time.perf_counter() - began
            score = [view["score"], view["max_score"]]
            answer = {"wall_seconds": wall, "score": score, "bytes": len(stored)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
