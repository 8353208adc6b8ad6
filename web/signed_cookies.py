"""Cookies that say what only the portal can have written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from web.http import portal


def read(name: str) -> Any | None:
    """Return what a cookie says; ``None`` if it is missing, or not ours."""
    try:
        # Untrusted: whatever a browser sends; only what we have signed is believed.
        return _signer(name).loads(request.cookies.get(_full(name), ""))
    except BadSignature:
        return None


def write(response: Response, name: str, value: Any, kept: timedelta) -> Response:
    """Let the browser keep a value, which no script can read."""
    response.set_cookie(
        _full(name),
        _signer(name).dumps(value),
        max_age=kept,
        secure=portal().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response


def remove(response: Response, name: str) -> Response:
    """Let the browser forget a cookie, if it sent one."""
    if _full(name) in request.cookies:
        response.delete_cookie(_full(name), secure=portal().settings.https, httponly=True)
    return response


def _full(name: str) -> str:
    return f"__Host-{name}" if portal().settings.https else name


def _signer(name: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=name)
