"""What every answer carries: content policy, cookies, CSRF marks, the proxy's word."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Flask, Response, abort, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web.config import SESSION_HOURS, Settings

SESSION_TOKEN: Final = "sign_in"  # noqa: S105  # its name in the session
CSRF_HOURS: Final = 8
FORM_BYTES: Final = 2**20

# Nothing comes from another host, and no script but our own files runs.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Untrusted: a page that shows a student's notebook runs nothing, sends nothing, and fetches nothing
# but our font for formulas.
NOTEBOOK_POLICY: Final = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
MATH_FONT: Final = "math.woff2"
"""Among the static files."""
NOTEBOOK_FLAG: Final = "X-Autograder-Notebook"

# A mark in each form, by Flask-WTF: three lines of ours and one hidden input (`_forms.html`). The
# forms themselves are plain HTML, not WTForms: each is read where its rules stand, and a class
# beside it would state them again. Looking at `Origin` instead would trust `Host` behind proxies.
csrf: Final = CSRFProtect()


class OtherHostError(Exception):
    """Somebody asks for another host than the portal's."""


def protect(app: Flask, settings: Settings) -> None:
    """Set cookies, sizes, CSRF marks and headers."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        # A session ends that long after it began, whatever is asked for meanwhile.
        SESSION_REFRESH_EACH_REQUEST=False,
        # A form has other parts beside the file.
        MAX_CONTENT_LENGTH=settings.max_upload_bytes + FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=CSRF_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=settings.https,
    )

    @app.before_request
    def refuse_other_hosts() -> None:
        # Untrusted: who asks says which host they mean, and links for passwords would carry it.
        if not settings.answers_to(request.host):
            raise OtherHostError

    csrf.init_app(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Werkzeug's manual does
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )

    @app.before_request
    def refuse_null() -> None:
        # Untrusted: PostgreSQL's text takes every character but this one, which nobody can type.
        fields = (value for _, value in request.values.items(multi=True))
        if any("\0" in text for text in (request.path, *fields)):
            abort(400)

    @app.after_request
    def add_headers(response: Response) -> Response:
        notebook = response.headers.pop(NOTEBOOK_FLAG, None)
        headers = response.headers
        headers["Content-Security-Policy"] = NOTEBOOK_POLICY if notebook else PAGE_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if not notebook:
            headers["X-Frame-Options"] = "DENY"
        if settings.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if not request.path.startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")
        return response

    _give_font_to_notebooks(app)


def _give_font_to_notebooks(app: Flask) -> None:
    @app.after_request
    def add_header(response: Response) -> Response:
        # The page of a notebook has no origin; whoever asks gets what everybody has.
        if request.path == f"/static/{MATH_FONT}":
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response
