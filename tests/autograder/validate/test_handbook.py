"""The handbook says what is so: its blocks, its keys, its helpers, its example."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from autograder import checks
from autograder.assignment import Assignment, folder
from autograder.assignment.build import build
from autograder.cli import main
from autograder.limits import Limits
from tests.autograder.validate.example import EXAMPLE, ROOT

HANDBOOK = ROOT / "docs" / "write-an-assignment.md"
BLOCK = re.compile(r"<!-- from: (\S+) -->\n```\w*\n(.*?)\n```", re.DOTALL)


def texts_of(file: Path) -> list[str]:
    """A file's text, or the sources of a notebook's cells."""
    if file.suffix != ".ipynb":
        return [file.read_text()]
    import json

    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


@pytest.mark.parametrize(("file", "block"), BLOCK.findall(HANDBOOK.read_text()))
def test_each_block_is_a_part_of_the_example(file: str, block: str) -> None:
    """What the handbook shows stands word for word in the example's folder."""
    assert any(block in text for text in texts_of(EXAMPLE / file))


def test_the_handbook_shows_every_kind_of_file() -> None:
    """There is a block from the notebook, the settings, the tests and both banks."""
    shown = {file for file, _ in BLOCK.findall(HANDBOOK.read_text())}

    assert shown == {
        "pendulum.ipynb",
        "assignment.toml",
        "hidden/reference.py",
        "hidden/test_pendulum.py",
        "misconceptions.py",
        "alternatives.py",
    }


def test_every_key_and_every_limit_is_explained() -> None:
    """Each key of `assignment.toml` and each limit is named, with the limits' defaults."""
    text = HANDBOOK.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]

    for key in folder._KEYS:
        assert re.search(rf"`\[*{key}(\.q3)?\]*`", text), key
    for limit in fields(Limits):
        [row] = [row for row in rows if f"`{limit.name}`" in row]
        assert re.search(rf"\b{limit.default:g}\b", row), limit.name


def test_every_helper_is_explained() -> None:
    """Each public helper of `autograder.checks` that a test can use is named."""
    helpers = [
        name for name in ("assert_close", "array", "number", "raises") if hasattr(checks, name)
    ]

    assert len(helpers) == 4
    for name in helpers:
        assert f"`{name}(" in HANDBOOK.read_text()


def test_the_example_is_built(example: Assignment, tmp_path: Path) -> None:
    """Students get the notebook and the data, without a solution."""
    notebook = build(example, tmp_path / "out")

    text = notebook.read_text()
    assert "def period(length" in text
    assert "np.sqrt(length / g)" not in text
    assert (tmp_path / "out" / "data" / "swings.csv").is_file()


def test_the_example_proves_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole gate is green on the example, without a remark."""
    code = main(["validate", str(EXAMPLE)])

    output = capsys.readouterr().out
    assert code == 0, output
    assert "remark" not in output
    assert re.search(r"pendulum .* 6/6 .* 11/11 .* 11/11 .* 8/8 x 25 .* valid", output)
