"""Advisory locks: one job at a time per piece of work. A second job does not wait; it skips the
work."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

COMPUTE_LOCK, MONITORING_LOCK, EXPORT_LOCK, COLD_LOCK, PUBLISHING_LOCK = (
    7_274_011,
    7_274_012,
    7_274_013,
    7_274_015,
    7_274_016,
)  # arbitrary numbers of our own


# Held while files of old statements are written; a backup holds it, shared, while it copies them.
COLD_FILES = "files"


def try_advisory_lock(connection: Connection, work: int, tenant_id: int, what: object) -> bool:
    """Try to take the lock ``work`` (a number of this file) on one object of a tenant; held
    until the transaction ends."""
    return bool(
        connection.execute(
            select(func.pg_try_advisory_xact_lock(work, func.hashtext(f"{tenant_id} {what}")))
        ).scalar()
    )
