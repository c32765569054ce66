"""Shared by all pages: rendering, headers, and error pages that say how to go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from flask import Flask, Response, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from adapters.lms import dialect_for
from adapters.questions import Picture, question_html
from core import clock, page_language
from core.errors import RequestError, Unavailable, is_database_unavailable, retry_after_header
from core.http_client import url_origin
from core.messages import Message, as_message, lazy_gettext
from lti_tool.base import ways_on
from lti_tool.base.launch_errors import BrowserNotVerified, LaunchInvalid
from lti_tool.base.platforms_store import Platform
from lti_tool.base.ways_on import WayOn

log = logging.getLogger(__name__)

# Only our own scripts, from files; nothing is loaded from elsewhere, and scripts fetch only
# from our own pages.
_CSP_TEMPLATE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; object-src 'none';"
    " form-action 'self'{forms}; frame-ancestors {ancestors}"
)


# URLs that contain a one-time secret: their referrer is cut to the origin. (no-referrer would
# also remove the Origin header from our own forms, which distinguishes them from another
# site's.)
_SECRET_PATHS = (
    "/lti/register",
    "/admin/enter",
    "/s/",
    "/stop/",
    "/question/",
    "/review/",
    "/calendar/",
)


# What a page says where the framework refuses a request, by status.
_HTTP_TEXTS = {
    400: lazy_gettext("The request is not complete. Go back and try again."),
    404: lazy_gettext("There is nothing at this address. Look whether it is complete."),
    405: lazy_gettext("This address shows no page by itself. Go back and use the button there."),
}
_OTHER_HTTP_TEXT = lazy_gettext("The request cannot be answered here. Go back and try again.")


def allow_platform_frames(platform: Platform) -> None:
    """Let this response be framed by the platform's own pages."""
    result = dialect_for(platform.family).frame_origins(platform.issuer, platform.auth_login_url)
    allow_frames(*result, *platform.frame_origins)


def allow_frames(*origins: str) -> None:
    """Let this response be framed by pages of these origins; only by our own pages if none is
    given."""
    g.frame_ancestors = " ".join(
        dict.fromkeys(("'self'", *(origin for origin in origins if origin)))
    )


def forbid_frames() -> None:
    """Forbid any page to frame this response."""
    g.frame_ancestors = "'none'"


def allow_form_target(url: str) -> None:
    """Let a form in this response submit to the origin of ``url`` as well."""
    g.form_targets = f" {url_origin(url)}"


def render_rich_text(text: str, home: str) -> Markup:
    """A question's text as markup: it was sanitized when it was stored
    (adapters.questions.question_html). The sources of its pictures are filled in here."""
    return Markup(question_html.add_picture_urls(text, f"{home}pictures/"))  # noqa: S704 - cleaned on write


def picture_response(picture: Picture) -> Response:
    """The response for a picture of a question. Its name is the digest of its bytes, so it can
    be cached for ever."""
    answer = Response(picture.content, content_type=picture.media_type)
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


def render_message(
    title: str | Message,
    text: str | Message,
    status: int,
    headers: Mapping[str, str] | None = None,
    turn: Message | None = None,
    at: datetime | None = None,
    way: WayOn | None = None,
) -> ResponseReturnValue:
    """A page with one message; ``turn``: who can do something about it; ``at``: when it happened,
    for whoever looks into the records; ``way``: how to go on."""
    page_language.use_known_language(request)
    page = render_template("message.html", title=title, text=text, turn=turn, at=at, way=way)
    return page, status, dict(headers or {})


def render_error(
    title: Message,
    text: Message,
    status: int,
    headers: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> ResponseReturnValue:
    """A page that says what did not work, in the person's language, and how to go on."""
    way = ways_on.find_way_on(request)
    return render_message(title, text, status, headers, at=at, way=way)


def download_response(name: str, content: bytes) -> Response:
    """A file of somebody. It is only served as a download, never displayed inline, because its
    content is untrusted."""
    answer = Response(content, content_type="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def redirect_to(address: str, code: int = 303) -> Response:
    """A redirect to which cookies can be added."""
    response = redirect(address, code=code)
    assert isinstance(response, Response)
    return response


def _set_response_headers(response: Response, https: bool) -> Response:
    # A page that failed before its platform was known contains nothing private and may be
    # framed by anybody.
    ancestors = g.get("frame_ancestors", "*" if response.status_code >= 400 else "'self'")
    policy = _CSP_TEMPLATE.format(forms=g.get("form_targets", ""), ancestors=ancestors)
    response.headers.setdefault("Content-Security-Policy", policy)
    if https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault(
        "Referrer-Policy",
        "strict-origin" if request.path.startswith(_SECRET_PATHS) else "same-origin",
    )
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _handle_launch_invalid(error: LaunchInvalid) -> ResponseReturnValue:
    log.warning("launch refused: %s", " ".join(error.detail.split()))
    return render_message(
        lazy_gettext("This activity could not be opened"),
        error.message,
        error.status,
        {"Retry-After": "60"} if error.status == 429 else {},
        turn=as_message(error.turn.value),
        at=clock.now(),
    )


def _handle_wrong_browser(error: BrowserNotVerified) -> ResponseReturnValue:
    log.warning("launch refused: %s", " ".join(error.detail.split()))
    return render_template(
        "relaunch.html",
        error=error,
        state=request.form["state"],
        id_token=request.form["id_token"],
    ), error.status


def _handle_refused(error: RequestError) -> ResponseReturnValue:
    return render_error(
        lazy_gettext("This did not work"),
        error.message,
        error.status,
        retry_after_header(error),
    )


def _handle_database_error(error: Exception) -> ResponseReturnValue:
    if not is_database_unavailable(error):
        return _handle_unexpected_error(error)
    log.error("database not reachable: %s", type(error).__name__)
    busy = Unavailable(
        "The page cannot be made just now. What you sent was not stored; send it again in a minute."
    )
    return render_error(
        lazy_gettext("Carryover is busy"), busy.message, busy.status, retry_after_header(busy)
    )


def _handle_bad_data(error: Exception) -> ResponseReturnValue:
    return render_error(
        lazy_gettext("This did not work"),
        lazy_gettext(
            "What was sent holds a character that cannot be kept. Go back, take it out and "
            "send it again."
        ),
        400,
    )


def _handle_too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    return render_error(
        lazy_gettext("This is too large"),
        lazy_gettext(
            "What was sent is larger than this page takes: 32 MB where a file is chosen, 1 MB "
            "elsewhere. Nothing of it was kept."
        ),
        413,
    )


def _handle_http_exception(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    text = _HTTP_TEXTS.get(code, _OTHER_HTTP_TEXT)
    allowed = error.get_response().headers.get("Allow")
    return render_error(
        lazy_gettext("This did not work"), text, code, {"Allow": allowed} if allowed else {}
    )


def _handle_unexpected_error(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error")
    return render_error(
        lazy_gettext("Something went wrong here"),
        lazy_gettext(
            "You did nothing wrong. Try it again; if it happens again, tell your administrator the "
            "time."
        ),
        500,
        at=clock.now(),
    )


_ERROR_HANDLERS: dict[type[Exception], Callable[[Any], ResponseReturnValue]] = {
    LaunchInvalid: _handle_launch_invalid,
    BrowserNotVerified: _handle_wrong_browser,
    RequestError: _handle_refused,
    psycopg.Error: _handle_database_error,
    DBAPIError: _handle_database_error,
    PoolTimeout: _handle_database_error,
    DataError: _handle_bad_data,
    UnicodeEncodeError: _handle_bad_data,
    RequestEntityTooLarge: _handle_too_large,
    HTTPException: _handle_http_exception,
    Exception: _handle_unexpected_error,
}


def install_page_handlers(app: Flask, base_url: str) -> None:
    """Install headers and error pages for every page of ``app``."""
    # The server itself speaks HTTP behind the proxy that terminates TLS.
    app.after_request(partial(_set_response_headers, https=base_url.startswith("https://")))
    for kind, handler in _ERROR_HANDLERS.items():
        app.register_error_handler(kind, handler)
