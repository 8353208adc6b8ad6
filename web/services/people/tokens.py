"""Tokens of links and sessions: who shows one is whom it was made for; only its hash is stored."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return one that nobody can guess."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()
