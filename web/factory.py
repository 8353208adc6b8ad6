"""The application factory."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, flash, redirect, render_template, request, session, url_for
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004  # a pool's, not the system's
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from autograder.render.page import palette
from web import arrivals, large_bodies, templating
from web.config import Settings
from web.db import LARGEST_INTEGER, Database, is_busy, open_database
from web.http import EXTENSION, Portal, actor, close_db, db, is_ours, portal
from web.models import User
from web.pauses import pause
from web.security import SESSION_TOKEN, OtherHostError, protect
from web.services.errors import BusyError, RuleError, TooManyError
from web.services.instance import Texts
from web.services.people import accounts

RETRY_SECONDS: Final = 5
_ERRORS = {
    400: ("The request could not be understood", "Go back, reload the page, and try again."),
    403: ("You do not have permission for this", "Ask your instructor if you need access."),
    404: ("Page not found", "It may have been moved, or you may not have access to it."),
    405: ("This page can't be opened directly", "Go back and use the buttons on the page."),
    413: ("This file is too large", "Clear the notebook's outputs, save it, and try again."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: ("Something went wrong on our side", "Nothing is lost. Try again in a minute."),
    503: ("The portal is busy", "Nothing is lost. Try again in a minute."),
}


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """
    Make the application.

    Args:
        settings: From the environment by default.
        database: Opened from the settings by default.
    """
    settings = settings or Settings.from_environment()
    app = Flask("web", static_folder="static", template_folder="templates")
    app.extensions[EXTENSION] = Portal(settings, database or open_database(settings.database_url))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    large_bodies.add_to(app)
    protect(app, settings)
    app.teardown_appcontext(close_db)
    _add_sign_in(app)
    templating.add_to(app)
    _add_palette(app)
    _add_error_pages(app)
    _add_pages_of_a_busy_portal(app)
    _add_page_of_another_host(app)
    _add_blueprints(app)
    return app


class RowConverter(IntegerConverter):
    """Part of an address that numbers a row; what no column can hold is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_INTEGER)


def _add_blueprints(app: Flask) -> None:
    app.url_map.converters["row"] = RowConverter
    from web.blueprints import account, admin, courses, notices, staff, submissions

    for module in (account, admin, courses, notices, staff, submissions):
        app.register_blueprint(module.bp)


def _add_sign_in(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # networks of students change; the session key protects

    @manager.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
    def load_user(key: str) -> User | None:
        token = session.get(SESSION_TOKEN)
        return accounts.user_by_session_key(db(), key, token) if token is not None else None

    @app.context_processor
    def who() -> dict[str, User | Texts | None]:
        return {"me": actor(), "texts_of_portal": portal().texts.current()}


def _add_palette(app: Flask) -> None:
    @app.get("/static/palette.css")
    def show_palette() -> Response:
        """Serve the colours of the engine's pages, which are the portal's as well."""
        response = Response(palette(), mimetype="text/css")
        # As Flask serves files: kept by browsers, and asked for again only if it has changed.
        response.cache_control.no_cache = True
        response.add_etag()
        return response.make_conditional(request)


def _to_sign_in() -> Response:
    """Let somebody sign in, and come back to what they were doing."""
    page = request.full_path.rstrip("?")
    arrival = None
    if request.method == "POST":
        # Only a page of ours knows where its form stands; the form's own address shows nothing.
        referrer = request.referrer or ""
        page = urlsplit(referrer).path if is_ours(referrer) else url_for("courses.list_courses")
        arrival = arrivals.arrived()
        words = "Your session expired, so nothing was saved. Sign in, then send the form again."
        flash(words if arrival is None else f"{words} {arrivals.ADVICE}", "wait")
    return arrivals.keep(redirect(url_for("account.show_sign_in", next=page)), arrival)


def _failure(app: Flask, code: int) -> Response:
    """Answer that it is not the reader's fault; asks the database nothing, not even who reads."""
    close_db(None)
    title, advice = _ERRORS.get(code, _ERRORS[500])
    template = app.jinja_env.get_template("error.html")
    known = portal().texts.known
    page = template.render(me=None, texts_of_portal=known, code=code, title=title, advice=advice)
    response = Response(page, code, mimetype="text/html")
    if code == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _add_pages_of_a_busy_portal(app: Flask) -> None:
    @app.errorhandler(DBAPIError)
    def database_failed(error: DBAPIError) -> Response:
        if is_busy(error):
            return _failure(app, 503)
        raise error

    @app.errorhandler(TimeoutError)
    @app.errorhandler(BusyError)
    def busy(_: Exception) -> Response:
        return _failure(app, 503)


def _add_page_of_another_host(app: Flask) -> None:
    @app.errorhandler(OtherHostError)
    def other_host(_: OtherHostError) -> tuple[str, int]:
        title = "The portal is not available at this address"
        advice = (
            "Use the address from your instructor. If you run this portal: "
            "AUTOGRADER_PUBLIC_URL says where browsers reach it."
        )
        template = app.jinja_env.get_template("error.html")
        known = portal().texts.known
        return template.render(
            me=None, texts_of_portal=known, code=400, title=title, advice=advice
        ), 400


def _add_error_pages(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[str, int] | Response:
        code = error.code or 500
        if code >= 500:
            return _failure(app, code)
        if code == 401:
            return _to_sign_in()
        if code < 400:
            return error.get_response()
        title, advice = _ERRORS.get(code, _ERRORS[400])
        return render_template("error.html", code=code, title=title, advice=advice), code

    @app.errorhandler(CSRFError)
    def csrf_error(_: CSRFError) -> Response:
        arrival = arrivals.arrived()
        title = "Your session expired"
        advice = "Nothing was saved. Go back, reload the page, and send the form again."
        if arrival is not None:
            advice += f" {arrivals.ADVICE}"
        page = render_template("error.html", code=400, title=title, advice=advice)
        return arrivals.keep(Response(page, 400, mimetype="text/html"), arrival)

    @app.errorhandler(RuleError)
    def refused(error: RuleError) -> Response | tuple[str, int]:
        """Show what a use case refused on the page that it was asked from."""
        if isinstance(error, TooManyError):
            pause()
        flash(str(error), "error")
        back = request.referrer or ""
        if is_ours(back):
            return redirect(back, code=303)
        return render_template(
            "error.html", code=400, title="This did not work", advice=str(error)
        ), 400
