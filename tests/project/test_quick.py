"""The files of `make quick` are there."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_files_of_the_quick_run_exist() -> None:
    """A file that was moved cannot drop out unseen; none stands twice."""
    lines = (ROOT / "tests" / "quick.txt").read_text(encoding="utf-8").splitlines()
    paths = [line.partition("::")[0] for line in lines]

    assert len(set(lines)) == len(lines) > 10
    assert [path for path in paths if not (ROOT / path).is_file()] == []
