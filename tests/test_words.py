"""One word for one thing: those that are gone stay gone."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
WORDS = tomllib.loads((ROOT / "tests" / "words.toml").read_text(encoding="utf-8"))


def files(patterns: list[str]) -> list[Path]:
    """Return the project's files of some patterns."""
    specs = [f":(glob){pattern}" for pattern in patterns]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *specs]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for line in found.stdout.splitlines() if (path := ROOT / line).is_file()]


def found(word: dict[str, Any], path: Path) -> list[str]:
    """Return the lines of a file that hold a word, each with its place."""
    pattern = re.compile(word["pattern"], re.IGNORECASE if word.get("any_case") else 0)
    allowed = re.compile(word["except"]) if "except" in word else None
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line) and not (allowed and allowed.search(line))
    ]


@pytest.mark.parametrize("word", WORDS["word"], ids=lambda word: word["say"])
def test_words_that_are_gone(word: dict[str, Any]) -> None:
    """A word of the list stands nowhere in its scope, but for its exceptions."""
    # This page and the changelog name old words on purpose.
    left_out = {ROOT / "docs" / "architecture.md", ROOT / "CHANGELOG.md"}
    places = files(word.get("where", WORDS["defaults"]["where"]))
    assert places, "the scope holds no file"

    lines = [line for path in places if path not in left_out for line in found(word, path)]

    assert not lines, f"say {word['say']}:\n" + "\n".join(lines)


def test_the_glossary_is_in_order() -> None:
    """The glossary names each word once, in the order of the alphabet."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = text.partition("## Words")[2].splitlines()
    words = [row.split("|")[1].strip() for row in rows if row.startswith("| ")][1:]

    assert len(words) > 30
    assert words == sorted(set(words))


def test_paths_of_the_architecture_exist() -> None:
    """Every path in the tables of where to go and of the data's way is there."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    text = text.partition("## Old and new paths")[0].partition("Rooms for what is planned")[0]
    paths = set(re.findall(r"`((?:autograder|web|tests)/[\w/.]+)`", text))

    missing = [path for path in paths if not (ROOT / path).exists()]

    assert len(paths) > 40
    assert missing == ["autograder/answers/"]
