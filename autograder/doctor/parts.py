"""The parts that the sandbox is built from: are they installed, and may they be used?"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.doctor.advice import namespace_advice
from autograder.doctor.result import LayerResult
from autograder.sandbox import bubblewrap


def installed_parts() -> Iterator[LayerResult]:
    """Look for the programs, libraries and rights that the sandbox needs."""
    path = bubblewrap.installed()
    words = version_text(path).removeprefix("bubblewrap ") if path else ""
    yield LayerResult("bubblewrap", bool(path), words or "not found", "apt install bubblewrap")
    try:
        yield LayerResult("seccomp compiler", True, f"pyseccomp {version('pyseccomp')}")
    except PackageNotFoundError:
        yield LayerResult("seccomp compiler", False, "pyseccomp is not installed", "make setup")
    yield LayerResult("user namespaces", *_user_namespaces(path))
    yield LayerResult("cgroup", None, "not used: the guardian watches memory and time")


def _user_namespaces(bwrap: str | None) -> tuple[bool, str, str]:
    if os.geteuid() == 0:
        return True, "made by an ordinary user, below", ""
    if bwrap is None:
        return False, "not tried without bubblewrap", ""
    tried = ["--unshare-user", "--ro-bind", "/", "/", "/bin/true"]
    run = subprocess.run([bwrap, *tried], capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode == 0:
        return True, "an ordinary user may make them", ""
    return False, run.stderr.strip(), namespace_advice()


def version_text(program: str | Path) -> str:
    """Return what a program prints as its version."""
    run = subprocess.run(  # noqa: S603  # bubblewrap, or an environment's interpreter
        [program, "--version"], capture_output=True, text=True, check=False
    )
    return run.stdout.strip()
