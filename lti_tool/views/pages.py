"""What all pages share: rendering, headers, errors that say what a teacher can do next."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from lrs.ground.errors import Refused
from lti_tool.lti.errors import LaunchInvalid
from lti_tool.store.platforms import Platform

log = logging.getLogger(__name__)

# No script runs on any page, and nothing is loaded from elsewhere.
_CONTENT = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "


def frame_for(platform: Platform) -> None:
    """Let this answer be framed by the platform's own pages."""
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, (platform.issuer, platform.auth_login_url)) if parts.netloc}
    g.frame_ancestors = " ".join(["'self'", *sorted(origins)])


def message(title: str, text: str, status: int) -> ResponseReturnValue:
    """A page with one message."""
    return render_template("message.html", title=title, text=text), status


def finish(app: Flask) -> None:
    """Headers and error pages for every page of ``app``."""

    @app.after_request
    def headers(response: Response) -> Response:
        # A page that failed before its platform was known holds nothing private and may be shown in any frame.
        ancestors = g.get("frame_ancestors", "*" if response.status_code >= 400 else "'self'")
        response.headers.setdefault("Content-Security-Policy", _CONTENT + ancestors)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer" if request.path.startswith("/lti/") else "same-origin"
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(LaunchInvalid)
    def launch_refused(error: LaunchInvalid) -> ResponseReturnValue:
        log.warning("launch refused: %s", error.detail)
        return message("This activity could not be opened", error.reason, 400)

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return message("This did not work", error.message, error.status)

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_away(error: Exception) -> ResponseReturnValue:
        log.error("database not reachable: %s", type(error).__name__)
        return message("Carryover is busy", "The page cannot be made just now. Nothing you sent was lost; try again in a minute.", 503)

    @app.errorhandler(DataError)
    @app.errorhandler(UnicodeEncodeError)
    def not_storable(error: Exception) -> ResponseReturnValue:
        return message("This did not work", "What was sent holds a character that cannot be kept. Go back, take it out and send it again.", 400)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        return message(error.name or "Error", error.description or "", error.code or 500)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        log.exception("unexpected error")
        return message(
            "Something went wrong here",
            "Go back to the course and open the activity again. If it happens again, tell your administrator the time.",
            500,
        )
