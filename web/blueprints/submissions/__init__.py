"""One submission: receipt, progress, result."""

from web.blueprints.submissions.views import bp

__all__ = ["bp"]
