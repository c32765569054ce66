"""What a caller of ``/api/v1`` asks for: filters, who may see single people, pages."""

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

from core import clock
from core.clock import text_of
from core.errors import BadInput, Forbidden
from lrs.actions.scopes import satisfies
from lrs.metrics.definitions import DIMENSIONS, Scope
from lrs.store.credentials import Caller

FILTERS = (*DIMENSIONS, "since", "until", "people")
LONGEST_FILTER = 2_000
MOST_ROWS, ROWS = 1_000, 100
MOST_EPISODES = 20_000  # that one question is about: the people of a teacher's courses are fewer
LARGEST = 2**63 - 1  # number that the database can hold
_PLACE = re.compile(r"`?(\$[^`]*)`?")
Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Filters:
    """What is counted over, now. ``individual``: figures of fewer than five people are shown."""

    scope: Scope
    individual: bool


class OfEpisodes(msgspec.Struct, forbid_unknown_fields=True):
    """Whose figures are asked for: registrations of episodes."""

    episodes: Annotated[list[uuid.UUID], msgspec.Meta(max_length=MOST_EPISODES)]


def filters(caller: Caller) -> Filters:
    """The filters of this request, by the caller's tenant. A credential that may see single people does, unless it asks for ``people=groups``.

    A POST names the episodes it is about in its body. Forbidden where somebody who sees groups alone narrows them by time or by episode.
    """
    by = {name: request.args[name] for name in DIMENSIONS if request.args.get(name)}
    for name, value in by.items():
        if len(value) > LONGEST_FILTER or "\0" in value:
            raise BadInput(f"{name} is longer than {LONGEST_FILTER} characters, or holds NUL.", parameter=name)
    people = request.args.get("people", "")
    if people not in ("", "groups"):
        raise BadInput("people is groups (no figure of fewer than five people), or left away.", parameter="people")
    may = satisfies(caller.scopes, "metrics/individual") and people != "groups"
    since, until = _instant("since"), _instant("until")
    if (since is not None or until is not None) and not may:
        raise Forbidden(
            "since and until cut the people by the second, so two answers would tell of one person: they need a credential with the scope"
            " metrics/individual, without people=groups. Ask for a wave instead, or read /api/v1/weeks.",
            parameter="since" if since is not None else "until",
        )
    episodes = None
    if request.method == "POST":
        if not may:
            raise Forbidden("Figures of chosen episodes need a credential with the scope metrics/individual, without people=groups.")
        episodes = frozenset(body_as(OfEpisodes).episodes)
    if since is not None and until is not None and since >= until:
        raise BadInput("since must lie before until.", parameter="since")
    return Filters(Scope(caller.tenant_id, clock.now(), by, since, until, episodes_of=episodes), may)


def _instant(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return clock.parse(text)
    except (ValueError, OverflowError):
        raise BadInput(f"{name} must be a time with an offset, for example 2026-01-31T00:00:00Z.", parameter=name) from None


def allow(*names: str) -> None:
    """BadInput for a parameter that means nothing here, or stands twice."""
    for name in request.args:
        if name not in names:
            raise BadInput(f"{name} is no parameter here; allowed: {', '.join(names) or 'none'}.", parameter=name)
        if name != "key" and len(request.args.getlist(name)) > 1:
            raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)


def rows() -> int:
    """How many rows a page may have: ``limit``."""
    text = request.args.get("limit", str(ROWS))
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= MOST_ROWS:
        raise BadInput(f"limit must be a whole number from 1 to {MOST_ROWS}.", parameter="limit")
    return int(text)


def answer(body: Any, *changing: str) -> AnyResponse:
    """JSON with an ETag of all that is not ``changing`` (moments of computing); 304 where the caller has it already."""
    text = current_app.json.dumps(body)
    tag = hashlib.sha256(current_app.json.dumps(_without(body, frozenset(changing))).encode()).hexdigest()[:32]
    response = Response(text, content_type="application/json")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def body_as(shape: type[Shape]) -> Shape:
    """The body of this request in a shape; BadInput says what is wrong, and where."""
    try:
        return msgspec.json.decode(request.get_data(), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        found = _PLACE.search(str(error))
        raise BadInput(f"The body is not what is expected here: {error}", **({"path": found.group(1)} if found else {})) from None


def held(number: int) -> int:
    """A number that the database can hold; a larger one names nothing."""
    return min(number, LARGEST)


def programme() -> str:
    """The programme of this request."""
    named = request.args.get("programme", "")
    if not named or "\0" in named or len(named) > LONGEST_FILTER:
        raise BadInput("Name the programme by its IRI: ?programme=…", parameter="programme")
    return named


def number(name: str) -> int:
    """Where a page goes on."""
    text = request.args.get(name) or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadInput(f"{name} is the number that the page before ended with.", parameter=name)
    return min(int(text), LARGEST)


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Instants and days as texts."""
    return {
        name: text_of(value) if hasattr(value, "tzinfo") else value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }


def history() -> bool:
    """Whether what holds no longer is asked for, too: ``history=all``."""
    if request.args.get("history", "") not in ("", "all"):
        raise BadInput("history is all, or left away.", parameter="history")
    return request.args.get("history") == "all"
