"""The practice LMS as a Flask application: all its parts, mounted under ``/practice``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from carryover.practice_lms import (
    activities,
    authorization,
    course_pages,
    deep_linking,
    grade_services,
    group_service,
    languages,
    mailbox_page,
    membership_service,
    registration,
    service_access,
    signatures,
    token_endpoint,
    tool_admin,
    tools,
)
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.ledger import LOCK_TIMEOUT_SECONDS, PracticeDatabase
from carryover.practice_lms.people import CLIENT_ID
from core.http_client import GuardedClient

PRACTICE_STATE_FILE = (
    "practice.json"  # in the demo's home folder: state that must survive a restart
)
LMS_HOST = (
    "localhost"  # the tool's pages come from 127.0.0.1, which is a different site for a browser
)


def lms_base_url(tool_url: str) -> str:
    """Return the practice LMS's base URL, given the tool's."""
    parts = urlsplit(tool_url)
    return urlunsplit(
        (parts.scheme, f"{LMS_HOST}:{parts.port}" if parts.port else LMS_HOST, "", "", "")
    )


def platform_registration(lms_url: str) -> dict[str, str]:
    """Return the platform's registration data for the preinstalled tool. The issuer is the
    platform's own URL.
    """
    return {
        "issuer": lms_url,
        "client_id": CLIENT_ID,
        "auth_login_url": f"{lms_url}/practice/auth",
        "auth_token_url": f"{lms_url}/practice/token",
        "key_set_url": f"{lms_url}/practice/jwks.json",
    }


def create_app(home: Path, tool_url: str, lock_timeout: float = LOCK_TIMEOUT_SECONDS) -> Flask:
    """Create the application; all routes are below ``/practice``. The tool at ``tool_url``
    is preinstalled. Whoever has waited ``lock_timeout`` seconds for the database gets a 503.
    """
    app = Flask(__name__, static_url_path="/practice/static")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    client = GuardedClient(allow_private=True)  # it calls tools on this machine
    deps = PracticeDeps(
        PracticeDatabase(home / "practice_lms.sqlite", lock_timeout),
        client,
        lms_base_url(tool_url),
    )
    tools.install_tool(deps.ledger, tools.preinstalled_tool(tool_url))
    activities.ensure_demo_activity(deps.ledger)
    pages = Blueprint("practice", __name__, url_prefix="/practice")
    for part in (
        course_pages,
        authorization,
        deep_linking,
        registration,
        tool_admin,
        token_endpoint,
        grade_services,
        membership_service,
        group_service,
    ):
        pages.register_blueprint(part.blueprint(deps))
    pages.register_blueprint(mailbox_page.blueprint(home))

    @app.before_request
    def redirect_to_lms_host() -> ResponseReturnValue | None:
        if request.method == "GET" and request.host.partition(":")[0] != LMS_HOST:
            return redirect(deps.lms_url + request.full_path.rstrip("?"))
        return None

    @pages.get("/jwks.json")
    def get_jwks() -> ResponseReturnValue:
        return signatures.public_key_set(deps.ledger)

    @app.context_processor
    def language_switch() -> dict[str, object]:
        """What the switch in the head of each page needs; the page after it is this one."""
        again = request.full_path if request.method == "GET" else "/practice/"
        return {"languages": languages.LANGUAGES, "language": deps.language, "again": again}

    def render_error(error: HTTPException) -> ResponseReturnValue:
        own_text = type(error).description
        if error.description == own_text:  # the framework's words, for whoever programs it
            error.description = "This page cannot be shown. Go back to the course and start there."
        # Its own headers (Retry-After, Allow), but for the type: the page is this LMS's.
        headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
        return render_template("refused.html", error=error), error.code or 500, headers

    app.register_error_handler(HTTPException, render_error)
    app.register_error_handler(service_access.ServiceError, service_access.service_error_response)
    app.register_blueprint(pages)
    return app
