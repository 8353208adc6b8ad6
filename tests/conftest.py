"""What all tests share."""

from __future__ import annotations

import hypothesis

# Other work on the machine must not fail a property, and examples must not pile up in the checkout.
hypothesis.settings.register_profile(
    "autograder",
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("autograder")
