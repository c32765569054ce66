"""Look up what the record store knows about an agent or an activity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.database import UnitOfWork
from lrs.store import activity_definitions, statements
from lrs.xapi import json_codec
from lrs.xapi.actors import IFI_NAMES, find_identity_or_none, identity_of
from lrs.xapi.statement_query import StatementQuery

MAX_STATEMENTS_READ = (
    100  # the latest statements that name the agent, read to collect the names it uses
)


def activity_definition(
    unit_of_work: UnitOfWork, *, tenant_id: int, iri: str
) -> dict[str, Any] | None:
    """Return the merged definition of an activity."""
    with unit_of_work(tenant_id) as connection:
        return activity_definitions.find_activity_definition(connection, tenant_id, iri)


def person_object(
    unit_of_work: UnitOfWork, *, tenant_id: int, agent: dict[str, Any]
) -> dict[str, Any]:
    """Return a Person (xAPI-Communication 2.4): the identifier that was requested, and every
    name that statements give it.
    """
    identity = identity_of(agent)
    with unit_of_work(tenant_id) as connection:
        query = StatementQuery(agent=identity, related_agents=True, limit=MAX_STATEMENTS_READ)
        result = statements.query_statements(
            connection, tenant_id, query, None, MAX_STATEMENTS_READ
        )
    names = dict.fromkeys(
        name for item in result for name in _agent_names(json_codec.decode(item.payload), identity)
    )
    created: dict[str, Any] = {"objectType": "Person"}
    if names:
        created["name"] = list(names)
    created.update({name: [agent[name]] for name in IFI_NAMES if name in agent})
    return created


def _agent_names(value: Any, identity: str | None) -> Iterator[str]:
    """Yield the agent's names wherever it occurs in a statement (the caller never passes an
    anonymous group).
    """
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and find_identity_or_none(value) == identity:
            yield value["name"]
        for name, inner in value.items():
            if name != "extensions":
                yield from _agent_names(inner, identity)
    elif isinstance(value, list):
        for inner in value:
            yield from _agent_names(inner, identity)
