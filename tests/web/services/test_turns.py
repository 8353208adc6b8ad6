"""One thing at a time for each person."""

from __future__ import annotations

import threading

import pytest

from web.services.errors import RuleError
from web.services.turns import Turns


def test_one_goes_on_one_waits_and_the_third_is_refused() -> None:
    """For each key apart; a turn that is over leaves nothing behind."""
    turns = Turns("Wait.")
    begun, over = threading.Event(), threading.Event()

    def second() -> None:
        begun.set()
        with turns.turn("a"):
            over.set()

    with turns.turn("a"):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert begun.wait(10)
        while turns._places["a"][0] < 2:
            pass
        assert not over.is_set()
        with pytest.raises(RuleError, match="Wait"), turns.turn("a"):
            pass
        with turns.turn("b"):
            pass
    waiting.join(10)

    assert over.is_set()
    assert turns._places == {}


def test_a_failure_ends_the_turn() -> None:
    """Whatever goes wrong inside."""
    turns = Turns("Wait.")
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.turn("a"):
            raise ZeroDivisionError

    assert turns._places == {}
