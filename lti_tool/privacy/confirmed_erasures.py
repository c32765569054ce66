"""Carries out the erasures that were confirmed: in the tool, then in the record store, each in its
own transactions. What is interrupted goes on with the next run.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from adapters import lrs_client
from core import clock
from core.errors import BadInput, Conflict
from core.http_client import OutsideCallFailed
from core.messages import lazy_gettext
from lti_tool.base import journal_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.statement_target import open_record_store
from lti_tool.privacy import erasure_store, person_erasure, trial_letters
from lti_tool.privacy.erasure_store import ErasureRequest

log = logging.getLogger(__name__)

# A statement in flight when its outbox was emptied has arrived after this time, or never will:
# longer than one call of the sender may take.
IN_FLIGHT_TIME = timedelta(seconds=40)
_OTHER_STORE = lazy_gettext(
    "Removed here. The record store is another product: whoever runs it has to erase there."
)


def carry_out_erasures(deps: ToolDeps, tenant_id: int) -> None:
    """Carry out the confirmed erasures of one tenant; keep why one could not be."""
    with deps.unit_of_work(tenant_id) as connection:
        requests = erasure_store.list_confirmed_erasures(connection, tenant_id)
    for request in requests:
        try:
            problem = _carry_out(deps, tenant_id, request)
        except (OutsideCallFailed, BadInput, Conflict) as error:
            log.warning("tenant %s: an erasure waits: %s", tenant_id, error.message)
            problem = str(error.message)
        with deps.unit_of_work(tenant_id) as connection:
            erasure_store.save_problem(connection, tenant_id, request.id, problem)


def _carry_out(deps: ToolDeps, tenant_id: int, request: ErasureRequest) -> str:
    """Go on with one erasure; return why it is not over, empty if it is or if it only waits."""
    assert request.person_id is not None, "an erasure that is not over names its person"
    now = clock.now()
    with deps.unit_of_work(tenant_id) as connection:
        ours = person_erasure.erase_from_tool(
            connection, tenant_id, request, request.person_id, now
        )
    trial_letters.delete_letters(deps.settings.mail_url, ours.email, ours.name)
    removed_at = request.tool_done_at
    if ours.in_flight or (removed_at is not None and now - removed_at < IN_FLIGHT_TIME):
        return ""
    client, store, is_ours = open_record_store(deps, tenant_id)
    if not is_ours:
        return str(_OTHER_STORE)
    for agent in (*lrs_client.fetch_aliases(client, store, ours.agent), ours.agent):
        lrs_client.erase_agent(client, store, agent)
    with deps.unit_of_work(tenant_id) as connection:
        # read again: whoever confirmed it may be who was erased
        known = erasure_store.find_open_erasure(connection, tenant_id, request.person_id)
        who = known.confirmed_by if known and known.confirmed_by else ""
        erasure_store.mark_erasure_done(connection, tenant_id, request.id, now)
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "erased a person", dict(ours.removed)
        )
    return ""
