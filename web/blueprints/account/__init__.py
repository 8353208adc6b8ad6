"""Sign in and out, invitations, one's own account."""

from web.blueprints.account.views import bp

__all__ = ["bp"]
