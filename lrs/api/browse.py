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

from core.errors import BadInput, Refused, Unauthorised
from lrs.actions import browsing
from lrs.actions.deps import StoreDeps
from lrs.api import access
from lrs.xapi import decoding

_MORE = "browse page"
_MORE_SECONDS = 86_400
_FIELDS = ("verb", "activity", "agent", "registration", "since", "until")
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Row:
    """A statement as a line of the list."""

    id: str
    stored: str
    actor: str
    verb: str
    object: str
    outcome: str
    voided: bool
    breaks: list[str]
    json: str


def blueprint(deps: StoreDeps) -> Blueprint:
    """The page and its static files."""
    pages = Blueprint("browse", __name__, url_prefix="/browse", template_folder="templates", static_folder="static", static_url_path="/static")

    @pages.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @pages.errorhandler(Refused)
    def refused(error: Refused) -> tuple[str, int, dict[str, str]]:
        headers = {"WWW-Authenticate": 'Basic realm="carryover", charset="UTF-8"'} if isinstance(error, Unauthorised) else {}
        return render_template("browse.html", **_blank(), error=error.message), error.status, headers

    @pages.get("")
    def statements() -> str:
        caller = access.require(deps, "statements/read")
        given = {name: request.args.get(name, "").strip() for name in _FIELDS}
        after = None
        try:
            after = deps.secrets.verified(_MORE, request.args["more"], _MORE_SECONDS) if request.args.get("more") else None
            found = browsing.page(deps.unit_of_work, tenant_id=caller.tenant_id, wanted={k: v for k, v in given.items() if v}, after=after)
            error = None
        except BadInput as refused:
            found, error = browsing.Found([], None, {}, set()), refused.message
        more = deps.secrets.sign(_MORE, found.after) if found.after is not None else ""
        rows = [_row(one.payload, found.breaks.get(one.ord, []), one.ord in found.voided) for one in found.statements]
        part = "rows.html" if request.args.get("part") == "rows" else "browse.html"
        return render_template(part, rows=rows, given=given, more=more, error=error, earlier=after is not None)

    return pages


def _blank() -> dict[str, Any]:
    return {"rows": [], "given": dict.fromkeys(_FIELDS, ""), "more": "", "earlier": False}


def _row(payload: bytes, breaks: list[str], voided: bool) -> Row:
    s = decoding.decode(payload)
    result = s.get("result", {})
    outcome = []
    if "success" in result:
        outcome.append("right" if result["success"] else "wrong")
    if "scaled" in result.get("score", {}):
        outcome.append(f"{result['score']['scaled']}")
    return Row(
        id=s["id"],
        stored=s["stored"],
        actor=_actor(s["actor"]),
        verb=_words(s["verb"].get("display")) or _tail(s["verb"]["id"]),
        object=_object(s["object"]),
        outcome=", ".join(outcome),
        voided=voided,
        breaks=breaks,
        json=msgspec.json.format(payload, indent=2).decode(),
    )


def _words(texts: dict[str, str] | None) -> str:
    return next(iter(texts.values()), "") if texts else ""


def _tail(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


def _actor(actor: dict[str, Any]) -> str:
    if actor.get("name"):
        return str(actor["name"])
    for name in ("mbox", "openid", "mbox_sha1sum"):
        if name in actor:
            return str(actor[name]).removeprefix("mailto:")
    if "account" in actor:
        return str(actor["account"]["name"])
    return f"a group of {len(actor.get('member', ()))}"


def _object(obj: dict[str, Any]) -> str:
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        return _words(obj.get("definition", {}).get("name")) or str(obj["id"])
    if kind == "StatementRef":
        return f"statement {obj['id']}"
    return "a statement in a statement" if kind == "SubStatement" else _actor(obj)
