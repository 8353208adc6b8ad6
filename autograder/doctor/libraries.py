"""The environments that notebooks run in, each warmed up and asked for its libraries."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator
from typing import Final

from autograder.doctor.layers import WarmSandbox
from autograder.doctor.parts import version_text
from autograder.doctor.result import LayerResult
from autograder.environments import (
    Environment,
    base_interpreter,
    load_environment,
    own_environments,
)
from autograder.errors import AutograderError, SandboxError
from autograder.sandbox.fork_server import ForkServer

SHIPPED_ENVIRONMENTS: Final = ("numpy", "tensorflow")


def try_environments(*, sandbox_built: bool) -> Iterator[LayerResult]:
    """
    Try the environments that are shipped, and the operator's own.

    Args:
        sandbox_built: Whether there is a sandbox to try them in.
    """
    if not sandbox_built:
        yield LayerResult("environments", False, "not tried without the sandbox")
        return
    for name in dict.fromkeys((*SHIPPED_ENVIRONMENTS, *own_environments())):
        yield _try(name)


def _try(name: str) -> LayerResult:
    try:
        environment = load_environment(name)
        began = time.monotonic()
        fork_server = ForkServer(environment)
        fork_server.wait_until_warm()
    except SandboxError as error:
        if name in own_environments():
            return LayerResult(name, False, str(error).splitlines()[-1])
        return LayerResult(name, False, str(error), "make setup")
    seconds = time.monotonic() - began
    try:
        with fork_server:
            found = _versions(environment, fork_server)
    except AutograderError as error:
        return LayerResult(name, False, str(error), "make setup")
    wanted = _python_version(environment)
    if found["python"] != wanted:
        return LayerResult(name, False, f"runs Python {found['python']}, not its own {wanted}")
    listed = ", ".join(f"{module} {number}".strip() for module, number in found.items())
    return LayerResult(name, True, f"warm after {seconds:.1f} s: {listed}")


def _versions(environment: Environment, fork_server: ForkServer) -> dict[str, str]:
    """Return the versions of Python and of what is imported ahead, as a kernel has them."""
    modules = [module.partition(".")[0] for module in environment.preload]
    packages = dict.fromkeys([*modules, *environment.if_imported])
    with WarmSandbox(fork_server).probe() as probe:
        versions: dict[str, str] = probe.call("versions", list(packages))
        return versions


@functools.cache
def _python_version(environment: Environment) -> str:
    text = version_text(base_interpreter(environment.python).executable)
    match = re.search(r"\d+\.\d+\.\d+\S*", text)
    return match.group() if match else ""
