"""Send statements, as opaque bytes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from adapters import lrs_client
from adapters.lrs_client import RecordStore, StatementsRefused
from core.database import UnitOfWork
from core.http import GuardedClient, OutsideCallFailed
from lti_tool.jobs.waiting import wait_after
from lti_tool.store import outbox
from lti_tool.store.outbox import StatementRow

log = logging.getLogger(__name__)

BATCH = 100


def send(unit_of_work: UnitOfWork, tenant_id: int, store: RecordStore, client: GuardedClient) -> int:
    """Send what is due for one tenant; returns how many arrived. No transaction is open during
    HTTP calls."""
    arrived = 0
    while True:
        with unit_of_work(tenant_id) as connection:
            rows = outbox.lease_statements(connection, tenant_id, BATCH)
        if not rows:
            return arrived
        try:
            lrs_client.post(client, store, [row.payload for row in rows])
        except StatementsRefused:
            arrived += _one_by_one(unit_of_work, tenant_id, rows, lambda payload: lrs_client.post(client, store, [payload]))
            continue
        except OutsideCallFailed as error:
            log.warning("tenant %s: %s statements wait: %s", tenant_id, len(rows), error.message)
            with unit_of_work(tenant_id) as connection:
                outbox.statements_later(connection, tenant_id, [row.id for row in rows], wait_after(rows[0].tries))
            return arrived
        with unit_of_work(tenant_id) as connection:
            outbox.statements_arrived(connection, tenant_id, [row.id for row in rows])
        arrived += len(rows)


def _one_by_one(unit_of_work: UnitOfWork, tenant_id: int, rows: Sequence[StatementRow], post: Callable[[bytes], None]) -> int:
    """Retry a rejected batch statement by statement: only one that is rejected on its own is
    set aside."""
    arrived = 0
    for row in rows:
        try:
            post(row.payload)
        except StatementsRefused as error:
            log.error("tenant %s: the record store refused a statement for good: %s", tenant_id, error)
            with unit_of_work(tenant_id) as connection:
                outbox.refuse_statement(connection, tenant_id, row.id, str(error))
        except OutsideCallFailed:
            with unit_of_work(tenant_id) as connection:
                outbox.statements_later(connection, tenant_id, [row.id], wait_after(row.tries))
        else:
            with unit_of_work(tenant_id) as connection:
                outbox.statements_arrived(connection, tenant_id, [row.id])
            arrived += 1
    return arrived
