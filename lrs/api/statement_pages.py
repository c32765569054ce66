"""``/browse``: an operator views the statements of a tenant, one statement, what is known of an
agent or an activity, and takes a filter's statements as a file. Read only; signs in by the
browser's own prompt.

The filter works without JavaScript. With it, the list updates as the user types, and new
statements appear by themselves.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
from flask import Blueprint, Response, current_app, render_template, request

from core import page_language
from core.csv_cells import escape_formula
from core.errors import BadInput, RequestError, Unauthorised
from core.messages import Message, gettext_noop, lazy_gettext
from lrs.actions import statement_browser
from lrs.actions.deps import StoreDeps
from lrs.api.authentication import StoreCall, StoreRoutes, add_routes
from lrs.xapi import json_codec, tolerance
from lrs.xapi.actors import IFI_NAMES, identity_of

PREFIX = "/browse"
routes = StoreRoutes(reads_query=False)
_MORE_PURPOSE = "browse page"
_CURSOR_SECONDS = 86_400
_FILTER_FIELDS = ("verb", "activity", "agent", "registration", "since", "until", "statement")
_CSV_COLUMNS = (
    *("id", "stored", "timestamp", "actor", "verb", "object", "object_type"),
    *("success", "completion", "score_scaled", "score_raw", "duration", "registration"),
)
_RIGHT, _WRONG = gettext_noop("right"), gettext_noop("wrong")
_FILTER_ERRORS = {
    "agent": gettext_noop("Who must be an e-mail address, or an agent as JSON."),
    "verb": gettext_noop("Verb must be an absolute IRI, as in the statements."),
    "activity": gettext_noop("Activity must be an absolute IRI, as in the statements."),
    "registration": gettext_noop("Registration must be a UUID."),
    "since": gettext_noop("Stored since must be a time, such as 2026-11-23T00:00:00Z."),
    "until": gettext_noop("Stored until must be a time, such as 2026-11-23T00:00:00Z."),
    "statement": gettext_noop("The id of a statement must be a UUID."),
}
# What a page says where the framework, the database or the code refuses a request, by status.
_ERROR_TEXTS = {
    404: gettext_noop("There is nothing at this address. Look whether it is complete."),
    405: gettext_noop("This address shows no page by itself. Go back and use the button there."),
    413: gettext_noop("What was sent is too large. Nothing of it was kept."),
    500: gettext_noop("Carryover failed here. The log of the server has the reason."),
    503: gettext_noop("The database does not answer. Nothing was stored; try again in a minute."),
}
_OTHER_ERROR_TEXT = gettext_noop("The request cannot be answered here. Go back and try again.")
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action "
    "'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class StatementLine:
    """A statement as a line of the list."""

    id: str
    stored: str
    actor: str | Message
    verb: str
    object: str | Message
    outcome: list[str]
    voided: bool
    violations: list[str]
    tolerated: list[str]
    links: list[tuple[str, dict[str, str]]]
    value: dict[str, Any]
    json: str


def blueprint(deps: StoreDeps) -> Blueprint:
    """The page and its static files."""
    pages = Blueprint(
        "browse",
        __name__,
        url_prefix=PREFIX,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    pages.before_app_request(lambda: page_language.use_browser_language(request))
    pages.after_app_request(_render_error_page)
    pages.after_app_request(_add_security_headers)
    pages.app_context_processor(_page_texts)
    pages.add_app_template_filter(page_language.format_day, "day")
    add_routes(pages, routes, deps)
    return pages


def _page_texts() -> dict[str, Any]:
    return {
        "_": page_language.translate,
        "ngettext": page_language.translate_plural,
        "language": page_language.current_language,
        "browse_pages": current_app.view_functions,
        "capital": lambda words: words[:1].upper() + words[1:],
    }


def is_page(path: str) -> bool:
    """Whether an address is one of these pages, or one that others add to them."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _render_error_page(response: Response) -> Response:
    """What the record store answers programs as JSON is a page here, in the reader's language."""
    if response.status_code >= 400 and is_page(request.path) and response.is_json:
        text = _ERROR_TEXTS.get(response.status_code, _OTHER_ERROR_TEXT)
        response.set_data(render_template("browse_refused.html", error=text))
        response.mimetype = "text/html"
    return response


def _add_security_headers(response: Response) -> Response:
    if not is_page(request.path):
        return response
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Language"] = page_language.current_language()
    response.vary.add("Accept-Language")
    return response


def render_refusal(error: RequestError) -> tuple[str, int, dict[str, str]]:
    """A refusal as a page; the browser asks for a key where there was none."""
    headers = (
        {"WWW-Authenticate": 'Basic realm="carryover", charset="UTF-8"'}
        if isinstance(error, Unauthorised)
        else {}
    )
    return (
        render_template("browse.html", **_empty_context(), error=error.message)
        if request.path == PREFIX
        else render_template("browse_refused.html", error=error.message),
        error.status,
        headers,
    )


@routes.route("GET", "", scope="statements/read")
def list_statements(call: StoreCall) -> str:
    """A page of statements, or its rows alone where ``part=rows`` asks for them."""
    deps = call.deps
    wanted = _given_filters()
    after = None
    try:
        after = (
            deps.secrets.verify_token(_MORE_PURPOSE, request.args["more"], _CURSOR_SECONDS)
            if request.args.get("more")
            else None
        )
        result = statement_browser.browse_statements(
            deps.reading,
            tenant_id=call.caller.tenant_id,
            wanted=wanted,
            after=after,
        )
        error: str | Message | None = None
    except BadInput as refused:
        result = statement_browser.BrowsePage([], None, {}, set(), {})
        error = _FILTER_ERRORS.get(refused.where.get("parameter", ""), refused.message)
    more = deps.secrets.sign(_MORE_PURPOSE, result.after) if result.after is not None else ""
    rows = [
        _statement_line(
            statement.payload,
            result.template_violations.get(statement.ord, []),
            statement.ord in result.voided,
            result.referring.get(statement.ord, []),
        )
        for statement in result.statements
    ]
    part = "rows.html" if request.args.get("part") == "rows" else "browse.html"
    return render_template(
        part,
        rows=rows,
        given={**dict.fromkeys(_FILTER_FIELDS, ""), **wanted},
        more=more,
        error=error,
        earlier=after is not None,
        about=[] if error else _describe_filter(call, wanted),
    )


def _describe_filter(call: StoreCall, wanted: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Of whom and of what a filter names: (words, name, all that is known)."""
    about = statement_browser.describe_filter(
        call.deps.reading, tenant_id=call.caller.tenant_id, wanted=wanted
    )
    result = []
    if about.agent is not None:
        name = ", ".join(about.agent.get("name", ()))
        result.append((gettext_noop("What is known of the agent"), name, _as_tree(about.agent)))
    if about.activity is not None:
        name = _first_text(about.activity.get("name")) or str(about.activity["id"])
        known = _as_tree(about.activity)
        result.append((gettext_noop("What is known of the activity"), name, known))
    return result


def _given_filters() -> dict[str, str]:
    given = {name: request.args.get(name, "").strip() for name in _FILTER_FIELDS}
    return {name: value for name, value in given.items() if value}


@routes.route("GET", "/statements.ndjson", scope="statements/read")
def download_ndjson(call: StoreCall) -> Response:
    """All statements that the filter lets through, one a line."""
    lines = (payload + b"\n" for payload in _iter_filtered(call))
    return _download(lines, "application/x-ndjson", "statements.ndjson")


@routes.route("GET", "/statements.csv", scope="statements/read")
def download_csv(call: StoreCall) -> Response:
    """The same as a table, of what most statements have."""
    rows = _csv_lines(_iter_filtered(call))
    return _download(rows, "text/csv; charset=utf-8", "statements.csv")


def _iter_filtered(call: StoreCall) -> Iterator[bytes]:
    """The first page is read before the answer begins, so that a wrong filter is refused."""
    wanted = {name: value for name, value in _given_filters().items() if name != "statement"}
    found = statement_browser.iter_filtered(
        call.deps.reading, tenant_id=call.caller.tenant_id, wanted=wanted
    )
    first = next(found, None)
    return chain(() if first is None else (first,), found)


def _download(pieces: Iterable[bytes], content_type: str, name: str) -> Response:
    response = Response(pieces, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_lines(payloads: Iterable[bytes]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line)
    for row in chain((_CSV_COLUMNS,), map(_csv_row, payloads)):
        writer.writerow(row)
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _csv_row(payload: bytes) -> list[Any]:
    s = json_codec.decode(payload)
    obj, result = s["object"], s.get("result", {})
    score = result.get("score", {})
    cells = (
        *(s["id"], s["stored"], s["timestamp"], identity_of(s["actor"]), s["verb"]["id"]),
        *(obj.get("id") or identity_of(obj), obj.get("objectType", "Activity")),
        *(result.get("success"), result.get("completion"), score.get("scaled"), score.get("raw")),
        *(result.get("duration"), s.get("context", {}).get("registration")),
    )
    return [escape_formula(cell) for cell in cells]


def _empty_context() -> dict[str, Any]:
    given = dict.fromkeys(_FILTER_FIELDS, "")
    return {"rows": [], "given": given, "more": "", "earlier": False, "about": []}


def _statement_line(
    payload: bytes, breaks: list[str], voided: bool, referring: Sequence[uuid.UUID]
) -> StatementLine:
    s = json_codec.decode(payload)
    result = s.get("result", {})
    outcome = []
    if "success" in result:
        outcome.append(_RIGHT if result["success"] else _WRONG)
    if "scaled" in result.get("score", {}):
        outcome.append(f"{result['score']['scaled']}")
    return StatementLine(
        id=s["id"],
        stored=s["stored"],
        actor=_actor_label(s["actor"]),
        verb=_first_text(s["verb"].get("display")) or _last_segment(s["verb"]["id"]),
        object=_object_label(s["object"]),
        outcome=outcome,
        voided=voided,
        violations=breaks,
        tolerated=tolerance.list_tolerated(payload),
        links=list(_links(s, referring)),
        value=_as_tree(s),
        json=msgspec.json.format(payload, indent=2).decode(),
    )


def _as_tree(value: Any) -> Any:
    """The same objects and lists with JSON texts as leaves: no type of ours holds every number."""
    if isinstance(value, dict):
        return {name: _as_tree(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_tree(part) for part in value]
    return json_codec.encode(value).decode("utf-8", "replace")


def _links(
    s: dict[str, Any], referring: Sequence[uuid.UUID]
) -> Iterator[tuple[str, dict[str, str]]]:
    """What a statement leads to: (words, the filter that shows it)."""
    yield gettext_noop("this statement alone"), {"statement": s["id"]}
    if identity_of(s["actor"]) is not None:
        agent = {name: s["actor"][name] for name in IFI_NAMES if name in s["actor"]}
        wanted = {"agent": msgspec.json.encode(agent).decode()}
        yield gettext_noop("this person or group"), wanted
    yield gettext_noop("this verb"), {"verb": s["verb"]["id"]}
    if s["object"].get("objectType", "Activity") == "Activity":
        yield gettext_noop("this activity"), {"activity": s["object"]["id"]}
    registration = s.get("context", {}).get("registration")
    if registration:
        yield gettext_noop("this registration"), {"registration": registration}
    if s["object"].get("objectType") == "StatementRef":
        target = {"statement": s["object"]["id"]}
        yield gettext_noop("the statement that it refers to"), target
    for one in referring:
        yield gettext_noop("a statement that refers to it"), {"statement": str(one)}


def _first_text(texts: dict[str, str] | None) -> str:
    return next(iter(texts.values()), "") if texts else ""


def _last_segment(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


def _actor_label(actor: dict[str, Any]) -> str | Message:
    if actor.get("name"):
        return str(actor["name"])
    for name in ("mbox", "openid", "mbox_sha1sum"):
        if name in actor:
            return str(actor[name]).removeprefix("mailto:")
    if "account" in actor:
        return str(actor["account"]["name"])
    return lazy_gettext("a group of %(members)s", members=len(actor.get("member", ())))


def _object_label(obj: dict[str, Any]) -> str | Message:
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        return _first_text(obj.get("definition", {}).get("name")) or str(obj["id"])
    if kind == "StatementRef":
        return lazy_gettext("statement %(id)s", id=obj["id"])
    return (
        gettext_noop("a statement in a statement") if kind == "SubStatement" else _actor_label(obj)
    )
