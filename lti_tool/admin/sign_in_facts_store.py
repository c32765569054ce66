"""The time zones by which the programmes of a tenant go."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import distinct_on

from lti_tool.tables.programmes import programme_version

MAX_PROGRAMMES = 500


def list_time_zones(connection: Connection, tenant_id: int) -> list[str]:
    """The zones in the newest versions of the programmes, each once."""
    p = programme_version.c
    query = (
        select(p.document["calendar"]["time_zone"].astext)
        .ext(distinct_on(p.key))
        .where(p.tenant_id == tenant_id)
        .order_by(p.key, p.version.desc())
        .limit(MAX_PROGRAMMES)
    )
    return sorted({zone or "UTC" for zone in connection.execute(query).scalars()})
