"""Variants on a forked: real kernels, one fork for each sample."""

from typing import Any

import pytest

from autograder.errors import InternalError
from autograder.examiner.process import Examiner
from autograder.examiner.protocol import TestDescription
from autograder.validate.forked_notebook import AnswerResult, ForkedNotebook
from autograder.verdict import Verdict
from tests.faults.processes import chain, kill

RIGHT = (
    "def period(length, g=9.81):\n    if np.min(length) <= 0 or g <= 0:\n        raise ValueError\n"
)


def own_tests(forked: ForkedNotebook, question: str) -> list[TestDescription]:
    """A question's tests."""
    return [test for test in forked.tests if test.question == question]


def examined(
    forked: ForkedNotebook, source: str, question: str = "q1", **options: object
) -> AnswerResult:
    """The outcome of one sample with one seed."""
    [outcome] = forked.examine(source, question, [(0, own_tests(forked, question))], **options)  # type: ignore[arg-type]  # options are those of `examine`
    return outcome


def assert_solution_passes(forked: ForkedNotebook) -> None:
    """The solution passes everything."""
    [outcome] = forked.examine("", "q1", [(0, forked.tests)])
    assert outcome.failed == ()
    assert len(outcome.verdicts) == len(forked.tests)


def test_the_solution_passes_every_test(forked: ForkedNotebook) -> None:
    """Without a sample all tests pass."""
    assert_solution_passes(forked)


def test_a_wrong_variant_fails_and_gets_its_hint(forked: ForkedNotebook) -> None:
    """A misconception's code fails hidden tests and is recognised."""
    outcome = examined(forked, RIGHT + "    return np.sqrt(length / g)")

    assert any("any_length" in test for test in outcome.failed)
    assert "2π" in outcome.hints["q1"]


def test_stopping_gives_one_failure_and_no_hint(forked: ForkedNotebook) -> None:
    """From the run that is named on, the first failing test is the last one."""
    source = RIGHT + "    return np.sqrt(length / g)"
    runs = [(seed, own_tests(forked, "q1")) for seed in range(2)]

    first, second = forked.examine(source, "q1", runs, stop_from=1)

    assert len(first.failed) > 1
    assert first.hints
    assert len(second.failed) == 1
    assert second.hints == {}


@pytest.mark.parametrize(
    "poison",
    [
        "np.sqrt = np.cos",
        "import builtins; builtins.len = lambda _: 0",
        "del gravity, period",
        "lengths[:] = 0; np.random.seed(1); np.seterr(all='raise')",
    ],
)
def test_nothing_of_a_variant_reaches_the_next(forked: ForkedNotebook, poison: str) -> None:
    """Whatever a sample does to its process, the solution passes behind it."""
    examined(forked, poison)

    assert_solution_passes(forked)


def test_code_that_raises_is_refused(forked: ForkedNotebook) -> None:
    """A sample whose own code raises is not examined, and what it raised is told."""
    outcome = examined(forked, "period = undefined_name")

    assert outcome.refused is not None
    assert "NameError" in outcome.refused
    assert outcome.verdicts == {}
    assert_solution_passes(forked)


def test_a_variant_that_ends_its_process_costs_only_itself(forked: ForkedNotebook) -> None:
    """A process that a sample ends is a failed test, and the next sample has a new kernel."""
    outcome = examined(forked, "import os\ndef period(length, g=9.81):\n    os._exit(0)")

    assert Verdict.KERNEL_DIED in outcome.verdicts.values()
    assert_solution_passes(forked)


def test_an_endless_variant_is_interrupted(forked: ForkedNotebook) -> None:
    """A call without end times out, and the kernel serves the next sample."""
    source = "def period(length, g=9.81):\n    while True:\n        pass"

    outcome = examined(forked, source, stop_from=0, call_seconds=1.0)

    assert list(outcome.verdicts.values()) == [Verdict.TIMEOUT]
    assert_solution_passes(forked)


def test_a_guardian_that_is_gone_is_no_sample_s_doing(
    forked: ForkedNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of the sample, and the next has a new kernel."""
    start = Examiner.start_child

    def starting(*arguments: Any) -> int:
        monkeypatch.undo()
        kill(chain(forked._pool._warm._process.pid)[1])
        return start(*arguments)

    monkeypatch.setattr(Examiner, "start_child", starting)
    with pytest.raises(InternalError):
        examined(forked, RIGHT + "    return np.sqrt(length / g)")

    assert_solution_passes(forked)


def test_a_kernel_that_ends_between_two_samples_is_replaced(forked: ForkedNotebook) -> None:
    """The machine ends it, for want of memory perhaps."""
    assert_solution_passes(forked)

    kill(chain(forked._pool._warm._process.pid)[2])

    assert_solution_passes(forked)


def test_many_seeds_run_in_one_process(forked: ForkedNotebook) -> None:
    """A sample keeps its state over all its seeds: the notebook does not run again."""
    source = RIGHT.replace(":\n", ":\n    calls.append(1)\n", 1) + (
        "    assert len(calls) < 5\n    return 2 * np.pi * np.sqrt(length / g)"
    )
    tests = own_tests(forked, "q1")[:1]

    outcomes = forked.examine("calls = []\n" + source, "q1", [(seed, tests) for seed in range(8)])

    assert [bool(outcome.failed) for outcome in outcomes] == [False] * 4 + [True] * 4
