"""Browse statements as an operator: newest first, including voided ones, with the profile
template violations found.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.database import UnitOfWork
from lrs.actions import agents
from lrs.actions import statements as actions
from lrs.store import statement_refs, statements
from lrs.store import template_violations as tags
from lrs.xapi import statement_query
from lrs.xapi.statement_query import StatementQuery
from lrs.xapi.statement_rendering import render_statement

ROWS_PER_PAGE, EXPORT_ROWS = 50, 500


@dataclass(frozen=True)
class StatementRow:
    """A statement and its ordinal."""

    ord: int
    payload: bytes


@dataclass(frozen=True)
class BrowsePage:
    """A page: statements, the ordinal where the next page begins (None after the last),
    template violations by ``ord``, which statements are voided, and by ``ord`` the ids of those
    that refer to them.
    """

    statements: list[StatementRow]
    after: int | None
    template_violations: dict[int, list[str]]
    voided: set[int]
    referring: dict[int, list[uuid.UUID]]


@dataclass(frozen=True)
class About:
    """Whom or what a filter names: an agent with its names, an activity with its definition."""

    agent: dict[str, Any] | None
    activity: dict[str, Any] | None


def browse_statements(
    unit_of_work: UnitOfWork, *, tenant_id: int, wanted: Mapping[str, str], after: int | None
) -> BrowsePage:
    """Return a page. ``wanted`` holds parameters of GET /statements; an agent may be given
    as an e-mail address, and ``statement`` names one by its id.
    """
    if "statement" in wanted:
        found = _find_statement(unit_of_work, tenant_id, wanted["statement"])
        following = None
    else:
        query = replace(_parse_filters(wanted), after=after)
        page = actions.statement_page(
            unit_of_work, tenant_id=tenant_id, query=query, voided_too=True
        )
        found = [
            StatementRow(item.ord, payload)
            for item, payload in zip(page.found, page.payloads, strict=True)
        ]
        following = page.following.after if page.following else None
    ords = [item.ord for item in found]
    with unit_of_work(tenant_id) as connection:
        breaks = tags.find_break_reasons(connection, tenant_id, ords)
        voided = statements.filter_voided_ords(connection, tenant_id, ords)
        referring = statement_refs.list_referring_ids(connection, tenant_id, ords)
    return BrowsePage(found, following, breaks, voided, referring)


def iter_filtered(
    unit_of_work: UnitOfWork, *, tenant_id: int, wanted: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield every statement that a filter lets through, voided ones too, the newest first; each
    page is read by itself, so that a long download holds nothing up.
    """
    following: StatementQuery | None = replace(_parse_filters(wanted), limit=EXPORT_ROWS)
    while following is not None:
        page = actions.statement_page(
            unit_of_work, tenant_id=tenant_id, query=following, voided_too=True
        )
        yield from page.payloads
        following = page.following


def describe_filter(
    unit_of_work: UnitOfWork, *, tenant_id: int, wanted: Mapping[str, str]
) -> About:
    """Say whom and what a filter names, as far as the store knows it."""
    person = activity = None
    if "agent" in wanted:
        agent = statement_query.parse_agent(_as_agent(wanted["agent"]))
        person = agents.person_object(unit_of_work, tenant_id=tenant_id, agent=agent)
    if "activity" in wanted:
        definition = agents.activity_definition(
            unit_of_work, tenant_id=tenant_id, iri=wanted["activity"]
        )
        activity = {"id": wanted["activity"], **(definition or {})}
    return About(person, activity)


def _find_statement(unit_of_work: UnitOfWork, tenant_id: int, text: str) -> list[StatementRow]:
    wanted = statement_query.parse_statement_id(text, "statement")
    with unit_of_work(tenant_id) as connection:
        found = statements.find_statements_by_id(connection, tenant_id, [wanted])
    return [
        StatementRow(item.ord, render_statement(item.payload, item.ord, item.timestamp_given))
        for item in found.values()
    ]


def _parse_filters(wanted: Mapping[str, str]) -> StatementQuery:
    filters = dict(wanted)
    if "agent" in filters:
        filters["agent"] = _as_agent(filters["agent"])
    return statement_query.parse_statement_query(
        {
            "limit": str(ROWS_PER_PAGE),
            "related_agents": "true",
            "related_activities": "true",
            **filters,
        }
    )


def _as_agent(text: str) -> str:
    """An agent as JSON; what is none is an e-mail address."""
    if text.lstrip().startswith("{"):
        return text
    address = text.removeprefix("mailto:")
    return f'{{"mbox":"mailto:{address}"}}' if '"' not in address and "\\" not in address else "{}"
