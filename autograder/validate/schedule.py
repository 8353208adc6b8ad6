"""How the steps of one assignment's validation get done: side by side, on notebooks kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import ParamSpec

from autograder.errors import InternalError
from autograder.examiner.protocol import TestDescription
from autograder.validate.forked_notebook import ForkedNotebook
from autograder.validate.idle_pool import IdlePool
from autograder.validate.results import AssignmentValidation, Trial

Arguments = ParamSpec("Arguments")
Listener = Callable[[AssignmentValidation, Trial | None], None]


class Schedule:
    """
    Does the steps of one assignment's validation and collects what they prove.

    Args:
        result: Where the trials are collected.
        workers: Threads that do the steps, shared between assignments.
        listener: Called with each trial.
        keep: How many forked notebooks to keep between steps.
    """

    def __init__(
        self,
        result: AssignmentValidation,
        workers: ThreadPoolExecutor,
        listener: Listener,
        keep: int,
    ) -> None:
        self.result = result
        self._workers = workers
        self._listener = listener
        self._notebooks: IdlePool[ForkedNotebook] = IdlePool(self._new_notebook, keep)
        self._make_notebook: Callable[[], ForkedNotebook] = _no_notebook

    def make_notebooks(self, make: Callable[[], ForkedNotebook]) -> None:
        """Set how a forked notebook is made, once the assignment is loaded."""
        self._make_notebook = make

    def close(self) -> None:
        """Close all forked notebooks."""
        self._notebooks.close()

    def note(self, trial: Trial) -> None:
        """Collect a trial."""
        self.result.trials.append(trial)
        self._listener(self.result, trial)

    def do(
        self, step: Callable[Arguments, Trial], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Trial]:
        """Do a step that needs no forked notebook."""
        return self._workers.submit(self._timed, lambda: step(*args, **kwargs))

    def on_notebook(
        self, step: Callable[..., Trial], subject: object, *arguments: object
    ) -> Future[Trial]:
        """Do a step that takes the subject, a forked notebook and more arguments."""
        return self._workers.submit(
            self._timed,
            lambda: self._with_notebook(lambda forked: step(subject, forked, *arguments)),
        )

    def collected_tests(self) -> tuple[TestDescription, ...]:
        """Return the assignment's tests, as a forked notebook has collected them."""
        forked = self._notebooks.take()
        self._notebooks.put(forked)
        return forked.tests

    def _new_notebook(self) -> ForkedNotebook:
        return self._make_notebook()

    def _with_notebook(self, step: Callable[[ForkedNotebook], Trial]) -> Trial:
        forked = self._notebooks.take()
        try:
            trial = step(forked)
        except BaseException:
            forked.close()
            raise
        self._notebooks.put(forked)
        return trial

    def _timed(self, step: Callable[[], Trial]) -> Trial:
        began = time.monotonic()
        try:
            trial = step()
        except InternalError:
            # A fault of ours is no fault of the assignment's: once more, then give up.
            trial = step()
        trial = replace(trial, seconds=time.monotonic() - began)
        self.note(trial)
        return trial


def _no_notebook() -> ForkedNotebook:
    raise AssertionError("the assignment is not loaded yet")
