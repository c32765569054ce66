"""Tokens for one launch: a course in a browser writes and reads what belongs to one person, one
activity and one registration, and nothing of anybody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from core.errors import BadInput, Forbidden
from lrs.actions.deps import StoreDeps
from lrs.store import audit, credentials
from lrs.store.credentials import Caller, Launch
from lrs.vocabulary import VERBS, VerbName
from lrs.xapi import datatypes, json_codec
from lrs.xapi.actors import identity_of
from lrs.xapi.documents import STATE, DocumentKey
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.index_keys import iter_context_activities
from lrs.xapi.persons import require_person, require_storable
from lrs.xapi.statement_query import StatementQuery

MIN_SECONDS, MAX_SECONDS = 60, 7 * 86_400
# What a course needs (cmi5 10; xAPI-Communication 4.2); each only of its own launch.
_SCOPES = (
    "statements/write",
    "statements/read/mine",
    "state",
    "activities_profile/read",
    "agents_profile",
)
_KEPT_DAYS = 30  # after the end, for whoever asks what a key was
# Content names its parts below its own id.
_SEPARATORS = ("/", "#", "?")


@dataclass(frozen=True)
class LaunchToken:
    """A token; its secret is shown once."""

    key: str
    secret: str
    registration: str
    ends_at: datetime


def create_launch_token(
    deps: StoreDeps,
    *,
    caller: Caller,
    agent: dict[str, Any],
    activity: str,
    registration: str | None,
    seconds: int,
    tolerant: bool,
) -> LaunchToken:
    """Create a token for a launch; without ``registration`` a new one is made. Its statements carry
    the authority of the credential that asks for it.
    """
    identity = require_person(agent, "$.actor")
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise BadInput(
            f"A token works for {MIN_SECONDS} to {MAX_SECONDS} seconds.", path="$.seconds"
        )
    try:
        datatypes.require_iri(activity, "$.activity")
        if registration is not None:
            datatypes.require_uuid(registration, "$.registration")
    except StatementInvalid as error:
        raise BadInput(f"{error.path}: {error.reason}", path=error.path) from None
    require_storable(activity, "$.activity")
    number = uuid.UUID(registration) if registration else uuid.uuid4()
    launch = Launch(identity, activity, str(number), caller.key)
    authority = msgspec.json.decode(caller.authority).get("account", {}).get("name", caller.key)
    with deps.unit_of_work(caller.tenant_id) as connection:
        key, secret, ends_at = credentials.insert_launch_token(
            connection,
            deps.secrets,
            caller.tenant_id,
            _SCOPES,
            launch,
            authority,
            tolerant,
            seconds,
        )
        details = {"key": key, "activity": activity, "registration": launch.registration}
        audit.insert_audit_entry(
            connection, caller.tenant_id, caller.who, "made a launch token", details
        )
    return LaunchToken(key, secret, launch.registration, ends_at)


def remove_ended_tokens(deps: StoreDeps, tenant_id: int) -> int:
    """Remove tokens whose launches ended long ago; return how many."""
    with deps.unit_of_work(tenant_id) as connection:
        return credentials.delete_launch_tokens(connection, tenant_id, _KEPT_DAYS)


def require_statements(launch: Launch, payloads: Sequence[bytes]) -> None:
    """Forbidden unless every statement is of this launch."""
    for index, payload in enumerate(payloads):
        wrong = _find_stranger(launch, json_codec.decode(payload))
        if wrong:
            raise Forbidden(
                f"Statement {index}, {wrong} This token is for one launch; nothing of this request "
                "was stored.",
                index=index,
            )


def is_own(launch: Launch, value: dict[str, Any]) -> bool:
    """Whether a stored statement is of this launch."""
    return _find_stranger(launch, value) is None


def narrow_query(launch: Launch, query: StatementQuery) -> StatementQuery:
    """The query, for this person and registration; of what it finds, the caller may read what
    :func:`is_own` lets through.
    """
    if query.agent is not None:
        require_agent(launch, query.agent)
    registration = uuid.UUID(launch.registration)
    if query.registration not in (None, registration):
        raise Forbidden("This token is for one launch; it may not read of another registration.")
    return replace(query, agent=launch.agent, registration=registration)


def narrow_document(launch: Launch, place: DocumentKey) -> DocumentKey:
    """The place, which is of this person, activity and registration (Forbidden otherwise); a set of
    states is that of this registration alone.
    """
    if place.agent is not None:
        require_agent(launch, place.agent)
    if place.activity is not None and not _is_part(launch, place.activity):
        raise Forbidden("This token is for one launch; it may not come near another activity.")
    if place.registration is not None and str(place.registration) != launch.registration:
        raise Forbidden("This token is for one launch; it may not come near another registration.")
    if place.kind is STATE and place.document_id is None:
        return replace(place, registration=uuid.UUID(launch.registration))
    return place


def require_agent(launch: Launch, identity: str | None) -> None:
    """Forbidden unless this is who launched."""
    if identity != launch.agent:
        raise Forbidden("This token is for one launch; it may not come near another person.")


def _find_stranger(launch: Launch, value: dict[str, Any]) -> str | None:
    """The path of the first member that is of another launch, and what is wrong with it."""
    context = value.get("context", {})
    if value["actor"].get("objectType") == "Group" or identity_of(value["actor"]) != launch.agent:
        return "$.actor: is not who launched."
    if value["verb"]["id"] == VERBS[VerbName.VOIDED].id:
        return "$.verb: a launch voids nothing."
    if str(context.get("registration", "")).lower() != launch.registration:
        return f"$.context.registration: must be that of the launch, {launch.registration}."
    obj = value["object"]
    named = [activity["id"] for activity in iter_context_activities(context)]
    if obj.get("objectType", "Activity") == "Activity" and _is_part(launch, obj["id"]):
        return None
    if any(_is_part(launch, iri) for iri in named):
        return None
    return (
        f"$.object: is neither {launch.activity} nor a part of it, and its context names none of "
        "them."
    )


def _is_part(launch: Launch, iri: str) -> bool:
    return iri == launch.activity or iri.startswith(
        tuple(f"{launch.activity.rstrip('/')}{mark}" for mark in _SEPARATORS)
    )
