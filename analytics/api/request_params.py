"""Request parameters of ``/api/v1``: filters, access to individual-level figures, paging."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from flask import Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from analytics.definitions import DIMENSIONS, Scope
from core import clock
from core.clock import format_instant
from core.errors import BadInput, Forbidden
from lrs.feed import Caller, scope_satisfied

FILTERS = (*DIMENSIONS, "since", "until", "people")
MAX_FILTER_LENGTH = 2_000
MAX_PAGE_ROWS, DEFAULT_PAGE_ROWS = 1_000, 100
MAX_EPISODES = 20_000  # that one request may select; a teacher's courses have fewer participants
MAX_BIGINT = 2**63 - 1  # largest value of a database bigint
_JSON_PATH = re.compile(r"`?(\$[^`]*)`?")
BodyType = TypeVar("BodyType")


@dataclass(frozen=True)
class Filters:
    """What the figures cover, as of now. ``individual``: figures of fewer than five people
    are shown.
    """

    scope: Scope
    individual: bool


class OfEpisodes(msgspec.Struct, forbid_unknown_fields=True):
    """Whose figures are asked for: registrations of episodes."""

    episodes: Annotated[list[uuid.UUID], msgspec.Meta(max_length=MAX_EPISODES)]


def request_filters(caller: Caller) -> Filters:
    """Return the filters of this request, for the caller's tenant. A credential with access to
    individual-level figures uses it, unless the request has ``people=groups``.

    A POST selects its episodes in the body. Forbidden where a caller restricted to groups
    narrows them by time or by episode.
    """
    by = {name: request.args[name] for name in DIMENSIONS if request.args.get(name)}
    for name, value in by.items():
        if len(value) > MAX_FILTER_LENGTH or "\0" in value:
            raise BadInput(
                f"{name} is longer than {MAX_FILTER_LENGTH} characters, or holds NUL.",
                parameter=name,
            )
    people = request.args.get("people", "")
    if people not in ("", "groups"):
        raise BadInput(
            "people is groups (no figure of fewer than five people), or left away.",
            parameter="people",
        )
    may = scope_satisfied(caller.scopes, "metrics/individual") and people != "groups"
    since, until = _instant_parameter("since"), _instant_parameter("until")
    if (since is not None or until is not None) and not may:
        raise Forbidden(
            "since and until cut the people by the second, so two answers would tell of one "
            "person: they need a credential with the scope"
            " metrics/individual, without people=groups. Ask for a wave instead, or read "
            "/api/v1/weeks.",
            parameter="since" if since is not None else "until",
        )
    episodes = None
    if request.method == "POST":
        if not may:
            raise Forbidden(
                "Figures of chosen episodes need a credential with the scope metrics/individual, "
                "without people=groups."
            )
        episodes = frozenset(decode_body(OfEpisodes).episodes)
    if since is not None and until is not None and since >= until:
        raise BadInput("since must lie before until.", parameter="since")
    return Filters(
        Scope(caller.tenant_id, clock.now(), by, since, until, episodes_of=episodes), may
    )


def _instant_parameter(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return clock.parse_instant(text)
    except (ValueError, OverflowError):
        raise BadInput(
            f"{name} must be a time with an offset, for example 2026-01-31T00:00:00Z.",
            parameter=name,
        ) from None


def allow_parameters(*names: str) -> None:
    """Raise BadInput for a parameter that is unknown here, or occurs twice."""
    for name in request.args:
        if name not in names:
            raise BadInput(
                f"{name} is no parameter here; allowed: {', '.join(names) or 'none'}.",
                parameter=name,
            )
        if name != "key" and len(request.args.getlist(name)) > 1:
            raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)


def page_limit() -> int:
    """Return the maximum number of rows of a page: ``limit``."""
    text = request.args.get("limit", str(DEFAULT_PAGE_ROWS))
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > 6
        or not 1 <= int(text) <= MAX_PAGE_ROWS
    ):
        raise BadInput(
            f"limit must be a whole number from 1 to {MAX_PAGE_ROWS}.", parameter="limit"
        )
    return int(text)


def json_with_etag(body: Any, *changing: str) -> AnyResponse:
    """Return JSON with an ETag over everything except the keys ``changing`` (times of
    computation); 304 where the caller already has it.
    """
    text = current_app.json.dumps(body)
    tag = hashlib.sha256(
        current_app.json.dumps(_drop_keys(body, frozenset(changing))).encode()
    ).hexdigest()[:32]
    response = Response(text, content_type="application/json")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def _drop_keys(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _drop_keys(inner, names) for key, inner in value.items() if key not in names}
    return [_drop_keys(inner, names) for inner in value] if isinstance(value, list) else value


def decode_body(shape: type[BodyType]) -> BodyType:
    """Decode the body of this request; BadInput says what is wrong, and where."""
    try:
        return msgspec.json.decode(request.get_data(), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        result = _JSON_PATH.search(str(error))
        raise BadInput(
            f"The body is not what is expected here: {error}",
            **({"path": result.group(1)} if result else {}),
        ) from None


def clamp_bigint(number: int) -> int:
    """Clamp a number to what the database can hold; a larger id matches nothing anyway."""
    return min(number, MAX_BIGINT)


def require_programme() -> str:
    """Return the programme named in this request."""
    named = request.args.get("programme", "")
    if not named or "\0" in named or len(named) > MAX_FILTER_LENGTH:
        raise BadInput("Name the programme by its IRI: ?programme=…", parameter="programme")
    return named


def page_cursor(name: str) -> int:
    """Return the cursor at which the page continues."""
    text = request.args.get(name) or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadInput(f"{name} is the number that the page before ended with.", parameter=name)
    return min(int(text), MAX_BIGINT)


def json_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with timestamps and dates as ISO strings."""
    return {
        name: format_instant(value)
        if hasattr(value, "tzinfo")
        else value.isoformat()
        if hasattr(value, "isoformat")
        else value
        for name, value in row.items()
    }


def wants_history() -> bool:
    """Whether superseded entries are requested as well: ``history=all``."""
    if request.args.get("history", "") not in ("", "all"):
        raise BadInput("history is all, or left away.", parameter="history")
    return request.args.get("history") == "all"
