"""Poll the record store for open alarms, and queue their delivery."""

from __future__ import annotations

from adapters import lrs_client
from core import clock
from lti_tool.base.deps import ToolDeps
from lti_tool.base.statement_target import open_record_store
from lti_tool.nudges import alarm_delivery


def poll_tenant_alarms(deps: ToolDeps, tenant_id: int) -> int:
    """Poll for one tenant; returns how many mails and posts were queued. OutsideCallFailed if
    the record store does not answer: the next run polls again."""
    client, store, _ = open_record_store(deps, tenant_id)
    result = lrs_client.fetch_open_alarms(client, store)
    return alarm_delivery.queue_alarms(
        deps.unit_of_work,
        tenant_id=tenant_id,
        alarms=result,
        base_url=deps.settings.base_url,
        now=clock.now(),
    )
