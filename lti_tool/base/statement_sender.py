"""Send statements, as opaque bytes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from adapters import lrs_client
from adapters.lrs_client import RecordStore, StatementsRefused
from core.database import UnitOfWork
from core.http_client import GuardedClient, OutsideCallFailed
from lti_tool.base import statement_outbox_store
from lti_tool.base.backoff import backoff_delay
from lti_tool.base.statement_outbox_store import LeasedStatement

log = logging.getLogger(__name__)

BATCH_SIZE = 100


def send_due_statements(
    unit_of_work: UnitOfWork, tenant_id: int, store: RecordStore, client: GuardedClient
) -> int:
    """Send what is due for one tenant; returns how many arrived. No transaction is open during
    HTTP calls."""
    arrived = 0
    while True:
        with unit_of_work(tenant_id) as connection:
            rows = statement_outbox_store.lease_statements(connection, tenant_id, BATCH_SIZE)
        if not rows:
            return arrived
        try:
            lrs_client.post_statements(client, store, [row.payload for row in rows])
        except StatementsRefused:
            arrived += _send_one_by_one(
                unit_of_work,
                tenant_id,
                rows,
                lambda payload: lrs_client.post_statements(client, store, [payload]),
            )
            continue
        except OutsideCallFailed as error:
            log.warning("tenant %s: %s statements wait: %s", tenant_id, len(rows), error.message)
            with unit_of_work(tenant_id) as connection:
                statement_outbox_store.reschedule_statements(
                    connection, tenant_id, [row.id for row in rows], backoff_delay(rows[0].tries)
                )
            return arrived
        with unit_of_work(tenant_id) as connection:
            statement_outbox_store.delete_sent_statements(
                connection, tenant_id, [row.id for row in rows]
            )
        arrived += len(rows)


def _send_one_by_one(
    unit_of_work: UnitOfWork,
    tenant_id: int,
    rows: Sequence[LeasedStatement],
    post: Callable[[bytes], None],
) -> int:
    """Retry a rejected batch statement by statement: only one that is rejected on its own is
    set aside."""
    arrived = 0
    for row in rows:
        try:
            post(row.payload)
        except StatementsRefused as error:
            log.error(
                "tenant %s: the record store refused a statement for good: %s", tenant_id, error
            )
            with unit_of_work(tenant_id) as connection:
                statement_outbox_store.mark_statement_refused(
                    connection, tenant_id, row.id, str(error)
                )
        except OutsideCallFailed:
            with unit_of_work(tenant_id) as connection:
                statement_outbox_store.reschedule_statements(
                    connection, tenant_id, [row.id], backoff_delay(row.tries)
                )
        else:
            with unit_of_work(tenant_id) as connection:
                statement_outbox_store.delete_sent_statements(connection, tenant_id, [row.id])
            arrived += 1
    return arrived
