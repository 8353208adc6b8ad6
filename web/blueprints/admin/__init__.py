"""Pages of admins: people, the portal's own texts, how it is doing."""

from web.blueprints.admin import people, portal_texts, system
from web.blueprints.admin.blueprint import bp

__all__ = ["bp", "people", "portal_texts", "system"]
