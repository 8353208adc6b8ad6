"""The same guard as the sandbox's tests have: nothing may be left behind."""

from tests.autograder.sandbox.conftest import fork_server, nothing_is_left

__all__ = ["fork_server", "nothing_is_left"]
