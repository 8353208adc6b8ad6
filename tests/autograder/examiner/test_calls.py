"""The call channel, both ends over a real socket: the loop of the kernel, and the hidden test's."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

from autograder import wire
from autograder.checks import assert_close, counter, raises
from autograder.errors import (
    CallTimeout,
    Invalid,
    KernelDied,
    MemoryExceeded,
    Missing,
    StudentRaised,
)
from autograder.examiner.recording import MAX_RECORDED_BYTES
from tests.autograder.examiner.calls import NOTEBOOK, Kernel


def test_values(student: Any) -> None:
    """Names give plain values of the types that the notebook gave them."""
    assert student.answer == 42
    assert student.nothing is None
    assert student.table == {"a": [1, 2], 3: (None, True)}
    assert student.weights.dtype == np.float32
    assert_close(student.weights, [[1, 2], [3, 4]])


def test_names(student: Any) -> None:
    """The names are the notebook's own: neither the shell's nor those with an underscore."""
    assert student.has("double")
    assert not student.has("_hidden")
    assert not student.has("np")
    assert not student.has("triple")


def test_missing(student: Any) -> None:
    """A name that the notebook does not define is Missing, by every way to ask for it."""
    for ask in (lambda: student.triple, lambda: student.get("triple"), lambda: student.triple(1)):
        with pytest.raises(Missing) as caught:
            ask()
        assert str(caught.value) == "triple"


@pytest.mark.parametrize("name", ["rescale", "nothing", "text", "table", "weights"])
def test_a_value_where_a_function_belongs(student: Any, name: str) -> None:
    """Calling a plain value raises what the examiner takes for the student's own fault."""
    with pytest.raises((TypeError, AttributeError)):
        getattr(student, name)(1)
    with pytest.raises((TypeError, AttributeError)):
        getattr(student, name).call(1)


def test_an_object_where_a_function_belongs(student: Any) -> None:
    """Calling an object that is no function is invalid, and not a TypeError of student code's."""
    for call in (student.private, student.private.call, student.model.layers[0]):
        with pytest.raises(Invalid, match="is not a function") as caught, raises(TypeError):
            call(1)
        assert caught.value.safe_message is not None


def test_calls(student: Any) -> None:
    """Functions take and give values, by position and by keyword."""
    assert student.double(21) == 42
    assert_close(student.double(np.arange(3)), [0, 2, 4])
    assert student.shift(1, by=4) == 5
    assert student.model_function([1, 2]).tolist() == [2, 4]


def test_arguments_after_the_call(student: Any) -> None:
    """A call gives its arguments as it left them; the test's own stay as they are."""
    x = np.zeros(3)
    call = student.shift.call(x, by=2)
    assert call.args_after[0].tolist() == [2, 2, 2]
    assert call.kwargs_after == {"by": 2}
    assert call.value.tolist() == [2, 2, 2]
    assert x.tolist() == [0, 0, 0]
    assert student.double.call(x).args_after[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", sorted(wire.BIT_GENERATORS))
def test_generators(student: Any, name: str) -> None:
    """Two calls with one generator differ, as they would locally."""
    ours, local = (np.random.Generator(getattr(np.random, name)(3)) for _ in range(2))
    for _ in range(2):
        assert student.draw(ours).tolist() == local.normal(size=3).tolist()
    assert ours.integers(1000) == local.integers(1000)


def test_generators_within_arguments(student: Any) -> None:
    """Each of several generators, nested or by keyword, goes on where student code left it."""
    first, second = np.random.default_rng(1), np.random.default_rng(2)
    student.identity([first, {"rng": second}])
    student.draw(rng=first)
    student.draw(second, n=5)
    again = np.random.default_rng(1)
    again.normal(size=3)
    assert first.random() == again.random()
    again = np.random.default_rng(2)
    again.normal(size=5)
    assert second.random() == again.random()


def test_generators_of_a_call_that_never_was(kernel: Kernel) -> None:
    """A generator sent with a call that found no function does not confuse the next call."""
    function = kernel.student.draw
    kernel.channel.run("del draw")
    with pytest.raises(Missing):
        function(np.random.default_rng(1))
    assert kernel.student.identity(np.random.default_rng(1)).random() > 0


def test_callbacks(student: Any) -> None:
    """A function that a test passes in is called where it lives, with plain values."""
    seen: list[Any] = []

    def record(value: Any) -> Any:
        seen.append(value)
        return np.asarray(value) + 1

    assert [array.tolist() for array in student.apply(record, 1, np.zeros(2))] == [2, [1, 1]]
    assert seen[0] == 1
    assert seen[1].tolist() == [0, 0]


def test_callbacks_come_back(student: Any) -> None:
    """A function that is handed back is the object that went in."""
    functions = [lambda: None, math.sin]
    for function in functions:
        assert student.identity(function) is function
    assert student.identity({"f": functions})["f"] == functions


def test_callbacks_that_raise(student: Any) -> None:
    """What a test's function raises is an ordinary exception in student code, without its text."""

    def fail(_: object) -> None:
        raise ValueError("secret 7391")

    with pytest.raises(StudentRaised) as caught:
        student.apply(fail, 1)
    assert "7391" not in str(caught.value)
    assert caught.value.builtin_name == "Exception"


def test_callbacks_that_give_what_cannot_travel(student: Any) -> None:
    """A test's function that returns an object of its own is like one that raises."""
    with pytest.raises(StudentRaised):
        student.apply(lambda _: object(), 1)
    assert student.double(2) == 4


def test_callbacks_that_ask_the_notebook(student: Any) -> None:
    """A test's function cannot use the channel while the kernel waits for its answer."""
    with pytest.raises(StudentRaised):
        student.apply(student.double.call, 1)
    assert student.double(2) == 4


def test_callbacks_of_an_earlier_test(shared: Kernel, student: Any) -> None:
    """A function that student code kept from an earlier test raises when it is called."""
    student.keep(lambda value: value)
    assert student.apply_kept(3) == 3
    shared.channel.begin_test()
    with pytest.raises(StudentRaised):
        student.apply_kept(3)


def test_callbacks_have_numbers_of_their_own(kernel: Kernel) -> None:
    """A number tells no address, and what is kept never comes to mean a later test's function."""
    kernel.student.keep(lambda value: value)
    for _ in range(20):
        kernel.channel.begin_test()
        assert kernel.student.number_of(lambda value: value) < 100  # where the first one was
        with pytest.raises(StudentRaised):
            kernel.student.apply_kept(3)
    assert kernel.student.number_of(abs) == kernel.student.number_of(abs)


def test_callback_budget(kernel: Kernel) -> None:
    """More calls of a test's function than the limit end the kernel."""
    assert kernel.student.apply(abs, *range(200)) == list(range(200))
    with pytest.raises(CallTimeout):
        kernel.student.apply(abs, 1)
    with pytest.raises(KernelDied):
        kernel.student.double(1)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("own", ValueError),
        ("odd", Exception),
        ("zero", ZeroDivisionError),
        ("unicode", UnicodeDecodeError),
        ("unsayable", Exception),
    ],
)
def test_exceptions(student: Any, kind: str, builtin: type[Exception]) -> None:
    """A student's exception is also an instance of the built-in class that it derives from."""
    with pytest.raises(builtin) as caught:
        student.fail(kind)
    error = caught.value
    assert isinstance(error, StudentRaised)
    assert error.builtin_name == builtin.__name__
    assert error.place is not None
    assert error.place[0] == 7
    assert NOTEBOOK.splitlines()[error.place[1] - 1].startswith("    ")


@pytest.mark.parametrize("kind", ["exit", "group"])
def test_exceptions_that_are_no_plain_exception(student: Any, kind: str) -> None:
    """SystemExit and groups are an Exception to the test, so that none ends it."""
    with pytest.raises(StudentRaised) as caught:
        student.fail(kind)
    assert caught.value.builtin_name == "Exception"


def test_memory_error(student: Any) -> None:
    """A MemoryError is the limit on memory."""
    with pytest.raises(MemoryExceeded):
        student.fail("memory")


def test_raises(student: Any) -> None:
    """`raises` takes the built-in class and its bases, and lets other exceptions through."""
    counter.reset()
    with raises(ValueError):
        student.fail("own")
    with raises(KeyError, ArithmeticError):
        student.fail("zero")
    assert counter.held == 2
    with pytest.raises(StudentRaised), raises(KeyError):
        student.fail("own")
    message = "KeyError or ValueError was not raised"
    with pytest.raises(AssertionError, match=message), raises(KeyError, ValueError):
        student.double(1)
    assert counter.held == 2


def test_sandbox_run(kernel: Kernel) -> None:
    """A line of a test's runs in the notebook's namespace."""
    kernel.channel.run("answer = double(answer)")
    assert kernel.student.answer == 84
    with pytest.raises(ZeroDivisionError):
        kernel.channel.run("1 / 0")


def test_variable_is_read_once(kernel: Kernel) -> None:
    """Neither the notebook's code nor a test changes what the next test reads; a line does."""
    kernel.channel.run("def spoil(): globals()['weights'][:] = globals()['answer'] = 0")
    assert kernel.student.answer == 42
    read = kernel.student.weights
    read *= 3
    kernel.student.spoil()
    assert kernel.student.answer == 42
    assert_close(kernel.student.weights, [[1, 2], [3, 4]])
    kernel.channel.run("del answer")
    assert_close(kernel.student.weights, np.zeros((2, 2)))
    with pytest.raises(Missing):
        _ = kernel.student.answer


def test_recording(shared: Kernel, student: Any) -> None:
    """What a test asked for is kept, so that a misconception can be recognised."""
    student.double(2)
    _ = student.answer
    recording = shared.channel.recording
    assert [(call.name, call.answer) for call in recording.calls] == [("double", 4)]
    assert recording.values == {"answer": 42}


def test_recording_is_bounded(shared: Kernel, student: Any) -> None:
    """Large answers are not kept: a notebook cannot fill the grader's memory with them."""
    for _ in range(10):
        student.big()
    kept = sum(call.answer.nbytes for call in shared.channel.recording.calls)
    assert 0 < kept <= MAX_RECORDED_BYTES


def test_the_runtime_needs_nothing_of_the_grader() -> None:
    """The files that are bound into the sandbox import nothing else of the package."""
    program = textwrap.dedent(
        """
        import sys
        from autograder.sandbox.runtime import calls
        print(sorted(name for name in sys.modules if name.startswith("autograder")))
        """
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == str(
        [
            "autograder",
            "autograder.sandbox",
            "autograder.sandbox.runtime",
            "autograder.sandbox.runtime.calls",
            "autograder.wire",
            "autograder.wire.decoder",
            "autograder.wire.encoder",
            "autograder.wire.format",
            "autograder.wire.generator_state",
        ]
    )
