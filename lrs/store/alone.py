"""One job at a time for one piece of work, without waiting: who comes second leaves it."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

COMPUTING, WATCHING, EXPORTING = 7_274_011, 7_274_012, 7_274_013  # arbitrary, and ours


def alone(connection: Connection, work: int, tenant_id: int, what: object) -> bool:
    """Whether nobody else does this work (a number of this file) on this thing of a tenant now; until the transaction ends."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(work, func.hashtext(f"{tenant_id} {what}")))).scalar())
