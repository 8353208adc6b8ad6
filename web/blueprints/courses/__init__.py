"""A student's courses and assignments."""

from web.blueprints.courses.views import bp

__all__ = ["bp"]
