"""
Run the bare cells of notebooks in forked children of a process that has imported the libraries.

What remains of a grading run when all grading is taken away: what we measure our overhead against.
Runs in the notebooks' environment, so it imports nothing of the project's.

    python bare.py MODULE…    then one notebook's path a line; each is answered by a line of JSON
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path


def main(modules: list[str]) -> None:
    """Import, then answer requests until there are no more."""
    for module in modules:
        importlib.import_module(module)
    warm_up()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run_in_child(Path(line.strip()))), flush=True)


def warm_up() -> None:
    """Do once what our fork server does once, or the cells would look slower than they are."""
    nbformat = importlib.import_module("nbformat")
    nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]))
    gc.collect()
    gc.freeze()


def run_in_child(notebook: Path) -> dict[str, float | bool]:
    """Fork, run the cells, and give the child's wall and CPU seconds, from fork to exit."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            run_cells(notebook)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status, usage = os.wait4(pid, 0)
    return {
        "wall_seconds": time.perf_counter() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "succeeded": status == 0,
    }


def run_cells(notebook: Path) -> None:
    """Execute the code cells one after another in one namespace; what they print is dropped."""
    os.chdir(notebook.parent)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # open until the child ends
    namespace = {"__name__": "__main__", "get_ipython": lambda: None}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)  # noqa: S102  # our own sample


if __name__ == "__main__":
    main(sys.argv[1:])
