"""The response to a deep-linking request (Deep Linking 2.0, section 4.5): built, signed and
validated.
"""

from __future__ import annotations

import json
import secrets as random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.lms import dialect
from adapters.lms.claims import CLAIM, DEEP_LINKING_CLAIM
from core.errors import BadInput, NotFound
from lti_tool.actions import choices, programmes, registering
from lti_tool.actions.choices import Choice
from lti_tool.actions.programmes import Programme
from lti_tool.lti import keys
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import learning, platforms
from lti_tool.store.people import LaunchSession

ANSWER_SECONDS = 300


@dataclass(frozen=True)
class Picker:
    """What a teacher selects from: programmes (key → title), the choices of the selected
    programme, and what the LMS allows (multiple items, line items).
    """

    programmes: dict[str, str]
    programme: Programme | None
    choices: list[Choice]
    several: bool
    columns: bool


def picker(deps: ToolDeps, *, session: LaunchSession, programme: str) -> Picker:
    """Return the content choices for this launch; raise NotFound for another tenant's
    programme.
    """
    settings = _settings(session)
    with deps.unit_of_work(session.tenant_id) as connection:
        newest = learning.newest_programmes(connection, session.tenant_id)
        loaded = {key: programmes.load(connection, session.tenant_id, key, version) for key, version in newest.items()}
    wanted = programme or session.programme
    if wanted and wanted not in loaded:
        raise NotFound("There is no such programme here.")
    chosen = loaded.get(wanted)
    return Picker(
        {key: one.title for key, one in loaded.items()},
        chosen,
        choices.choices(chosen) if chosen else [],
        bool(settings["several"]),
        bool(settings["takes_line_items"]),
    )


def answer(
    deps: ToolDeps,
    *,
    session: LaunchSession,
    programme: str,
    pages: list[str],
    columns: bool,
    opens_at: datetime | None,
    closes_at: datetime | None,
) -> tuple[str, str]:
    """Return (return URL, signed response JWT). Empty ``pages`` means that the teacher selected
    nothing.
    """
    settings = _settings(session)
    view = picker(deps, session=session, programme=programme)
    if len(set(pages)) > 1 and not view.several:
        raise BadInput("This place of the course takes one thing at a time: choose one.", field="page")
    found = []
    if pages:
        if view.programme is None:
            raise BadInput("No programme is set up yet, so there is nothing to choose. Ask your training manager to set one up.")
        found = choices.content_items(view.programme, pages, columns and view.columns, opens_at, closes_at)
    with deps.unit_of_work(session.tenant_id) as connection:
        platform = platforms.by_id(connection, session.tenant_id, session.platform())
    lms, facts, now = dialect(platform.family), registering.facts(deps.settings.base_url), int(time.time())
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": now,
        "exp": now + ANSWER_SECONDS,
        "nonce": random.token_urlsafe(24),
        f"{CLAIM}deployment_id": session.deployment_id,
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{DEEP_LINKING_CLAIM}content_items": [lms.content_item(item, facts) for item in found],
    }
    if settings.get("data_json") is not None:
        claims[f"{DEEP_LINKING_CLAIM}data"] = json.loads(settings["data_json"])
    return str(settings["return_url"]), keys.sign(deps.engine, deps.secrets, claims)


def _settings(session: LaunchSession) -> dict[str, Any]:
    if session.deep_linking is None:
        raise NotFound("Content is chosen from inside the course: edit the course there and add this tool.")
    return session.deep_linking
