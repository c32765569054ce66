"""Keep statements of a version before by the mailbox as it is compared: in small transactions,
while others read and write.
"""

from __future__ import annotations

import logging

from core import clock
from lrs.actions.deps import StoreDeps
from lrs.store import agent_rekeying, statements

log = logging.getLogger(__name__)

REKEYING_BATCH_ROWS = 2_000  # looked at in one transaction


def rekey_agents(deps: StoreDeps, tenant_id: int) -> int:
    """Go on where the last run ended, up to the high-water mark; return how many statements name
    a mailbox that is spelled otherwise. A tenant is done with once servers of the version before
    can write no more.
    """
    changed = 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            position = agent_rekeying.lock_position(connection, tenant_id)
            if position is None:
                return changed
            after, until = position
            up_to = statements.high_water_mark(connection)
            last, new = agent_rekeying.rekey_statements(
                connection, tenant_id, after, up_to, REKEYING_BATCH_ROWS
            )
            changed += new
            reached = statements.ord_at(up_to) - 1 if last is None else last
            agent_rekeying.save_position(connection, tenant_id, max(after, reached))
            if last is None and clock.now() >= until and up_to >= until:
                agent_rekeying.end_rekeying(connection, tenant_id)
        if new:
            deps.notify_stored()
        if last is None:
            if changed:
                log.info("tenant %s: %s statements are kept by new keys", tenant_id, changed)
            return changed
