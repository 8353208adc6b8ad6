"""The call channel, both ends over a real socket: the loop of the kernel, and the hidden test's."""

from __future__ import annotations

import math
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import wire
from autograder.channel import MAX_RECORDED_BYTES, CallChannel, CallLimits
from autograder.checks import assert_close, counter, raises
from autograder.errors import (
    CallTimeout,
    Invalid,
    KernelDied,
    MemoryExceeded,
    Missing,
    StudentFault,
    StudentRaised,
)
from autograder.student import MAX_ITERATIONS, Reference, Student, Target

NOTEBOOK = '''
import numpy as np
import sys
import threading
import time

answer = 42
weights = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
nothing = None
rescale = 5
text = "a text"
table = {"a": [1, 2], 3: (None, True)}
private = object()
_hidden = 1
stored = []


def double(x):
    return 2 * x


def shift(x, by=1):
    x += by
    return x


def draw(rng, n=3):
    return rng.normal(size=n)


def apply(function, *values):
    return [function(value) for value in values]


def identity(x):
    return x


def keep(x):
    stored.append(x)


def apply_kept(x):
    return stored[-1](x)


class OwnError(ValueError):
    pass


class Odd(Exception):
    pass


def fail(kind):
    if kind == "unsayable":
        class Unsayable(Exception):
            def __str__(self):
                raise SystemExit
        raise Unsayable
    raise {"own": OwnError("mine"), "odd": Odd("odd"), "memory": MemoryError(),
           "unicode": UnicodeDecodeError("utf-8", b"", 0, 1, "no"), "exit": SystemExit(3),
           "group": ExceptionGroup("several", [ValueError()]), "zero": ZeroDivisionError("0")}[kind]


class Model:
    size = 3

    def __init__(self):
        self.layers = [Layer(), Layer()]

    def __call__(self, x):
        return np.asarray(x) + 1

    def __len__(self):
        return 2

    def __getitem__(self, key):
        return ("item", key)

    def predict(self, x):
        return 2 * np.asarray(x)

    def __array__(self, dtype=None, copy=None):
        return np.arange(3.0)


class Layer:
    name = "dense"


class Vain:
    """Answers yes to everything."""

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

    def __len__(self):
        return "many"

    __hash__ = None


class Fickle:
    count = 0

    def __array__(self, *args, **kwargs):
        self.count += 1
        return np.array([self.count])


model = Model()
fickle = Fickle()
vain = Vain()
model_function = model.predict
frame = memoryview(b"abc")


def squares():
    n = 0
    while True:
        yield n * n
        n += 1


def three_objects():
    return iter([Layer(), Layer(), Layer()])


def endless():
    while True:
        time.sleep(0.01)


def deaf():
    while True:
        try:
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            pass


def stubborn():
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        return 1


def call_for_ever(function):
    while True:
        function(1)


def die():
    import os
    os._exit(3)


def too_large():
    return bytes(65 * 2**20)


def big():
    return np.zeros(2**18)


def surrogate():
    return "\\ud800"


def interrupt_itself():
    raise KeyboardInterrupt
'''
SERVER = """
import socket, sys
from autograder.sandbox.runtime import calls
namespace = {{"__name__": "notebook"}}
exec(compile({notebook!r}, "cell", "exec"), namespace)
channel = socket.socket(fileno=int(sys.argv[1]))
namespace["channel"] = channel
calls.Server(channel, namespace, {{"cell": 7}}.get, frozenset({{"np", "sys"}})).serve()
"""


class Kernel:
    """A process that serves calls on a notebook, without a wall; the channel's supervisor."""

    def __init__(self, notebook: str) -> None:
        self.interrupts = 0
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVER.format(notebook=notebook), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )
        self.limits = CallLimits(60, 0.5, 200)
        self.channel = CallChannel(ours, self, self.limits)
        self.student: Any = Student(self.channel)
        self.channel.names()
        # From now on: the start of the process took its time.
        self.limits.call_seconds = 0.5

    def interrupt(self) -> None:
        """Send SIGINT to the process."""
        self.interrupts += 1
        self.process.send_signal(signal.SIGINT)

    def end_kernel(self, *, kill: bool) -> str | None:
        """End the process."""
        if kill:
            self.process.kill()
        self.process.wait(10)
        return None

    def close(self) -> None:
        """Close the channel, upon which the loop ends."""
        self.channel.close()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def shared() -> Iterator[Kernel]:
    """Give a kernel that no test harms."""
    kernel = Kernel(NOTEBOOK)
    yield kernel
    kernel.close()
    assert kernel.process.returncode == 0


@pytest.fixture
def student(shared: Kernel) -> Iterator[Any]:
    """Give the student of the shared kernel, and see to it that the kernel still serves."""
    shared.channel.begin_test()
    yield shared.student
    # A call: a variable may have been read before, and would then be answered without the kernel.
    assert shared.student.double(21) == 42


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Give a kernel that the test may end."""
    kernel = Kernel(NOTEBOOK)
    kernel.channel.begin_test()
    yield kernel
    kernel.close()


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


def test_references(student: Any) -> None:
    """What stays in the kernel has attributes, items, calls and a length, evaluated there."""
    model = student.model
    assert isinstance(model, Reference)
    assert model.size == 3
    assert len(model) == 2
    assert model["key"] == ("item", "key")
    assert model.predict([1, 2]).tolist() == [2, 4]
    assert model(1).tolist() == 2
    assert model.call([0]).value.tolist() == [1]
    assert model.layers[1].name == "dense"
    assert student.identity(model).size == 3
    assert model.to_array().tolist() == [0, 1, 2]
    assert repr(model) == "<Model in the sandbox>"
    with pytest.raises(AttributeError):
        _ = model.weights


def test_references_are_iterated(student: Any) -> None:
    """Iteration is evaluated inside, item by item."""
    assert [layer.name for layer in student.three_objects()] == ["dense"] * 3
    assert list(student.frame) == [97, 98, 99]
    squares = iter(student.squares())
    assert [next(squares) for _ in range(4)] == [0, 1, 4, 9]
    with pytest.raises(TypeError):
        list(student.private)


def test_endless_iteration(student: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An iteration without end is invalid."""
    assert MAX_ITERATIONS == 100_000
    monkeypatch.setattr("autograder.student.MAX_ITERATIONS", 100)
    with pytest.raises(Invalid, match="does not end"):
        list(student.squares())


REFUSED: dict[str, Callable[[Any], object]] = {
    "truth value": bool,
    "not": lambda x: not x,
    "equality": lambda x: x == x,  # noqa: PLR0124  # that is the point
    "equality, reflected": lambda x: 3 == x,  # noqa: SIM300  # that is the point
    "inequality": lambda x: x != 3,
    "order": lambda x: x < 3,
    "sorting": lambda x: sorted([x, x]),
    "hash": hash,
    "a set": lambda x: {x},
    "float": float,
    "int": int,
    "complex": complex,
    "bytes": bytes,
    "index": lambda x: [1, 2][x],
    "range": range,
    "round": round,
    "floor": math.floor,
    "isnan": math.isnan,
    "abs": abs,
    "negation": lambda x: -x,
    "addition": lambda x: x + 1,
    "addition, reflected": lambda x: 1 + x,
    "addition in place": lambda x: x.__iadd__(1) if hasattr(x, "__iadd__") else x + 1,
    "power": lambda x: x**2,
    "divmod": lambda x: divmod(x, 2),
    "containment": lambda x: 1 in x,
    "in a list": lambda x: 1 in [2, x],
    "setting an item": lambda x: x.__setitem__(0, 1),
    "deleting an item": lambda x: x.__delitem__(0),
    "with": lambda x: x.__enter__(),
}


@pytest.mark.parametrize("name", ["model", "vain", "private"])
@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED.keys())
def test_references_refuse(student: Any, name: str, use: Callable[[Any], object]) -> None:
    """A reference has no truth value, no comparison, no arithmetic, no hash and is no number."""
    with pytest.raises(Invalid):
        use(student.get(name))


TAKEN_AS_ARRAYS: dict[str, Callable[[Any], object]] = {
    "asarray": np.asarray,
    "array, copied": lambda x: np.array(x, copy=True),
    "array of floats": lambda x: np.asarray(x, float),
    "allclose": lambda x: np.allclose(x, [0, 1, 2]),
    "shape": lambda x: np.shape(x) == (3,),
    "array, reflected": lambda x: np.ones(3) + x,
    "matrix product": lambda x: np.ones(3) @ x,
}


@pytest.mark.parametrize("use", TAKEN_AS_ARRAYS.values(), ids=TAKEN_AS_ARRAYS.keys())
def test_numpy_takes_references(student: Any, use: Callable[[Any], Any]) -> None:
    """What NumPy takes for an array in the notebook it takes here; what is none is invalid."""
    assert np.all(use(student.model) == use(np.arange(3)))
    for name in ("vain", "private"):
        with pytest.raises(Invalid):
            use(student.get(name))


def test_array_is_asked_for_once(student: Any) -> None:
    """An object that says other numbers each time says the first to all, whatever a test does."""
    fickle = student.fickle
    fickle.to_array()[:] = 7
    assert fickle.to_array().tolist() == np.asarray(fickle).tolist() == [1]


def test_array_equal(student: Any) -> None:
    """NumPy's `array_equal`, which swallows every exception, says no."""
    assert not np.array_equal(student.vain, student.vain)
    assert not np.array_equal([student.vain], [1])


def test_lying_length(student: Any) -> None:
    """A length that is none does not pass for one."""
    with pytest.raises(TypeError):
        len(student.vain)


def test_many_references(kernel: Kernel) -> None:
    """More objects than the kernel keeps cost no later question its function."""
    kernel.channel.run("import autograder.sandbox.runtime.calls as calls; calls.MAX_REFERENCES = 9")
    for _ in range(20):
        assert isinstance(kernel.student.three_objects(), Reference)
    assert kernel.student.double(3) == 6


def test_values_that_cannot_travel(student: Any) -> None:
    """A value that exceeds the wire's caps is invalid, and the kernel lives on."""
    for name in ("too_large", "surrogate"):
        with pytest.raises(Invalid, match="cannot leave the sandbox"):
            getattr(student, name)()


def test_a_reference_of_another_kernel(kernel: Kernel, student: Any) -> None:
    """A reference that this kernel does not know is invalid, and the kernel lives on."""
    stranger = student.model
    with pytest.raises(Invalid):
        kernel.student.identity(stranger)
    assert kernel.student.double(1) == 2


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


def test_slow_call(kernel: Kernel) -> None:
    """A call that takes too long is interrupted, and the next one works."""
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        kernel.student.endless()
    assert time.monotonic() - began < 5
    assert kernel.interrupts == 1
    assert kernel.student.double(4) == 8


def test_slow_call_with_callbacks(kernel: Kernel) -> None:
    """An interrupted call that was calling back leaves no answer behind for the next call."""
    kernel.limits.callback_calls = 10**9
    for number in range(3):
        with pytest.raises(CallTimeout):
            kernel.student.call_for_ever(lambda _: "left over")
        assert kernel.student.identity(number) == number
        assert kernel.student.double(21) == 42


def test_deaf_call(kernel: Kernel) -> None:
    """A call that swallows the interrupt costs the kernel, and each later one is KernelDied."""
    with pytest.raises(CallTimeout):
        kernel.student.deaf()
    assert kernel.channel.dead
    assert kernel.process.returncode == -signal.SIGKILL
    with pytest.raises(KernelDied):
        kernel.student.double(1)


def test_call_that_answers_an_interrupt(kernel: Kernel) -> None:
    """A call that was interrupted and returns all the same has taken too long."""
    with pytest.raises(CallTimeout):
        kernel.student.stubborn()
    assert kernel.channel.dead


def test_call_that_interrupts_itself(student: Any) -> None:
    """A KeyboardInterrupt of student code's own is an exception, not a time-out."""
    with pytest.raises(StudentRaised):
        student.interrupt_itself()


def test_late_interrupt(kernel: Kernel) -> None:
    """An interrupt that comes after the answer does not end the loop."""
    assert kernel.student.answer == 42
    kernel.interrupt()
    time.sleep(0.05)
    assert kernel.student.double(1) == 2


def test_an_exchange_left_open(kernel: Kernel) -> None:
    """If a test ends while the kernel owes an answer, the kernel ends, too: none is mixed up."""

    class Alarm(BaseException):
        """What a timer raises in the middle of a call."""

    def ring(_: object) -> None:
        raise Alarm

    with pytest.raises(Alarm):
        kernel.student.apply(ring, 1)
    kernel.channel.end_test()
    assert kernel.channel.dead
    with pytest.raises(KernelDied):
        kernel.student.double(1)


def test_death(kernel: Kernel) -> None:
    """A call that ends the process is KernelDied."""
    with pytest.raises(KernelDied):
        kernel.student.die()
    assert kernel.channel.dead


def test_reasons_of_an_end(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's reason for the kernel's end becomes the fault."""
    monkeypatch.setattr(kernel, "end_kernel", lambda **_: "memory")
    kernel.process.kill()
    with pytest.raises(MemoryExceeded):
        kernel.student.double(1)


NUMBER = 7


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff" * 64,
        struct.pack("<I", 0),
        wire.frame(b"\xff", NUMBER),
        wire.frame(wire.Encoder().encode(None), NUMBER),
        wire.frame(wire.Encoder().encode(()), NUMBER),
        wire.frame(wire.Encoder().encode((1,)), NUMBER),
        wire.frame(wire.Encoder().encode(("value",)), NUMBER),
        wire.frame(wire.Encoder().encode(("passed", 1)), NUMBER),
        wire.frame(wire.Encoder().encode(("unsendable",)), NUMBER),
        wire.frame(wire.Encoder().encode(("raised", "ValueError")), NUMBER),
        wire.frame(wire.Encoder().encode(("raised", ["ValueError"], b"x", 1, 2)), NUMBER),
        wire.frame(wire.Encoder().encode(("returned", 1, [None], ((), {}))), NUMBER),
        wire.frame(wire.Encoder().encode(("returned", 1, [], ([], {}))), NUMBER),
        wire.frame(wire.Encoder().encode(("callback", 1, (), {1: 2})), NUMBER),
        wire.frame(wire.Encoder().encode(("callback", None, None, None)), NUMBER),
        wire.frame(wire.Encoder().encode([wire.Handle("callback", 99)]), NUMBER),
    ],
)
def test_garbage(garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no answer to a call are a student's fault, whatever they are."""
    monkeypatch.setattr("autograder.channel.secrets.randbits", lambda _: NUMBER)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(garbage)
        theirs.shutdown(socket.SHUT_WR)
        channel = CallChannel(ours, Ended(), CallLimits(5, 5, 5))
        target = Target(name="double")
        with pytest.raises(StudentFault):
            channel.call(target, (abs,), {})
        assert channel.dead


def test_answers_in_advance(kernel: Kernel) -> None:
    """A well-formed answer that student code sends unasked is taken for no later call's."""
    forged = "wire.frame(wire.Encoder().encode(('value', 13)), 0)"
    kernel.channel.run(f"from autograder import wire; channel.sendall({forged} * 3)")
    assert kernel.student.answer == 42
    assert kernel.student.double(1) == 2


def test_garbage_of_student_code(kernel: Kernel) -> None:
    """What student code writes to the channel itself costs it the kernel, not the grader."""
    with pytest.raises(Invalid):
        kernel.channel.run("channel.sendall(b'x' * 64)")
    assert kernel.process.returncode == -signal.SIGKILL


class Ended:
    """A supervisor of a kernel that is no process."""

    def interrupt(self) -> None:
        """Do nothing."""

    def end_kernel(self, **_: bool) -> str | None:
        """Give no reason."""
        return None


answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple),
    max_leaves=8,
)
kinds = st.sampled_from(
    [
        "value",
        "returned",
        "callback",
        "raised",
        "missing",
        "interrupted",
        "unsendable",
        "uncallable",
    ]
)


@given(st.lists(st.tuples(kinds, st.lists(answers, max_size=5)), min_size=1, max_size=3))
def test_forged_answers(forged: list[tuple[str, list[Any]]]) -> None:
    """Any answer that student code can write gives a value or a student's fault."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.channel.secrets.randbits", lambda _: NUMBER)
        for kind, rest in forged:
            theirs.sendall(wire.frame(wire.Encoder().encode((kind, *rest)), NUMBER))
        theirs.shutdown(socket.SHUT_WR)
        student: Any = Student(CallChannel(ours, Ended(), CallLimits(5, 5, 5)))
        try:
            student.f(np.random.default_rng(1))
            student.get("x")
        except (StudentFault, TypeError):
            # A plain value was called as a function.
            return


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


def test_time_of_a_call(student: Any) -> None:
    """A call with a thousand numbers takes about a tenth of a millisecond; here, well under one."""
    x = np.arange(1000.0)
    double = student.double
    times = []
    for _ in range(100):
        began = time.perf_counter()
        double(x)
        times.append(time.perf_counter() - began)
    assert sorted(times)[20] < 0.001


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
        ]
    )
