"""Which assignments continuous integration validates after a change."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.autograder.validate.example import ROOT

SCRIPT = ROOT / ".ci" / "changed-assignments"
WORKFLOW = ROOT / ".github" / "workflows" / "validate.yml"


def git(repository: Path, *arguments: str) -> str:
    """Run git and give what it prints."""
    identity = ["-c", "user.name=Author", "-c", "user.email=author@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(repository: Path, *files: str) -> str:
    """Change files and give the commit."""
    for name in files:
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.read_text() + "more\n" if path.exists() else "first\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Change")
    return git(repository, "rev-parse", "HEAD")


def outputs(repository: Path, base: str) -> dict[str, str]:
    """What the script tells the job."""
    result = subprocess.run(
        [SCRIPT, base], cwd=repository, check=True, capture_output=True, text=True
    )
    return dict(line.split("=", 1) for line in result.stdout.splitlines())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two assignments."""
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "assignments/xor/xor.ipynb", "assignments/splits/splits.ipynb", "README.md")
    return tmp_path


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["README.md"], ("false", "")),
        (["assignments/xor/hidden/test_xor.py"], ("true", "xor")),
        (["reference/xor.py", "assignments/splits/data/a.csv"], ("true", "splits xor")),
        (["reference/xor.py", "assignments/xor/xor.ipynb"], ("true", "xor")),
        (["assignments/xor/xor.ipynb", "autograder/wire/format.py"], ("true", "")),
        (["locks/project.txt"], ("true", "")),
    ],
)
def test_changes_decide_what_is_validated(
    repository: Path, files: list[str], expected: tuple[str, str]
) -> None:
    """Changed assignments by name; all of them, by no name, where the engine has changed."""
    base = git(repository, "rev-parse", "HEAD")
    commit(repository, *files)

    assert outputs(repository, base) == {"any": expected[0], "names": expected[1]}


def test_a_deleted_assignment_is_left_out(repository: Path) -> None:
    """What is gone has nothing to prove."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "rm", "-r", "--quiet", "assignments/xor")
    commit(repository, "README.md")

    assert outputs(repository, base) == {"any": "false", "names": ""}


@pytest.mark.parametrize("base", ["", "0" * 40, "1" * 40])
def test_without_a_known_commit_all_are_validated(repository: Path, base: str) -> None:
    """The first push of a branch validates everything."""
    assert outputs(repository, base) == {"any": "true", "names": ""}


def test_the_workflow_validates_and_publishes() -> None:
    """The job runs the script and the gate, and keeps the JUnit file even if it fails."""
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["validate"]["steps"]
    commands = [step.get("run", "") for step in steps]
    [upload] = [step for step in steps if "upload-artifact" in step.get("uses", "")]

    assert any(".ci/changed-assignments" in command for command in commands)
    assert any("autograder validate $NAMES --junitxml validate.xml" in each for each in commands)
    assert "always()" in upload["if"]
    assert not any("${{" in command for command in commands), "names must not become script text"
