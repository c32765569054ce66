"""Discard expired data: logins without a launch, ended sessions, old journal entries."""

from __future__ import annotations

from datetime import timedelta

from core import clock
from lti_tool.lti.deps import ToolDeps
from lti_tool.store import joining, journal, people, platforms, uploads

LAUNCHES_KEPT = timedelta(days=30)
UPLOADS_KEPT = timedelta(days=1)


def tidy(deps: ToolDeps, tenant_id: int) -> None:
    """Discard the expired data of one tenant."""
    now = clock.now()
    with deps.unit_of_work(tenant_id) as connection:
        platforms.forget_logins(connection, tenant_id, now)
        people.forget_launches(connection, tenant_id, now)
        journal.forget_launches(connection, tenant_id, now - LAUNCHES_KEPT)
        uploads.forget(connection, tenant_id, now - UPLOADS_KEPT)
        journal.forget_admins(connection, tenant_id, now)
        joining.forget_codes(connection, tenant_id, now)
