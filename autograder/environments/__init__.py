"""
The environments that notebooks run in: a virtual environment and what of it is imported ahead.

Two are shipped, ``numpy`` and ``tensorflow``; an operator adds another by a file ``NAME.toml`` in
the folder that ``AUTOGRADER_ENVIRONMENTS`` names.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from autograder.errors import SandboxError

SHIPPED: Final = Path(__file__).parent
_KEYS: Final = frozenset({"folder", "preload", "at_first_use", "if_imported"})


@dataclass(frozen=True)
class Environment:
    """
    One environment.

    Args:
        name: ``"numpy"``, ``"tensorflow"`` or an operator's own.
        folder: Its virtual environment.
        preload: Modules that the fork server imports before it forks.
        at_first_use: Parts of these that wait until somebody uses them.
        if_imported: Modules that it imports, too, by the package that a notebook must import for
            that; those of all other packages come in a pause.
    """

    name: str
    folder: Path
    preload: tuple[str, ...]
    at_first_use: tuple[str, ...] = ()
    if_imported: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"

    def modules_for(self, packages: frozenset[str]) -> tuple[str, ...]:
        """Return the modules to import, too, for a notebook that imports these packages."""
        return tuple(
            module
            for package, modules in self.if_imported.items()
            if package in packages
            for module in modules
        )


@dataclass(frozen=True)
class BaseInterpreter:
    """The interpreter under a virtual environment."""

    executable: Path
    stdlib: Path
    library: Path | None


def load_environment(name: str) -> Environment:
    """
    Find an environment by name.

    Raises:
        SandboxError: If there is none, or it has not been set up.
    """
    # Untrusted: an assignment names it. A path would lead to a file of its author's, and this would
    # say which folder of the machine kernels see, and which of its programs the grader starts.
    folders = (os.environ.get("AUTOGRADER_ENVIRONMENTS"), SHIPPED) if "/" not in name else ()
    for folder in folders:
        file = Path(folder or "/nonexistent") / f"{name}.toml"
        if file.is_file():
            break
    else:
        raise SandboxError(f"there is no environment named {name!r}")
    settings = _settings(file)
    venv = Path(settings["folder"]) if "folder" in settings else default_folder()
    if not (venv / "bin" / "python").exists():
        advice = f"{file} names it" if "folder" in settings else "run make setup"
        raise SandboxError(f"the environment {name!r} is not set up: {venv} is missing; {advice}")
    optional = {key: tuple(modules) for key, modules in settings.get("if_imported", {}).items()}
    at_first_use = tuple(settings.get("at_first_use", ()))
    return Environment(name, venv, tuple(settings["preload"]), at_first_use, optional)


def _settings(file: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise SandboxError(f"{file}: is not valid TOML: {error}") from None
    unknown = settings.keys() - _KEYS
    if unknown or "preload" not in settings:
        problem = f"unknown key {min(unknown)!r}" if unknown else "preload is missing"
        raise SandboxError(f"{file}: {problem}; the keys are {', '.join(sorted(_KEYS))}")
    return settings


def own_environments() -> tuple[str, ...]:
    """Return the names of the operator's own environments."""
    folder = os.environ.get("AUTOGRADER_ENVIRONMENTS")
    return tuple(sorted(file.stem for file in Path(folder).glob("*.toml"))) if folder else ()


def default_folder() -> Path:
    """Return the virtual environment of notebooks, which stands beside the program's own."""
    configured = os.environ.get("AUTOGRADER_KERNEL_VENV")
    return Path(configured) if configured else Path(f"{sys.prefix}-kernel")


@functools.cache
def base_interpreter(python: Path) -> BaseInterpreter:
    """
    Ask an interpreter where its own files are.

    Raises:
        SandboxError: If it does not run.
    """
    # Of our own we know it: to ask another process would take longer than the answer.
    ours = python.resolve() == Path(sys.executable).resolve()
    facts = _facts() if ours else _facts_of(python)
    library = Path(facts["libdir"] or "", facts["library"] or "")
    shared = library if library.suffix != ".a" and library.is_file() else None
    executable = Path(facts["executable"] or "").resolve()
    return BaseInterpreter(executable, Path(facts["stdlib"] or ""), shared)


def _facts() -> dict[str, str | None]:
    """Describe the interpreter that runs this; any other one can run this text, too."""
    import sys
    import sysconfig

    return {
        "executable": vars(sys)["_base_executable"],  # as venv itself reads it
        "stdlib": sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}),
        "libdir": sysconfig.get_config_var("LIBDIR"),
        "library": sysconfig.get_config_var("LDLIBRARY"),
    }


def _facts_of(python: Path) -> dict[str, str | None]:
    program = "from __future__ import annotations\nimport json\n"
    program += f"{inspect.getsource(_facts)}\nprint(json.dumps(_facts()))"
    try:
        answer = subprocess.run(  # noqa: S603  # the operator's own
            [python, "-I", "-S", "-c", program], capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxError(f"the environment's interpreter {python} does not run") from error
    facts: dict[str, str | None] = json.loads(answer.stdout)
    return facts
