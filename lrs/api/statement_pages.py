"""``/browse``: an operator views the statements of a tenant. Read only; signs in by the
browser's own prompt.

The filter works without JavaScript. With it, the list updates as the user types, and new
statements appear by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, render_template, request

from core.errors import BadInput, RequestError, Unauthorised
from lrs.actions import statement_browser
from lrs.actions.deps import StoreDeps
from lrs.api.authentication import StoreCall, StoreRoutes, add_routes
from lrs.xapi import json_codec

routes = StoreRoutes(reads_query=False)
_MORE_PURPOSE = "browse page"
_CURSOR_SECONDS = 86_400
_FILTER_FIELDS = ("verb", "activity", "agent", "registration", "since", "until")
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action "
    "'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class StatementLine:
    """A statement as a line of the list."""

    id: str
    stored: str
    actor: str
    verb: str
    object: str
    outcome: str
    voided: bool
    violations: list[str]
    json: str


def blueprint(deps: StoreDeps) -> Blueprint:
    """The page and its static files."""
    pages = Blueprint(
        "browse",
        __name__,
        url_prefix="/browse",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    pages.after_request(_add_security_headers)
    pages.register_error_handler(RequestError, _render_refusal)
    add_routes(pages, routes, deps)
    return pages


def _add_security_headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _render_refusal(error: RequestError) -> tuple[str, int, dict[str, str]]:
    headers = (
        {"WWW-Authenticate": 'Basic realm="carryover", charset="UTF-8"'}
        if isinstance(error, Unauthorised)
        else {}
    )
    return (
        render_template("browse.html", **_empty_context(), error=error.message),
        error.status,
        headers,
    )


@routes.route("GET", "", scope="statements/read")
def list_statements(call: StoreCall) -> str:
    """A page of statements, or its rows alone where ``part=rows`` asks for them."""
    deps = call.deps
    given = {name: request.args.get(name, "").strip() for name in _FILTER_FIELDS}
    after = None
    try:
        after = (
            deps.secrets.verify_token(_MORE_PURPOSE, request.args["more"], _CURSOR_SECONDS)
            if request.args.get("more")
            else None
        )
        result = statement_browser.browse_statements(
            deps.unit_of_work,
            tenant_id=call.caller.tenant_id,
            wanted={k: v for k, v in given.items() if v},
            after=after,
        )
        error = None
    except BadInput as refused:
        result, error = statement_browser.BrowsePage([], None, {}, set()), refused.message
    more = deps.secrets.sign(_MORE_PURPOSE, result.after) if result.after is not None else ""
    rows = [
        _statement_line(
            statement.payload,
            result.template_violations.get(statement.ord, []),
            statement.ord in result.voided,
        )
        for statement in result.statements
    ]
    part = "rows.html" if request.args.get("part") == "rows" else "browse.html"
    return render_template(
        part, rows=rows, given=given, more=more, error=error, earlier=after is not None
    )


def _empty_context() -> dict[str, Any]:
    return {"rows": [], "given": dict.fromkeys(_FILTER_FIELDS, ""), "more": "", "earlier": False}


def _statement_line(payload: bytes, breaks: list[str], voided: bool) -> StatementLine:
    s = json_codec.decode(payload)
    result = s.get("result", {})
    outcome = []
    if "success" in result:
        outcome.append("right" if result["success"] else "wrong")
    if "scaled" in result.get("score", {}):
        outcome.append(f"{result['score']['scaled']}")
    return StatementLine(
        id=s["id"],
        stored=s["stored"],
        actor=_actor_label(s["actor"]),
        verb=_first_text(s["verb"].get("display")) or _last_segment(s["verb"]["id"]),
        object=_object_label(s["object"]),
        outcome=", ".join(outcome),
        voided=voided,
        violations=breaks,
        json=msgspec.json.format(payload, indent=2).decode(),
    )


def _first_text(texts: dict[str, str] | None) -> str:
    return next(iter(texts.values()), "") if texts else ""


def _last_segment(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


def _actor_label(actor: dict[str, Any]) -> str:
    if actor.get("name"):
        return str(actor["name"])
    for name in ("mbox", "openid", "mbox_sha1sum"):
        if name in actor:
            return str(actor[name]).removeprefix("mailto:")
    if "account" in actor:
        return str(actor["account"]["name"])
    return f"a group of {len(actor.get('member', ()))}"


def _object_label(obj: dict[str, Any]) -> str:
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        return _first_text(obj.get("definition", {}).get("name")) or str(obj["id"])
    if kind == "StatementRef":
        return f"statement {obj['id']}"
    return "a statement in a statement" if kind == "SubStatement" else _actor_label(obj)
