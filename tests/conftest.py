"""What all tests share: settings of Hypothesis, sampled sweeps, times by area."""

from __future__ import annotations

import hypothesis
import pytest

from tests import sweeps
from tests.areas import AreaTimes, budgets

# Other work on the machine must not fail a property, and examples must not pile up in the checkout.
hypothesis.settings.register_profile(
    "autograder",
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("autograder")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of sweeps."""
    sweeps.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Settle what this run samples; keep the time, in the process that reports."""
    sweeps.choose_seed(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(AreaTimes(budgets()))


def pytest_report_header(config: pytest.Config) -> str:
    """Print how to repeat this run's sample."""
    return sweeps.describe(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the sample does not hold."""
    items[:], left_out = sweeps.split(items, config)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
