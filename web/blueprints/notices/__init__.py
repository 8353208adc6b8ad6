"""What somebody is told in the portal, how they get it by e-mail, and their calendar."""

from web.blueprints.notices.views import bp

__all__ = ["bp"]
