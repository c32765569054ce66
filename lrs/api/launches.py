"""``/api/v1/launch-tokens``: what an LMS asks for before it opens a course in a browser."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from core.api_routes import Call
from core.clock import format_instant
from core.openapi import object_schema
from lrs.actions import launch_tokens
from lrs.actions.deps import StoreDeps
from lrs.api.authentication import StoreRoutes
from lrs.store.credentials import Caller

DEFAULT_SECONDS = 12 * 3_600  # a working day with a course open
routes = StoreRoutes(reads_query=False)


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A launch: who, of what, and for how long (seconds)."""

    actor: dict[str, Any]
    activity: str
    registration: str | None = None
    seconds: int = DEFAULT_SECONDS
    reading: Literal["strict", "tolerant"] | None = None  # None: as who asks for it


@routes.route(
    "POST",
    "/launch-tokens",
    scope="launch-tokens",
    body=Wanted,
    answer=object_schema(key=str, secret=str, registration=str, ends_at=str),
    status=201,
    summary="Make a token for one launch; its secret is told once",
)
def post_launch_token(call: Call[StoreDeps, Caller, Wanted]) -> dict[str, Any]:
    """Create a token that writes and reads the statements, state and profile of one actor, one
    activity (and what lies below its id) and one registration.

    ``{"actor": {"mbox": "mailto:somebody@example.org"}, "activity": "https://example.org/course"}``
    → key, secret, registration and end.
    """
    wanted = call.body
    token = launch_tokens.create_launch_token(
        call.deps,
        caller=call.caller,
        agent=wanted.actor,
        activity=wanted.activity,
        registration=wanted.registration,
        seconds=wanted.seconds,
        tolerant=call.caller.tolerant if wanted.reading is None else wanted.reading == "tolerant",
    )
    return {
        "key": token.key,
        "secret": token.secret,
        "registration": token.registration,
        "ends_at": format_instant(token.ends_at),
    }
