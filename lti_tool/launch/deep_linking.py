"""The response to a deep-linking request (Deep Linking 2.0, section 4.5): built, signed and
validated.
"""

from __future__ import annotations

import json
import secrets as random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapters.lms import dialect_for
from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from adapters.lms.models import ContentItem
from core.errors import BadInput, NotFound
from lti_tool.base import platforms_store, signing_keys
from lti_tool.base.deps import ToolDeps
from lti_tool.base.platforms_store import Platform
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import grade_columns
from lti_tool.launch import platform_registration
from lti_tool.people import courses_store
from lti_tool.people.courses_store import Course
from lti_tool.programmes import activity_pages, episodes_store, programmes
from lti_tool.programmes.activity_pages import ActivityChoice
from lti_tool.programmes.programmes import Programme

RESPONSE_LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class ContentPicker:
    """What a teacher selects from: programmes (key → title), the choices of the selected
    programme, and what the LMS allows (multiple items, line items).
    """

    programmes: dict[str, str]
    programme: Programme | None
    choices: list[ActivityChoice]
    accepts_multiple: bool
    columns: bool


def load_picker(deps: ToolDeps, *, session: LaunchSession, programme: str) -> ContentPicker:
    """Return the content choices for this launch; raise NotFound for another tenant's
    programme.
    """
    settings = _deep_linking_settings(session)
    with deps.unit_of_work(session.tenant_id) as connection:
        newest = episodes_store.newest_programme_versions(connection, session.tenant_id)
        loaded = {
            key: programmes.load_programme(connection, session.tenant_id, key, version)
            for key, version in newest.items()
        }
    wanted = programme or session.programme
    if wanted and wanted not in loaded:
        raise NotFound("There is no such programme here.")
    chosen = loaded.get(wanted)
    return ContentPicker(
        {key: item.title for key, item in loaded.items()},
        chosen,
        activity_pages.list_activity_choices(chosen) if chosen else [],
        bool(settings["several"]),
        bool(settings["takes_line_items"]),
    )


def build_deep_linking_response(
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
    settings = _deep_linking_settings(session)
    view = load_picker(deps, session=session, programme=programme)
    if len(set(pages)) > 1 and not view.accepts_multiple:
        raise BadInput(
            "This place of the course takes one thing at a time: choose one.", field="page"
        )
    result = []
    if pages:
        if view.programme is None:
            raise BadInput(
                "No programme is set up yet, so there is nothing to choose. Ask your training "
                "manager to set one up."
            )
        result = activity_pages.build_content_items(
            view.programme, pages, columns and view.columns, opens_at, closes_at
        )
    with deps.unit_of_work(session.tenant_id) as connection:
        platform = platforms_store.get_platform(
            connection, session.tenant_id, session.require_platform()
        )
        course = courses_store.get_course(connection, session.tenant_id, session.require_course())
    result = _without_second_columns(deps, platform, course, result)
    lms, facts, now = (
        dialect_for(platform.family),
        platform_registration.tool_facts(deps.settings.base_url),
        int(time.time()),
    )
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": now,
        "exp": now + RESPONSE_LIFETIME_SECONDS,
        "nonce": random.token_urlsafe(24),
        f"{CLAIM_PREFIX}deployment_id": session.deployment_id,
        f"{CLAIM_PREFIX}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM_PREFIX}version": "1.3.0",
        f"{DEEP_LINKING_PREFIX}content_items": [lms.content_item(item, facts) for item in result],
    }
    if settings.get("data_json") is not None:
        claims[f"{DEEP_LINKING_PREFIX}data"] = json.loads(settings["data_json"])
    return str(settings["return_url"]), signing_keys.sign_jwt(deps.engine, deps.secrets, claims)


def _without_second_columns(
    deps: ToolDeps, platform: Platform, course: Course, items: Sequence[ContentItem]
) -> list[ContentItem]:
    """The items without columns that the course has already: an item without ``lineItem`` gets none
    (Deep Linking 2.0, 3.1.2), and its grades go to the column that is there."""
    asked = [item.line_item.resource_id for item in items if item.line_item is not None]
    there = (
        grade_columns.find_checks_with_column(deps, platform, course.line_items_url, asked)
        if asked and course.line_items_url
        else frozenset()
    )
    return [
        replace(item, line_item=None)
        if item.line_item is not None and item.line_item.resource_id in there
        else item
        for item in items
    ]


def _deep_linking_settings(session: LaunchSession) -> dict[str, Any]:
    if session.deep_linking is None:
        raise NotFound(
            "Content is chosen from inside the course: edit the course there and add this tool."
        )
    return session.deep_linking
