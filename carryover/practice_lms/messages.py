"""The claims of the three messages that this platform sends (LTI 1.3 core; deep linking 2.0;
submission review 1.0).
"""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from carryover.practice_lms import activities, gradebook, launches
from carryover.practice_lms.activities import Activity
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.launches import Launch
from carryover.practice_lms.people import BY_SUBJECT, COURSE_ID, Person
from carryover.practice_lms.sessions import Session
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import (
    CLAIM,
    DEEP_LINKING_CLAIM,
    DEEP_LINKING_REQUEST,
    GRADE_SCOPES,
    GRADES_CLAIM,
    GROUPS_CLAIM,
    GROUPS_SCOPE,
    MEMBERS_CLAIM,
    MEMBERS_SCOPE,
    RESOURCE_LINK_REQUEST,
    REVIEW_REQUEST,
    VERSION,
)

PRODUCT_VERSION = "1"
# Begins the stored secret of a request that carries no ``data``: nobody can send it back.
UNSENT = "unsent "
SUPPORTED_VARIABLES = (
    "Context.id",
    "Context.id.history",
    "ResourceLink.id",
    "User.id",
    "Person.sourcedId",
)


def id_token_claims(
    deps: PracticeDeps, session: Session, tool: Tool, launch: Launch, nonce: str
) -> dict[str, Any]:
    """Return all claims of an id_token."""
    activity = activities.find_activity(deps.ledger, launch.activity_id)
    now, person, dialect = int(time.time()), session.person, deps.dialect
    claims = {
        "nonce": nonce,
        "iat": now,
        "exp": now + dialect.id_token_seconds,
        "iss": deps.lms_url,
        "aud": tool.client_id,
        "sub": deps.subject_of(person),
        **person.named_as(dialect.shared_claims.intersection(tool.claims)),
        f"{CLAIM}version": VERSION,
        f"{CLAIM}deployment_id": tool.deployment_id,
        f"{CLAIM}target_link_uri": launches.launch_target_uri(tool, launch.message, activity),
        f"{CLAIM}roles": list(dialect.launch_roles[person.part]),
        f"{CLAIM}context": dict(dialect.context),
    }
    own = {"lis": dialect.lis(person), "tool_platform": dialect.tool_platform()}
    claims |= {f"{CLAIM}{name}": value for name, value in own.items() if value}
    custom = {**tool.custom, **(activity.custom if activity else {})}
    if custom:
        claims[f"{CLAIM}custom"] = substitute_variables(custom, deps, person, activity)
    if launch.message == launches.DEEP_LINK_LAUNCH:
        return claims | _grade_claims(deps, tool, None) | _deep_linking_claims(deps, session, tool)
    assert activity is not None
    return (
        claims
        | _grade_claims(deps, tool, activity)
        | _membership_claims(deps, tool)
        | _group_claims(deps, tool)
        | _resource_link_claims(deps, tool, activity, launch)
    )


def substitute_variables(
    custom: dict[str, str], deps: PracticeDeps, person: Person, activity: Activity | None
) -> dict[str, Any]:
    """Return custom parameters with the supported variables substituted; as in Moodle,
    unknown ones stay literal.
    """
    known: dict[str, Any] = {
        **deps.dialect.variables(person),
        "$Context.id": str(deps.dialect.context["id"]),
        "$Context.id.history": "",
        "$User.id": deps.subject_of(person),
        "$Person.sourcedId": person.sourced_id,
    }
    if activity:
        known["$ResourceLink.id"] = activity.link_id
    return {name: known.get(value, value) for name, value in custom.items()}


def _grade_claims(deps: PracticeDeps, tool: Tool, activity: Activity | None) -> dict[str, Any]:
    scopes = [scope for scope in GRADE_SCOPES if scope in tool.scopes]
    if not scopes:
        return {}
    endpoint: dict[str, Any] = {"scope": scopes, "lineitems": line_items_url(deps, tool)}
    item = (
        gradebook.coupled_line_item(deps.ledger, tool.client_id, activity.link_id)
        if activity
        else None
    )
    if item:
        endpoint["lineitem"] = line_item_url(deps, tool, item.id)
    return {GRADES_CLAIM: endpoint}


def line_items_url(deps: PracticeDeps, tool: Tool) -> str:
    """Return the URL of a tool's line items. As in Moodle it has a query string, before
    which ``/scores`` must be inserted.
    """
    return deps.at(f"lineitems?type_id={tool.id}")


def line_item_url(deps: PracticeDeps, tool: Tool, id_: int, below: str = "") -> str:
    """Return the URL of a line item, or of a resource below it."""
    return deps.at(f"lineitems/{id_}/lineitem{below}?type_id={tool.id}")


def _membership_claims(deps: PracticeDeps, tool: Tool) -> dict[str, Any]:
    if MEMBERS_SCOPE not in tool.scopes:
        return {}
    return {
        MEMBERS_CLAIM: {
            "context_memberships_url": deps.at("memberships"),
            "service_versions": ["1.0", "2.0"],
        }
    }


def _group_claims(deps: PracticeDeps, tool: Tool) -> dict[str, Any]:
    """The groups of the course, for whom the roster is open (Sakai: SakaiLTIUtil postLaunchJWT)."""
    groups = deps.dialect.groups
    if groups is None or MEMBERS_SCOPE not in tool.scopes:
        return {}
    sets = {"context_group_sets_url": deps.at(groups.sets_path)} if groups.sets_path else {}
    return {
        GROUPS_CLAIM: {
            "scope": [GROUPS_SCOPE],
            "context_groups_url": deps.at(groups.path),
            **sets,
            "service_versions": ["1.0"],
        }
    }


def _resource_link_claims(
    deps: PracticeDeps, tool: Tool, activity: Activity, launch: Launch
) -> dict[str, Any]:
    link = {"id": activity.link_id, "title": activity.title}
    claims: dict[str, Any] = {
        f"{CLAIM}message_type": RESOURCE_LINK_REQUEST,
        f"{CLAIM}resource_link": {**link, "description": activity.text} if activity.text else link,
        f"{CLAIM}launch_presentation": {
            "locale": deps.language,
            "document_target": "iframe",
            "return_url": deps.at(""),
        },
    }
    if launch.message == launches.REVIEW_LAUNCH:
        learner = BY_SUBJECT[launch.for_user]
        claims[f"{CLAIM}message_type"] = REVIEW_REQUEST
        claims[f"{CLAIM}for_user"] = {
            "user_id": deps.subject_of(learner),
            **learner.named_as(deps.dialect.shared_claims.intersection(tool.claims)),
            "roles": list(deps.dialect.launch_roles[learner.part]),
        }
    return claims


def _deep_linking_claims(deps: PracticeDeps, session: Session, tool: Tool) -> dict[str, Any]:
    dialect = deps.dialect
    # Characters that do not survive careless copying: the tool must return them byte for byte.
    data = f'{secrets.token_urlsafe(12)} "é" +%2B&amp;'
    if not dialect.sends_data:
        data = f"{UNSENT}{data}"
    with deps.ledger.open() as db:
        db.execute(
            "INSERT INTO deep_linking VALUES (?, ?, ?, ?)",
            (data, session.id, tool.client_id, time.time()),
        )
    query = urlencode({"course": COURSE_ID, "id": tool.id, "sesskey": session.sesskey})
    return {
        f"{CLAIM}message_type": DEEP_LINKING_REQUEST,
        f"{CLAIM}launch_presentation": {"locale": deps.language},
        f"{DEEP_LINKING_CLAIM}deep_linking_settings": {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_copy_advice": False,
            "accept_multiple": dialect.accepts_multiple,
            "accept_unsigned": False,
            "auto_create": False,
            "can_confirm": False,
            "deep_link_return_url": deps.at("deep-link/return")
            + (f"?{query}" if dialect.return_has_query else ""),
            **({"data": data} if dialect.sends_data else {}),
            "title": tool.name,
            "text": "",
        },
    }
