"""An uploaded file between the preview of what it would do and the confirmation to do it."""

from __future__ import annotations

import uuid

from core.database import UnitOfWork
from core.errors import BadInput
from lti_tool.base import uploads_store

PEOPLE, CERTIFICATIONS, QUESTIONS, PROGRAMME, READINGS = (
    "people",
    "certifications",
    "questions",
    "programme",
    "readings",
)
LONGEST_NAME = 200


def store_upload(
    unit_of_work: UnitOfWork, *, tenant_id: int, purpose: str, name: str, content: bytes
) -> uuid.UUID:
    """Store an upload for a day; return its id."""
    if not content:
        raise BadInput("Choose a file first; this one is empty.", field="file")
    with unit_of_work(tenant_id) as connection:
        return uploads_store.insert_upload(
            connection, tenant_id, purpose, name.replace("\0", "")[-LONGEST_NAME:], content
        )


def load_upload(
    unit_of_work: UnitOfWork, *, tenant_id: int, purpose: str, text: str
) -> tuple[str, bytes]:
    """Return (name, content) of a stored upload; raise BadInput if it has expired."""
    try:
        upload_id = uuid.UUID(text)
    except ValueError:
        raise BadInput("The form is not complete; choose the file again.", field="file") from None
    with unit_of_work(tenant_id) as connection:
        result = uploads_store.find_upload(connection, tenant_id, purpose, upload_id)
    if result is None:
        raise BadInput("The file was kept for a day and is gone; choose it again.", field="file")
    return result


def discard_upload(unit_of_work: UnitOfWork, *, tenant_id: int, text: str) -> None:
    """Delete an upload after it was imported."""
    with unit_of_work(tenant_id) as connection:
        uploads_store.delete_upload(connection, tenant_id, uuid.UUID(text))
