"""The days and hours that people chose for being reminded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.programmes.working_time import ReminderHours
from lti_tool.tables.nudges import reminder_times


def hours_by_person(
    connection: Connection, tenant_id: int, person_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, ReminderHours]:
    """Person id → chosen hours; people who chose none are left out."""
    r = reminder_times.c
    query = select(r.person_id, r.weekdays, r.begins, r.ends).where(
        r.tenant_id == tenant_id, r.person_id.in_(person_ids)
    )
    return {
        row.person_id: ReminderHours(frozenset(row.weekdays), row.begins, row.ends)
        for row in connection.execute(query)
    }


def upsert_hours(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, hours: ReminderHours
) -> None:
    """Store what somebody chose."""
    values = {
        "weekdays": sorted(hours.weekdays),
        "begins": hours.begins,
        "ends": hours.ends,
    }
    row = upsert(reminder_times).values(tenant_id=tenant_id, person_id=person_id, **values)
    connection.execute(
        row.on_conflict_do_update(index_elements=["tenant_id", "person_id"], set_=values)
    )


def delete_hours(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> None:
    """Forget what somebody chose."""
    r = reminder_times.c
    connection.execute(
        delete(reminder_times).where(r.tenant_id == tenant_id, r.person_id == person_id)
    )
