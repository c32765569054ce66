"""Tool administration: the page where tools are registered, activated, updated and deleted."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import activities, registration, tools
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.tools import Tool


def registration_url(url: str, configuration: str, token: str) -> str:
    """Return the tool's registration URL with our parameters added; its own query is kept."""
    parts = urlsplit(url)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("openid_configuration", configuration),
        ("registration_token", token),
    ]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def _is_web_address(url: str) -> bool:
    try:
        scheme, place = urlsplit(url)[:2]
    except ValueError:
        return False
    return scheme in ("http", "https") and bool(place)


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/admin/tools`` and its actions."""
    pages = Blueprint("admin", __name__, url_prefix="/admin/tools")

    @pages.before_request
    def require_same_origin() -> None:
        # This page has no sign-in, so other sites must be prevented from submitting its forms.
        # Clients other than browsers do not send this header.
        if (
            request.method == "POST"
            and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
        ):
            abort(403, "Tools are managed on this page alone.")

    def render_tools(wrong: str = "", url: str = "") -> str:
        return render_template(
            "tools.html", tools=tools.list_all_tools(deps.ledger), wrong=wrong, url=url
        )

    def render_registration(make_token: Callable[[str], str]) -> ResponseReturnValue:
        """Render the page that frames the tool's own registration page."""
        url = request.form.get("url", "").strip()
        if not _is_web_address(url):
            return render_tools("The tool URL must begin with http:// or https://.", url), 400
        return render_template(
            "registering.html",
            address=registration_url(url, deps.at("openid-configuration"), make_token(url)),
        )

    def require_tool(id_: int) -> Tool:
        tool = tools.tool_by_id(deps.ledger, str(id_))
        if tool is None:
            abort(404, "There is no such tool.")
        return tool

    @pages.get("")
    def list_tools() -> str:
        return render_tools()

    @pages.post("")
    def register_tool() -> ResponseReturnValue:
        return render_registration(lambda url: registration.new_registration_token(deps, url))

    @pages.post("/<int:id_>/update")
    def update_tool(id_: int) -> ResponseReturnValue:
        tool = require_tool(id_)
        return render_registration(lambda url: registration.update_registration_token(deps, tool))

    @pages.post("/<int:id_>/activate")
    def activate_tool(id_: int) -> ResponseReturnValue:
        tool = require_tool(id_)
        tools.set_tool_active(deps.ledger, tool)
        activities.ensure_standard_activity(deps.ledger, tool)
        return redirect("/practice/admin/tools", code=303)

    @pages.post("/<int:id_>/delete")
    def delete_tool(id_: int) -> ResponseReturnValue:
        tools.remove_tool(deps.ledger, require_tool(id_))
        return redirect("/practice/admin/tools", code=303)

    return pages
