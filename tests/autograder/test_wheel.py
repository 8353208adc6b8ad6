"""The wheel: what a machine gets that installs the project, and what a kernel sees of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from tests.autograder.conftest import as_bytes

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, without a network."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    [path] = target.glob("*.whl")
    return path


def test_contents(wheel: Path) -> None:
    """The wheel holds the packages, their data and the kernelspecs, and no test."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    packages = {"autograder", "reference", "web"}
    assert {"autograder", "reference"} <= tops
    assert not {top for top in tops if not top.startswith("autograder-")} - packages
    needed = {
        "autograder/environments/numpy.toml",
        "autograder/environments/tensorflow.toml",
        "autograder/environments/kernel.txt",
        "reference/xor.py",
    }
    assert needed <= set(names)
    assert not {name for name in names if "/hidden/" in name or "/tests/" in name}
    specs = {name.partition("/data/")[2] for name in names if "/data/" in name}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    for kernel in ("autograder-numpy", "autograder-tensorflow"):
        assert f"share/jupyter/kernels/{kernel}/kernel.json" in specs
    tracked = {path.relative_to(ROOT).as_posix() for path in (ROOT / "autograder").rglob("*.py")}
    assert {name for name in names if name.startswith("autograder/") and name.endswith(".py")} == (
        tracked
    )


LOOK_INSIDE = """
import json, os, sys
found, texts = [], []
skipped = ("/proc", "/sys", "/dev")
# Turned round: this notebook itself must not hold what it looks for.
marks = [mark[::-1].encode() for mark in json.loads(%r)]
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
    for name in files:
        path = os.path.join(folder, name)
        if "hidden" in path and "/test_" in path or "/reference/" in path and "xor" in name:
            found.append(path)
        # Libraries of the notebooks' environment are too many to read; names are looked at above.
        if name.endswith((".py", ".ipynb", ".json", ".txt", ".md")) and (
            "/site-packages/" not in path or "autograder" in path
        ) and "/usr/lib/" not in path:
            try:
                data = open(path, "rb").read()
            except OSError:
                continue
            texts += [path for mark in marks if mark in data]
importable = []
for module in ("reference", "autograder.grade", "autograder.examiner", "autograder.checks", "web"):
    try:
        __import__(module)
        importable.append(module)
    except ImportError:
        pass
print(json.dumps([found, texts, importable, sys.path]))
"""


def test_a_kernel_sees_nothing_of_an_installed_wheel(
    wheel: Path, tmp_path: Path, xor: Assignment
) -> None:
    """With the project installed from its wheel, nothing hidden is seen from inside."""
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    site = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site /= "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        for name in archive.namelist():
            if "/data/share/" in name:
                place = environment / "share" / name.partition("/data/share/")[2]
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(archive.read(name))
    # Its dependencies are those of this checkout, which itself is not on the path.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    hidden = xor.hidden_tests[0].read_text(encoding="utf-8")
    marks = [line.strip() for line in hidden.splitlines() if "assert" in line and len(line) > 50]
    marks += ["def best_affine()", "def alternative("]
    assert len(marks) > 5
    turned = json.dumps([mark[::-1] for mark in marks])
    notebook = tmp_path / "look.ipynb"
    notebook.write_bytes(as_bytes([("code", LOOK_INSIDE % turned)]))
    program = (
        "import autograder, json, sys\n"
        "from pathlib import Path\n"
        "from autograder.assignment import load_assignment\n"
        "from autograder.grade import grade\n"
        "report = grade(Path(sys.argv[1]).read_bytes(), load_assignment(Path(sys.argv[2])))\n"
        "print(json.dumps([autograder.__file__, report.notebook.cells[0].outputs]))\n"
    )
    result = subprocess.run(
        [environment / "bin" / "python", "-c", program, str(notebook), str(xor.folder)],
        cwd=tmp_path,
        env=os.environ | {"AUTOGRADER_KERNEL_VENV": str(ROOT / ".venv-kernel")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    module, outputs = json.loads(result.stdout)
    assert Path(module).is_relative_to(site)
    found, texts, importable, path = json.loads("".join(outputs[0]["text"]))
    assert (found, texts, importable) == ([], [], [])
    assert not [folder for folder in path if str(tmp_path) in folder]
