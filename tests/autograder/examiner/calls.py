"""A process that answers calls on a notebook, without a wall."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import Any

from autograder.examiner.channel import CallChannel
from autograder.examiner.exchange import CallLimits
from autograder.patience import Usage
from autograder.student import Student

NOTEBOOK = '''
from decimal import Decimal
from fractions import Fraction
import numpy as np
import sys
import threading
import time

answer = 42
open_answer = ...
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


def number_of(function):
    return function.number


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
quarters = [Fraction(1, 4), Decimal("0.25")]
own_quarter = type("Quarter", (Fraction,), {})(1, 4)
huge = Fraction(10**400)
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
    """A process that serves calls on a notebook, without a sandbox; the control of its channel."""

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

    def end(self, *, kill: bool) -> str | None:
        """End the process."""
        if kill:
            self.process.kill()
        self.process.wait(10)
        return None

    def usage(self) -> Usage | None:
        """Nothing is known of it: time on the clock counts."""
        return None

    def close(self) -> None:
        """Close the channel, upon which the loop ends."""
        self.channel.close()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
