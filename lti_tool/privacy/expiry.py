"""Discard expired data: logins without a launch, ended sessions, old journal entries."""

from __future__ import annotations

from datetime import timedelta

from core import clock
from lti_tool.base import (
    form_drafts,
    form_drafts_store,
    journal_store,
    mail_links_store,
    platforms_store,
    sessions_store,
    uploads_store,
)
from lti_tool.base.deps import ToolDeps
from lti_tool.launch import visits
from lti_tool.people import identity_links_store

LAUNCH_RETENTION = timedelta(days=30)
UPLOAD_RETENTION = timedelta(days=1)


def discard_expired_data(deps: ToolDeps, tenant_id: int) -> None:
    """Discard the expired data of one tenant."""
    now = clock.now()
    with deps.unit_of_work(tenant_id) as connection:
        platforms_store.delete_expired_logins(connection, tenant_id, now)
        sessions_store.delete_expired_launches(
            connection, tenant_id, now - sessions_store.ENDED_SESSION_RETENTION
        )
        journal_store.prune_launch_log(connection, tenant_id, now - LAUNCH_RETENTION)
        form_drafts_store.delete_old_drafts(
            connection, tenant_id, now - form_drafts.DRAFT_RETENTION
        )
        uploads_store.delete_old_uploads(connection, tenant_id, now - UPLOAD_RETENTION)
        mail_links_store.delete_old_links(
            connection, tenant_id, now - timedelta(days=visits.MAX_LINK_AGE_DAYS)
        )
        journal_store.delete_expired_admins(connection, tenant_id, now)
        identity_links_store.delete_expired_codes(connection, tenant_id, now)
