"""What the training left open, as its author reads it."""

from __future__ import annotations

from core.database import UnitOfWork
from lti_tool.checks import item_remarks_store
from lti_tool.checks.content_gaps import ContentGap
from lti_tool.programmes.authoring import _ensure_draft
from lti_tool.transfer import transfer_store


def list_content_gaps(unit_of_work: UnitOfWork, *, tenant_id: int, key: str) -> list[ContentGap]:
    """List what reviewers said the training left open, and learners' remarks on its
    questions, most recent first. It points at the content and names nobody.
    """
    with unit_of_work(tenant_id) as connection:
        _ensure_draft(connection, tenant_id, key)
        gaps = [
            *transfer_store.list_content_gaps(connection, tenant_id, key),
            *item_remarks_store.list_programme_remarks(connection, tenant_id, key),
        ]
    return sorted(gaps, key=lambda item: item.at, reverse=True)
