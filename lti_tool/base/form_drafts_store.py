"""What people typed into a form and did not send yet, one row a person and form."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.visits import form_draft

MAX_DRAFTS = 50  # of one person; the oldest leave


@dataclass(frozen=True)
class FormDraft:
    """What was typed, by the names of the form's fields."""

    fields: Mapping[str, str]
    saved_at: datetime


def save_draft(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    form: str,
    fields: Mapping[str, str],
    at: datetime,
) -> None:
    """Keep what this person typed into a form; what was kept of it before is replaced."""
    d = form_draft.c
    values = {"fields": dict(fields), "saved_at": at}
    connection.execute(
        upsert(form_draft)
        .values(tenant_id=tenant_id, person_id=person_id, form=form, **values)
        .on_conflict_do_update(index_elements=[d.tenant_id, d.person_id, d.form], set_=values)
    )
    own = (d.tenant_id == tenant_id) & (d.person_id == person_id)
    newest = select(d.form).where(own).order_by(d.saved_at.desc()).limit(MAX_DRAFTS)
    connection.execute(delete(form_draft).where(own, d.form.not_in(newest)))


def list_drafts(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> dict[str, FormDraft]:
    """Form → what this person typed into it and did not send yet."""
    d = form_draft.c
    rows = connection.execute(
        select(d.form, d.fields, d.saved_at).where(
            d.tenant_id == tenant_id, d.person_id == person_id
        )
    )
    return {row.form: FormDraft(row.fields, row.saved_at) for row in rows}


def delete_draft(connection: Connection, tenant_id: int, person_id: uuid.UUID, form: str) -> None:
    """Forget what was typed into a form."""
    d = form_draft.c
    connection.execute(
        delete(form_draft).where(d.tenant_id == tenant_id, d.person_id == person_id, d.form == form)
    )


def delete_old_drafts(connection: Connection, tenant_id: int, before: datetime) -> int:
    """Delete drafts that were last changed before this time; returns how many."""
    return connection.execute(
        delete(form_draft).where(
            form_draft.c.tenant_id == tenant_id, form_draft.c.saved_at < before
        )
    ).rowcount
