"""What the routes of analytics share: their parameters, access to individual-level figures, and
answers that carry an ETag.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from flask import Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from analytics.definitions import DIMENSIONS, Scope
from analytics.deps import AnalyticsDeps
from core import clock
from core.api_routes import MAX_BIGINT, Call, Parameter, Routes
from core.clock import format_instant
from core.errors import BadInput, Forbidden
from core.openapi import NON_NEGATIVE
from lrs.feed import Caller, scope_satisfied

MAX_FILTER_LENGTH = 2_000
MAX_PAGE_ROWS, DEFAULT_PAGE_ROWS = 1_000, 100
MAX_EPISODES = 20_000  # that one request may select; a teacher's courses have fewer participants

Body = TypeVar("Body")
AnalyticsRoutes = Routes[AnalyticsDeps, Caller]
AnalyticsCall = Call[AnalyticsDeps, Caller, Body]
# Who reads figures of groups, who those of single people, who writes, and who says who is one
# person.
READ, INDIVIDUAL, WRITE, MERGE = "metrics/read", "metrics/individual", "metrics/write", "merges"


@dataclass(frozen=True)
class Filters:
    """What the figures cover. ``individual``: as of now, and of single people; otherwise as they
    are published.
    """

    scope: Scope
    individual: bool


class OfEpisodes(msgspec.Struct, forbid_unknown_fields=True):
    """Whose figures are asked for: registrations of episodes."""

    episodes: Annotated[list[uuid.UUID], msgspec.Meta(max_length=MAX_EPISODES)]


def _text_filter(name: str) -> Parameter[str]:
    def parse(text: str) -> str:
        if len(text) > MAX_FILTER_LENGTH or "\0" in text:
            raise BadInput(
                f"{name} is longer than {MAX_FILTER_LENGTH} characters, or holds NUL.",
                parameter=name,
            )
        return text

    return Parameter(name, _TEXT_SCHEMA, parse)


def _instant(name: str) -> Parameter[datetime | None]:
    def parse(text: str) -> datetime | None:
        try:
            return clock.parse_instant(text) if text else None
        except (ValueError, OverflowError):
            raise BadInput(
                f"{name} must be a time with an offset, for example 2026-01-31T00:00:00Z.",
                parameter=name,
            ) from None

    return Parameter(name, {"type": "string", "format": "date-time"}, parse)


def _switch(name: str, value: str, message: str) -> Parameter[bool]:
    """A parameter that has this value, or is left away."""

    def parse(text: str) -> bool:
        if text not in ("", value):
            raise BadInput(message, parameter=name)
        return text == value

    return Parameter(name, {"type": "string", "enum": [value]}, parse)


def _parse_programme(text: str) -> str:
    if not text or "\0" in text or len(text) > MAX_FILTER_LENGTH:
        raise BadInput("Name the programme by its IRI: ?programme=…", parameter="programme")
    return text


def _parse_limit(text: str) -> int:
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


def parse_cursor(text: str) -> int:
    """The number that a page ended with; 0 where the address has none."""
    if text and (not text.isascii() or not text.isdigit() or len(text) > 19):
        raise BadInput("after is the number that the page before ended with.", parameter="after")
    return min(int(text or 0), MAX_BIGINT)


def parse_learner(text: str) -> int:
    """A key of an agent: any number of 64 bits."""
    try:
        key = int(text) if text else -MAX_BIGINT - 1
    except ValueError:
        key = MAX_BIGINT + 1
    if not -MAX_BIGINT - 1 <= key <= MAX_BIGINT or len(text) > 20:
        raise BadInput("after is the number that the page before ended with.", parameter="after")
    return key


def _parse_registration(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise BadInput(
            "after is the registration that the page before ended with.", parameter="after"
        ) from None


_TEXT_SCHEMA = {"type": "string", "maxLength": MAX_FILTER_LENGTH}
_DIMENSION_FILTERS = tuple(_text_filter(name) for name in DIMENSIONS)
_SINCE, _UNTIL = _instant("since"), _instant("until")
GROUPS_ONLY = _switch(
    "people", "groups", "people is groups (what is published of groups), or left away."
)
_MONTH_PATTERN = r"\d{4}-(0[1-9]|1[0-2])"


def _parse_month(text: str) -> str:
    if text and not re.fullmatch(_MONTH_PATTERN, text, re.ASCII):
        raise BadInput("month is a month of certification, for example 2026-03.", parameter="month")
    return text


_MONTH = Parameter("month", {"type": "string", "pattern": _MONTH_PATTERN}, _parse_month)
FILTERS: tuple[Parameter[Any], ...] = (*_DIMENSION_FILTERS, _SINCE, _UNTIL, _MONTH, GROUPS_ONLY)
KEYS = Parameter[list[str]](
    "key", {"type": "array", "items": {"type": "string"}}, list, repeated=True
)
PROGRAMME = Parameter("programme", _TEXT_SCHEMA, _parse_programme, required=True)
ONE_PROGRAMME, KPI = (
    Parameter[str | None](name, _TEXT_SCHEMA, lambda text: text or None)
    for name in ("programme", "kpi")
)
TEAM = Parameter("team", _TEXT_SCHEMA, str)
HISTORY = _switch("history", "all", "history is all, or left away.")
LIMIT = Parameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS},
    _parse_limit,
    missing=str(DEFAULT_PAGE_ROWS),
)
AFTER = Parameter("after", NON_NEGATIVE, parse_cursor)
AFTER_REGISTRATION = Parameter("after", {"type": "string", "format": "uuid"}, _parse_registration)
AFTER_LEARNER = Parameter("after", {"type": "integer"}, parse_learner)
REASON = _text_filter("reason")
PAGING: tuple[Parameter[Any], ...] = (AFTER, LIMIT)


def request_filters(call: AnalyticsCall[OfEpisodes | None]) -> Filters:
    """Return the filters of this request, for the caller's tenant. A credential with access to
    individual-level figures reads live ones, unless the request has ``people=groups``; all others
    read what is published.

    A body selects its episodes. Forbidden where a caller restricted to groups asks for what is not
    published: another period, two filters at once, or chosen episodes.
    """
    by = {item.name: call[item] for item in _DIMENSION_FILTERS if call[item]}
    may = reads_live(call)
    since, until = call[_SINCE], call[_UNTIL]
    if may and call[_MONTH]:
        raise BadInput(
            "month is of published values: add people=groups, or ask by since and until.",
            parameter="month",
        )
    if not may:
        by = _published_filters(by, call[_MONTH])
        for parameter, value in (("since", since), ("until", until)):
            if value is not None:
                raise Forbidden(_NOT_PUBLISHED.format(parameter), parameter=parameter)
        if call.body is not None:
            raise Forbidden(_NOT_PUBLISHED.format("A body with episodes"))
    if since is not None and until is not None and since >= until:
        raise BadInput("since must lie before until.", parameter="since")
    episodes = frozenset(call.body.episodes) if call.body is not None else None
    scope = Scope(call.caller.tenant_id, clock.now(), by, since, until, episodes_of=episodes)
    return Filters(scope, may)


_NOT_PUBLISHED = (
    "{} asks for what is not published, since two answers would tell of a few people: it needs a "
    "credential with the scope metrics/individual, without people=groups. Published are the whole "
    "programme, each wave, each value of the dimension that the programme declares, and each month "
    "of certification."
)
_PUBLISHED_FILTERS = ("wave", "team", "site", "role", "month")


def _published_filters(by: dict[str, str], month: str) -> dict[str, str]:
    """The filters of published values: the programme, and one more at most."""
    if month:
        by = {**by, "month": month}
    narrowed = [name for name in by if name != "programme"]
    for name in narrowed:
        if name not in _PUBLISHED_FILTERS:
            raise Forbidden(_NOT_PUBLISHED.format(name), parameter=name)
    if len(narrowed) > 1:
        both = " with ".join(narrowed)
        raise Forbidden(_NOT_PUBLISHED.format(both), parameter=narrowed[1])
    if narrowed and "programme" not in by:
        raise BadInput(
            f"{narrowed[0]} is published within a programme: name it by ?programme=….",
            parameter="programme",
        )
    return by


def may_see_individuals(caller: Caller) -> bool:
    """Whether figures of fewer than five people, and rows of single ones, are the caller's."""
    return scope_satisfied(caller.scopes, INDIVIDUAL)


def reads_live(call: AnalyticsCall[Any]) -> bool:
    """Whether a request is for figures as of now; otherwise it is for what is published. Its route
    takes the parameter ``people``."""
    return may_see_individuals(call.caller) and not call[GROUPS_ONLY]


def page_response(
    call: AnalyticsCall[Any], name: str, rows: Sequence[dict[str, Any]], cursor: str, **more: Any
) -> AnyResponse:
    """A page of rows with the value of ``after`` for the following page: that of the column
    ``cursor`` in the last row, or null where this is the last page.
    """
    following = rows[-1][cursor] if len(rows) == call[LIMIT] else None
    return json_with_etag({**more, name: rows, "next": following})


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


def json_row(item: Any) -> dict[str, Any]:
    """Return a dataclass of a row with timestamps and dates as ISO strings."""
    return {
        name: format_instant(value)
        if hasattr(value, "tzinfo")
        else value.isoformat()
        if hasattr(value, "isoformat")
        else value
        for name, value in asdict(item).items()
    }
