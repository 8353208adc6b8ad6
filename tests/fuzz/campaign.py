"""
Fuzz the targets, one after the other, each for so many seconds.

    python -m tests.fuzz.campaign [--seconds 60] [--keep] [TARGET ...]

What breaks a property is written to `crashes/TARGET`: correct the reader, give the input a test of
its own beside the reader's others, and commit all three. New inputs are kept in `.cache/fuzz`;
`--keep` chooses from them and from those that are stored what `make test` replays.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.fuzz import corpus, targets

_ROOT: Final = Path(__file__).parents[2]
_CACHE: Final = _ROOT / ".cache" / "fuzz"
_START_SECONDS: Final = 120
"""For imports and the stored inputs; after it a process that has not ended by itself is ended."""
_BOUNDS: Final = ("-timeout=20", "-rss_limit_mb=2048")
_OPTIONS: Final = ("-len_control=0", "-print_final_stats=1")


def main() -> int:
    """Run the command; 1 if a property was broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(targets.names())}; or all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", action="store_true", help="choose anew what tests replay")
    arguments = parser.parse_args()
    if find_spec("atheris") is None:
        print(
            "Nothing is fuzzed: atheris is there for Python 3.11 to 3.13 on Linux on x86-64 only."
        )
        return 0
    broken = [
        name
        for name in arguments.targets or targets.names()
        if not _fuzzed(name, arguments.seconds) or (arguments.keep and not _kept(name))
    ]
    return int(bool(broken))


def _fuzzed(name: str, seconds: int) -> bool:
    target = targets.load(name)
    found = _CACHE / name
    corpus.write(found, target.seeds())
    corpus.crashes(name).mkdir(parents=True, exist_ok=True)
    options = [
        *(f"-max_total_time={seconds}", f"-max_len={target.MAX_BYTES}", *_BOUNDS, *_OPTIONS),
        f"-artifact_prefix={corpus.crashes(name)}/",
        *(str(folder) for folder in (found, corpus.stored(name)) if folder.is_dir()),
    ]
    status, log = _child(name, options, seconds)
    runs = log.partition("stat::number_of_executed_units:")[2].split("\n")[0].strip()
    print(f"{name}: {f'{runs} inputs' if status == 0 else 'BROKEN'}", flush=True)
    if status:
        print(log[-5000:], flush=True)
    return status == 0


def _kept(name: str) -> bool:
    """Replace the stored inputs by those that reach most."""
    inputs = corpus.files(_CACHE / name, corpus.stored(name))
    control = _CACHE / f"{name}.merge"
    # libFuzzer's own list of work for a merge: files, and how many of them are kept anyway.
    control.write_text("\n".join([str(len(inputs)), "0", *map(str, inputs), ""]))
    status, log = _child(name, ["-merge_inner=1", f"-merge_control_file={control}", *_BOUNDS], 600)
    if status:
        print(f"{name}: {log[-5000:]}", flush=True)
        return False
    # After them come the numbers of the features that each reaches.
    lines = map(str.split, control.read_text().splitlines()[2 + len(inputs) :])
    features = {
        inputs[int(number)]: frozenset(map(int, reached))
        for kind, number, *reached in lines
        if kind == "FT"
    }
    contents = [path.read_bytes() for path in corpus.chosen(features)]
    shutil.rmtree(corpus.stored(name), ignore_errors=True)
    corpus.write(corpus.stored(name), contents)
    print(f"{name}: {len(contents)} of {len(inputs)} inputs are stored", flush=True)
    return True


def _child(name: str, options: list[str], seconds: int) -> tuple[int, str]:
    """Run one process of libFuzzer to its end; return its status and what it printed."""
    log = _CACHE / f"{name}.log"
    command = [sys.executable, "-m", "tests.fuzz.child", name, *options]
    with log.open("wb") as file:
        try:
            status = subprocess.run(
                command,
                cwd=_ROOT,
                stdout=file,
                stderr=file,
                timeout=seconds + _START_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            status = 1
    return status, log.read_text(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
