"""Misconceptions and alternatives, read in a sandbox: all that is known of them, and no more."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import load_assignment
from autograder.errors import AssignmentError
from autograder.examiner.recognise import load_sample_answers
from autograder.examiner.sample_answers import read_sample_answers
from autograder.validate.bank import alternatives, misconceptions

MakeAssignment = Callable[..., Path]
PENDULUM = Path(__file__).parents[3] / "docs" / "examples" / "pendulum"
HEAD = "import os, sys\nfrom autograder.sample_answers import misconception_cell\n"
CELL = 'misconception_cell("q1", title="Wrong", hint={hint}, source="double = 1")\n'


def refusal(folder: Path) -> str:
    """Ask for the wrong answers of an assignment, and give the reason why there are none."""
    with pytest.raises(AssignmentError) as caught:
        misconceptions(load_assignment(folder))
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("name", ["misconceptions.py", "alternatives.py"])
def test_all_is_read(name: str) -> None:
    """What comes out of the sandbox is what the module registers."""
    found = read_sample_answers(load_assignment(PENDULUM), name)
    for written, sample in zip(found, load_sample_answers(PENDULUM / name), strict=True):
        read = written.sample()
        assert (read.question, read.title, read.source) == (
            sample.question,
            sample.title,
            sample.source,
        )
        assert (read.hint, read.name, read.follow_ups) == (
            sample.hint,
            sample.name,
            sample.follow_ups,
        )
        code = None if sample.function is None else sample.function.__code__
        assert written.line == (None if code is None else code.co_firstlineno)


@pytest.mark.parametrize(
    ("name", "asked"), [("misconceptions.py", misconceptions), ("alternatives.py", alternatives)]
)
def test_other_files_are_out_of_reach(
    make_assignment: MakeAssignment,
    tmp_path: Path,
    name: str,
    asked: Callable[..., object],
) -> None:
    """Code that staff wrote reads no file of the host's and writes none."""
    secret, written = tmp_path / "secret", tmp_path / "written"
    secret.write_text("the portal's secret")
    text = (
        f"try:\n    open({str(written)!r}, 'w')\nexcept OSError:\n    pass\nopen({str(secret)!r})"
    )
    assignment = load_assignment(make_assignment(files={name: text}))

    with pytest.raises(AssignmentError, match=rf"{name}:5: FileNotFoundError"):
        asked(assignment)

    assert not written.exists()


def test_it_runs_in_another_process(
    make_assignment: MakeAssignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees neither variables nor processes of whoever asks."""
    monkeypatch.setenv("A_SECRET_OF_THE_OPERATOR", "the portal's secret")
    hint = "repr((os.environ.get('A_SECRET_OF_THE_OPERATOR'), os.path.exists('/proc/{pid}/mem')))"
    text = HEAD + CELL.format(hint=hint.format(pid=os.getpid()))
    folder = make_assignment(files={"misconceptions.py": text})
    answer = misconceptions(load_assignment(folder))[0]
    assert (answer.sample.hint, answer.sample.title) == ("(None, False)", "Wrong")
    assert answer.place == f"{folder}/misconceptions.py:3"


def test_modules_beside_the_hidden_tests_are_found(make_assignment: MakeAssignment) -> None:
    """As the examiner finds them."""
    text = HEAD + "from shared import HINT\n" + CELL.format(hint="HINT")
    files = {"misconceptions.py": text, "hidden/shared.py": 'HINT = "Look again."'}
    answers = misconceptions(load_assignment(make_assignment(files=files)))
    assert [answer.sample.hint for answer in answers] == ["Look again."]


def test_what_a_module_prints_disturbs_nothing(make_assignment: MakeAssignment) -> None:
    """Nor does what it prints at its end."""
    noise = "import atexit\nprint('[1]')\nprint('[2', end='', file=sys.stderr)\n"
    noise += "atexit.register(lambda: print('[3]', file=sys.stderr, flush=True))\n"
    text = HEAD + noise + CELL.format(hint="'Look.'")
    answers = misconceptions(load_assignment(make_assignment(files={"misconceptions.py": text})))
    assert [answer.sample.hint for answer in answers] == ["Look."]


FORGED = """\
for n in range(1, 9):
    try:
        os.write(n, {text})
    except OSError:
        pass
"""
BROKEN = {
    "ends": ("sys.exit()", "misconceptions.py: it ended before its samples were read"),
    "is killed": ("os.kill(os.getpid(), 9)", "misconceptions.py: it ended before"),
    "no text": (CELL.format(hint="3"), "TypeError: WrittenAnswer.hint has another type"),
    "half a character": (CELL.format(hint=r"'\ud800'"), "WrittenAnswer.hint has another type"),
    "too much": (CELL.format(hint="'x' * 2**24"), "at most"),
    "other JSON": (FORGED.format(text=r"b'\n[1]\n'") + "os._exit(0)", "it ended before"),
    "deep JSON": (FORGED.format(text=r"b'\n' + b'[' * 10**6") + "os._exit(0)", "it ended before"),
    "other fields": (FORGED.format(text="b'\\n[{\"a\": 1}]'") + "os._exit(0)", "it ended before"),
    "endless output": ("while True: os.write(2, b'x' * 2**20)", "it ended before"),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_modules_that_answer_otherwise(
    make_assignment: MakeAssignment, text: str, reason: str
) -> None:
    """What is no list of samples is the assignment's fault, and bounded."""
    message = refusal(make_assignment(files={"misconceptions.py": HEAD + text}))
    assert message.startswith("misconceptions.py")
    assert reason in message
    assert len(message) < 1000


def test_each_version_is_read_once(make_assignment: MakeAssignment) -> None:
    """A sandbox takes a second, and several answers are asked for."""
    folder = make_assignment(files={"misconceptions.py": HEAD + CELL.format(hint="'Look.'")})
    assignment = load_assignment(folder)
    first = read_sample_answers(assignment, "misconceptions.py")
    assert read_sample_answers(load_assignment(folder), "misconceptions.py") is first
    (folder / "misconceptions.py").write_text(HEAD + CELL.format(hint="'Again.'"))
    (changed,) = read_sample_answers(load_assignment(folder), "misconceptions.py")
    assert changed.hint == "Again."
