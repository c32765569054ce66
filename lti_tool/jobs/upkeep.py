"""Discard expired data: logins without a launch, ended sessions, old journal entries."""

from __future__ import annotations

from datetime import timedelta

from core import clock
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import joining, journal, people, platforms, uploads

LAUNCH_RETENTION = timedelta(days=30)
UPLOAD_RETENTION = timedelta(days=1)


def discard_expired_data(deps: ToolDeps, tenant_id: int) -> None:
    """Discard the expired data of one tenant."""
    now = clock.now()
    with deps.unit_of_work(tenant_id) as connection:
        platforms.delete_expired_logins(connection, tenant_id, now)
        people.delete_expired_launches(connection, tenant_id, now)
        journal.prune_launch_log(connection, tenant_id, now - LAUNCH_RETENTION)
        uploads.delete_old_uploads(connection, tenant_id, now - UPLOAD_RETENTION)
        journal.delete_expired_admins(connection, tenant_id, now)
        joining.delete_expired_codes(connection, tenant_id, now)
