"""Browse statements as an operator: newest first, including voided ones, with the profile
template violations found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.database import UnitOfWork
from lrs.actions import statements as actions
from lrs.store import statements
from lrs.store import template_violations as tags
from lrs.xapi import statement_query

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class StatementRow:
    """A statement and its ordinal."""

    ord: int
    payload: bytes


@dataclass(frozen=True)
class BrowsePage:
    """A page: statements, the ordinal where the next page begins (None after the last),
    template violations by ``ord``, and which statements are voided.
    """

    statements: list[StatementRow]
    after: int | None
    template_violations: dict[int, list[str]]
    voided: set[int]


def browse_statements(
    unit_of_work: UnitOfWork, *, tenant_id: int, wanted: Mapping[str, str], after: int | None
) -> BrowsePage:
    """Return a page. ``wanted`` holds parameters of GET /statements; an agent may be given
    as an e-mail address.
    """
    filters = dict(wanted)
    if "agent" in filters and not filters["agent"].lstrip().startswith("{"):
        address = filters["agent"].removeprefix("mailto:")
        filters["agent"] = (
            f'{{"mbox":"mailto:{address}"}}' if '"' not in address and "\\" not in address else "{}"
        )
    query = replace(
        statement_query.parse_statement_query(
            {
                "limit": str(ROWS_PER_PAGE),
                "related_agents": "true",
                "related_activities": "true",
                **filters,
            }
        ),
        after=after,
    )
    result = actions.statement_page(unit_of_work, tenant_id=tenant_id, query=query, voided_too=True)
    ords = [item.ord for item in result.found]
    with unit_of_work(tenant_id) as connection:
        breaks = tags.find_break_reasons(connection, tenant_id, ords)
        voided = statements.filter_voided_ords(connection, tenant_id, ords)
    rows = [
        StatementRow(ord_, payload) for ord_, payload in zip(ords, result.payloads, strict=True)
    ]
    return BrowsePage(rows, result.following.after if result.following else None, breaks, voided)
