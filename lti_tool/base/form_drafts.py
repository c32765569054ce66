"""Drafts of forms: what somebody typed is kept until it is sent, so that neither a reload nor a
session that ended nor another device loses it. Answers of a check are never kept.

A form that is kept names itself in its field ``draft``: its kind and what it is about, such as
``plan/phishing-response``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.database import UnitOfWork
from core.errors import BadInput, TooLarge
from lti_tool.base import form_drafts_store
from lti_tool.base.form_drafts_store import FormDraft
from lti_tool.base.forms import clean_text

FORM_FIELD = "draft"
DRAFT_RETENTION = timedelta(days=30)
MAX_DRAFT_CHARS = 60_000  # all fields of one form: the largest, a rubric, takes half of it
_FORM_NAME = re.compile(r"[a-z][a-z-]{0,30}(/[\w.-]{1,100}){0,2}", re.ASCII)
# Fields that say nothing of what was typed.
_UNKEPT_FIELDS = frozenset((FORM_FIELD, "form_token", "form_id", "act", "kind", "following"))


def keep_draft(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    person_id: uuid.UUID,
    form: str,
    fields: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep what somebody typed; a form that is empty again is forgotten. Raise BadInput for a name
    of no form, TooLarge for more than a form holds.
    """
    if not _FORM_NAME.fullmatch(form):
        raise BadInput("The form is not complete; open the page again.")
    typed = {
        name: clean_text(value) for name, value in fields.items() if name not in _UNKEPT_FIELDS
    }
    if sum(len(name) + len(value) for name, value in typed.items()) > MAX_DRAFT_CHARS:
        raise TooLarge("This is longer than the form takes, and is not kept. Shorten it.")
    with unit_of_work(tenant_id) as connection:
        if any(typed.values()):
            form_drafts_store.save_draft(connection, tenant_id, person_id, form, typed, now)
        else:
            form_drafts_store.delete_draft(connection, tenant_id, person_id, form)


def forget_draft(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID, form: str
) -> None:
    """Forget the draft of a form: it was sent."""
    with unit_of_work(tenant_id) as connection:
        form_drafts_store.delete_draft(connection, tenant_id, person_id, form)


def list_drafts(
    unit_of_work: UnitOfWork, *, tenant_id: int, person_id: uuid.UUID
) -> dict[str, FormDraft]:
    """Form → what this person typed into it and did not send yet."""
    with unit_of_work(tenant_id) as connection:
        return form_drafts_store.list_drafts(connection, tenant_id, person_id)
